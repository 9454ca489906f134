"""Decide what is found by words, for whoever asks: newest first or best first, with where it was found (SR…).

The index finds what holds all the words; that words stand together as they were asked for is seen from the texts themselves. What the
reader may not read is not looked at: readers are words of the index too, and are asked again of each hit.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from sqlite3 import Connection
from typing import NamedTuple

import msgspec

from schemas import label_of
from sync.errors import BadRequest
from sync.ledger.apply_words import day_number, sequence_of
from sync.ledger.queries import Reader
from sync.ledger.words import Texts, fold, folded, is_word, mark, pieces, runs

QUERY_CHARACTERS_MAX = 200
LOOKED_AT_MAX = 2_000
"""Documents that hold all the words and are looked at for one page; then the page ends, and goes on from there."""
BEST_OF = 500
"""Best first is among so many of the newest hits."""
BEFORE, AFTER = 24, 60

_texts = msgspec.json.Decoder(Texts).decode
_NAMES = ("name", "title", "matter")
_PERSONAL = ("household:", "resident:")


class Asked(NamedTuple):
    """`phrases`: folded; each must stand somewhere as it is. `first`, `last`: local days, both inclusive; "" leaves one open."""

    phrases: tuple[str, ...]
    of: str | None = None
    branch: str | None = None
    first: str = ""
    last: str = ""


class Hit(msgspec.Struct, frozen=True):
    """`path` is where it was found, `zh` and `en` what that is called; `marks`: from where to where in the snippet what was asked for
    stands; `also`: further paths. `activity`: that of a record, `standing`: whether it counts, or why not, "" for what is no record;
    `person`: it is about a household or a resident."""

    id: str
    type: str
    branch: str
    day: str
    name: str
    path: str
    zh: str
    en: str
    snippet: str
    marks: list[tuple[int, int]]
    also: list[str]
    activity: str | None
    standing: str
    person: bool


class Found(NamedTuple):
    """`place`: where to go on; None at the end."""

    hits: list[Hit]
    place: int | None


def phrases_of(query: str) -> tuple[str, ...]:
    """What is between spaces is one phrase, and what is between quotes. Raises BadRequest for nothing that can be looked for."""
    if len(query) > QUERY_CHARACTERS_MAX:
        raise BadRequest(
            f"查询最多 {QUERY_CHARACTERS_MAX} 字 / At most {QUERY_CHARACTERS_MAX} characters.", code="bad_query"
        )
    told = folded(query).replace("“", '"').replace("”", '"')
    parts = (quoted.strip() or plain for quoted, plain in re.findall(r'"([^"]*)"|([^\s"]+)', told))
    found = tuple(dict.fromkeys(part for part in parts if runs(part)))
    if not found:
        raise BadRequest("请输入要查的文字 / Say what to look for: letters, digits or characters.", code="bad_query")
    return found


def newest(sql: Connection, reader: Reader, asked: Asked, before: int | None, limit: int) -> Found:
    """The newest days first; `before` is the place of the last page."""
    hits: list[Hit] = []
    at = None
    for looked, (place, hit) in enumerate(_hits(sql, reader, asked, before), 1):
        at = place
        if hit is not None:
            hits.append(hit)
        if len(hits) == limit or looked == LOOKED_AT_MAX:
            return Found(hits, at)
    return Found(hits, None)


def best(sql: Connection, reader: Reader, asked: Asked) -> list[Hit]:
    """What bears it in its name first, then what holds it in most places; of equal ones the newest."""
    found = newest(sql, reader, asked, None, BEST_OF).hits
    return sorted(found, key=lambda hit: (hit.path not in _NAMES, -len(hit.also), -len(hit.marks)))


def _hits(sql: Connection, reader: Reader, asked: Asked, before: int | None) -> Iterator[tuple[int, Hit | None]]:
    """Each document that holds the words, with a hit when it holds the phrases too."""
    least = day_number(asked.first) << 32 if asked.first else 0
    most = (day_number(asked.last) + 1 << 32) - 1 if asked.last else 1 << 62
    most = most if before is None else min(most, before - 1)
    places = sql.execute(
        "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC",
        [_expression(reader, asked), least, most],
    )
    held = [] if reader is None else [json.dumps(sorted(reader))]
    seen = (
        " AND EXISTS (SELECT 1 FROM reader p WHERE p.audience=t.audience AND p.principal IN (SELECT value FROM json_each(?)))"
        if held
        else ""
    )
    for (place,) in places:
        row = sql.execute(
            "SELECT t.id, t.of, t.branch, t.day, t.texts, coalesce(r.subject, t.id), s.name, a.id, coalesce(r.standing, '') FROM told t"
            " LEFT JOIN record r ON r.id=t.id LEFT JOIN subject s ON s.id=coalesce(nullif(r.subject, ''), t.id)"
            " LEFT JOIN activity a ON a.anchor=r.anchor WHERE t.seq=?" + seen,
            [sequence_of(place), *held],
        ).fetchone()
        if row is None:
            continue
        doc, of, branch, day, texts, subject, name, activity, standing = row
        told = _where(_texts(texts), asked.phrases)
        if told is None:
            yield place, None
            continue
        path, snippet, marks, also = told
        person = str(subject).startswith(_PERSONAL)
        called = (name or "", path, *label_of(of, path))
        yield place, Hit(doc, of, branch, day, *called, snippet, marks, also, activity, standing, person)


def _expression(reader: Reader, asked: Asked) -> str:
    """For FTS5: every word between quotes, so that nothing in it means anything there."""
    words = [word for phrase in asked.phrases for run in runs(phrase) for word in _asked_words(run)]
    words += [_quoted(mark("t", asked.of))] if asked.of is not None else []
    words += [_quoted(mark("b", asked.branch))] if asked.branch is not None else []
    if reader is not None:
        words.append("(" + " OR ".join(_quoted(mark("r", one)) for one in sorted(reader)) + ")" if reader else '"=r:"')
    return " AND ".join(dict.fromkeys(words))


def _asked_words(run: str) -> list[str]:
    """The last character of a run by itself says nothing that the pair before it does not; one alone begins a pair or ends a run."""
    if is_word(run):
        return [_quoted(run)]
    return [_quoted(word) for word in pieces(run)[:-1]] or [_quoted(run) + " *"]


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _where(texts: Texts, phrases: Sequence[str]) -> tuple[str, str, list[tuple[int, int]], list[str]] | None:
    """(path, snippet, marks, further paths); None unless every phrase stands somewhere. Names come before other texts."""
    found: dict[str, list[tuple[int, int]]] = {}
    shown: dict[str, str] = {}
    missing = set(phrases)
    for path, text in texts:
        plain, origin = _mapped(text)
        spots = []
        for phrase in phrases:
            at = plain.find(phrase)
            if at >= 0:
                missing.discard(phrase)
                spots.append((origin[at], origin[at + len(phrase) - 1] + 1))
        if spots and path not in found:
            found[path], shown[path] = spots, text
    if missing:
        return None
    first = min(found, key=lambda path: (path not in _NAMES, -len(found[path]), path))
    snippet, marks = _snippet(shown[first], found[first])
    return first, snippet, marks, sorted(found.keys() - {first})


def _mapped(text: str) -> tuple[str, list[int]]:
    """The folded text, and where in the text each of its characters comes from."""
    plain: list[str] = []
    origin: list[int] = []
    for at, character in enumerate(text):
        told = fold(character)
        if told == " " and plain and plain[-1] == " ":
            continue
        plain += told
        origin += [at] * len(told)
    return "".join(plain), origin


def _snippet(text: str, spots: Sequence[tuple[int, int]]) -> tuple[str, list[tuple[int, int]]]:
    """The text around the first spot, with all spots that lie in it."""
    spots = sorted(spots)
    start = max(0, spots[0][0] - BEFORE)
    end = min(len(text), max(spots[0][1], start + BEFORE + AFTER))
    head, tail = "…" if start else "", "…" if end < len(text) else ""
    shift = len(head) - start
    inside = spots[: bisect_left(spots, (end, 0))]
    marks = [(first + shift, last + shift) for first, last in inside if last <= end]
    return f"{head}{text[start:end]}{tail}", marks
