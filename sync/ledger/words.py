"""Decide how a text is cut into the words by which it is found (SR…). Pure.

Chinese is written without spaces, and SQLite's own tokenizers find no word of two characters in it. So a run of Chinese (or of any other
script than Latin) is cut into all pairs of neighbours, with its last character by itself, so that one character is the beginning of
something wherever it stands. Runs of Latin letters and digits are words as they are.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from schemas import TYPES, Field
from schemas.fields import placed

SEARCHED = ("visit", "service", "survey", "event", "subject", "case", "activity")
"""Types whose texts are found. What is known of a person beside the subject is not among them."""

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_LATIN = "0-9a-z\u00df-\u024f"
_RUN = re.compile(f"[{_HAN}]+|(?:(?![{_HAN}])[^\\W_])+")
_FOLDED_RUN = re.compile(f"[{_HAN}]+|[{_LATIN}]+|(?:(?![{_HAN}{_LATIN}])[^\\W_])+")
_JOIN = str.__add__

Texts = list[tuple[str, str]]
"""(path, text) of everything in a document that is found."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Texts).decode


def texts_in(body: Mapping[str, Any]) -> bytes:
    """The texts by which a document is found, as they are kept; nothing where it has none."""
    found = texts_of(body)
    return _encode(found) if found else b""


def words_under(of: str, branch: str, readers: Iterable[str], texts: bytes) -> list[str]:
    """Everything under which a document is found: its type, branch, readers and the words of its texts, as often as they stand there."""
    found = [mark("t", of), mark("b", branch), *(mark("r", one) for one in readers)]
    for _, text in _decode(texts):
        found += words_of(text)
    return found


def mark(name: str, value: str) -> str:
    """The word of the index that stands for a branch (`b`), a type (`t`) or a reader (`r`); no text holds such a word."""
    return f"={name}:{value}"


def words_of(text: str) -> list[str]:
    """Everything under which a text is found, as often as it stands there."""
    found: list[str] = []
    for run in _RUN.findall(text):
        first = run[0]
        if "\u3400" <= first <= "\u9fff":
            found += map(_JOIN, run, run[1:])
            found.append(run[-1])
        elif run.isascii():
            found.append(run.lower())
        else:
            for one in _FOLDED_RUN.findall(folded(run)):
                found += pieces(one)
    return found


def pieces(run: str) -> list[str]:
    """The words of one run of folded letters; of a single character that character."""
    return [run] if is_word(run) else [*map(_JOIN, run, run[1:]), run[-1]]


def is_word(run: str) -> bool:
    """Whether a run is a word as it is: Latin letters and digits."""
    return run[0] < "\u0250"


def runs(text: str) -> list[str]:
    """The runs in a folded text."""
    return _FOLDED_RUN.findall(text)


@lru_cache(maxsize=65536)
def fold(character: str) -> str:
    """Half-width, without case; every kind of space is one."""
    told = unicodedata.normalize("NFKC", character).casefold()
    return " " if told.isspace() else told


def folded(text: str) -> str:
    """A text as it is compared: half-width, without case, spaces as one."""
    return re.sub(" +", " ", "".join(map(fold, text)))


def texts_of(body: Mapping[str, Any]) -> Texts:
    """The texts of a document, in the order of its paths; never raises."""
    of, fields = body.get("type"), body.get("fields")
    if of.__class__ is not str or of not in _PATHS or fields.__class__ is not dict:
        return []
    single, items = _PATHS[of]
    found: Texts = []
    for path, value in fields.items():
        if value.__class__ is str:
            if path in single or ("/" in path and _is_part(items, path)):
                found.append((path, value))
        elif value.__class__ is list and path in single:
            found += [(path, one) for one in value if one.__class__ is str]
    found.sort()
    return found


def _is_part(items: Mapping[str, Mapping[str, Field]], path: str) -> bool:
    head, _, rest = path.partition("/")
    return head in items and rest.partition("/")[2] in items[head]


_PATHS = {name: placed(one for one in TYPES[name].fields if one.kind.name in ("text", "lines")) for name in SEARCHED}
