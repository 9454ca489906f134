"""Decide which subjects are likely the same, because two tablets each made one of a household or an enterprise (LS…). Pure.

A subject is compared only with those that share a key with it, so what that costs does not grow with how many there are.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from schemas.canonical import NotCanonical
from schemas.vocabulary import SUBJECT_KINDS
from sync.reconcile.explain import removed
from sync.reconcile.places import Place, accuracy, distance, place_of

LIKELY: Final = 60
"""From this score on two subjects are suggested to be one."""
KEY_CROWD: Final = 20
"""A key that more subjects share than this tells nothing: many people are called the same."""
NEAR_METRES: Final = 100
FAR_METRES: Final = 1000

SCORES: Final = {
    "same_code": 100,
    "same_name": 50,
    "same_core": 40,
    "registered_name": 10,
    "same_address": 30,
    "same_phone": 30,
    "near": 20,
    "far": -40,
}
WORDS: Final = {
    "same_code": ("统一社会信用代码相同", "the same credit code"),
    "same_name": ("名称相同", "the same name"),
    "same_core": ("名称相近", "the same name but for its form"),
    "registered_name": ("单位全称相同", "a registered name, which only one bears"),
    "same_address": ("地址相同", "the same address"),
    "same_phone": ("电话相同", "the same telephone"),
    "near": ("位置相近", "near each other"),
    "far": ("位置相距较远", "far apart"),
}
_REGISTERED = frozenset({"enterprise", "project"})

_DIGIT = {one: at for at, one in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TIMES = {"十": 10, "百": 100, "千": 1000}
_COUNTED = re.compile(r"第?([零〇一二两三四五六七八九十百千]+)(?=号|组|栋|幢|座|楼|单元|层|室|户|队|巷|弄|房)")
_PHONE = re.compile(r"(?<!\d)(?:1\d{10}|0\d{9,11}|\d{7,8})(?!\d)")
_FORM = re.compile(r"(?:有限责任公司|股份有限公司|有限公司|公司)$")
_PLACE = re.compile(r"^(.{2,3})[省市县区]")


class Known(msgspec.Struct, array_like=True, frozen=True):
    """What a subject is compared by, in its plain form; texts are empty where it says nothing. Places are 1e-7 degrees and metres."""

    kind: str
    branches: tuple[str, ...]
    name: str
    core: str
    address: str
    phones: tuple[str, ...]
    code: str
    place: Place | None


class Likeness(msgspec.Struct, array_like=True, frozen=True):
    """`score` is from `LIKELY` to 100; `because`: codes of what was found, for and against."""

    score: int
    because: tuple[str, ...]
    distance_metres: int | None


def known_of(body: Mapping[str, Any]) -> Known | None:
    """Of a subject in its current shape; None for one that is withdrawn or cannot be compared. Never raises."""
    fields = body.get("fields")
    kind = fields.get("kind") if isinstance(fields, dict) else None
    if (
        not isinstance(fields, dict)
        or not isinstance(kind, str)
        or kind not in SUBJECT_KINDS
        or _withdrawn(body, fields)
    ):
        return None
    shared = {path[9:] for path, value in fields.items() if path.startswith("branches/") and value is True}
    name = plain(fields.get("name"))
    return Known(
        kind,
        tuple(sorted(shared | {str(body.get("branch", ""))})),
        name,
        _core(name),
        plain(fields.get("address")),
        tuple(sorted(set(_PHONE.findall(_joined(fields.get("contact")))))),
        _joined(fields.get("credit_code")).upper(),
        place_of(fields.get("place")),
    )


def keys_of(known: Known) -> list[str]:
    """Two subjects that may be one share at least one of these."""
    told = [("code", known.code), *(("phone", phone) for phone in known.phones)]
    if known.core:
        told += [("core", known.core), ("home", f"{known.core} {known.address}" if known.address else "")]
    return [f"{known.kind} {branch} {of} {value}" for branch in known.branches for of, value in told if value]


def compare(one: Known, other: Known) -> Likeness | None:
    """How alike two subjects of one kind and branch are; None when not enough speaks for it, or their codes differ."""
    if one.kind != other.kind or not set(one.branches) & set(other.branches):
        return None
    if one.code and other.code and one.code != other.code:
        return None
    metres = distance(one.place, other.place)
    slack = accuracy(one.place) + accuracy(other.place)
    named = bool(one.name) and one.name == other.name
    found = [
        ("same_code", bool(one.code) and one.code == other.code),
        ("same_name", named),
        ("same_core", not named and bool(one.core) and one.core == other.core),
        ("registered_name", named and one.kind in _REGISTERED),
        ("same_address", _same_address(one.address, other.address)),
        ("same_phone", bool(set(one.phones) & set(other.phones))),
        ("near", metres is not None and metres <= NEAR_METRES + slack),
        ("far", metres is not None and metres > FAR_METRES + slack),
    ]
    because = tuple(code for code, holds in found if holds)
    score = min(100, sum(SCORES[code] for code in because))
    return Likeness(score, because, metres) if score >= LIKELY else None


def plain(text: object) -> str:
    """A name or address without what people write differently: width, case, spaces, signs, Chinese numerals, and the words for
    building, staircase and door (`三栋二单元501室`, `3号楼2单元501` and `3-2-501` are one)."""
    if not isinstance(text, str):
        return ""
    told = unicodedata.normalize("NFKC", text).casefold()
    told = re.sub(r"[—–−~～至/#](?=\d)", "-", told)
    told = "".join(one for one in told if one == "-" or unicodedata.category(one)[0] in "LN")
    told = _COUNTED.sub(lambda found: str(_number(found[1])), told)
    told = re.sub(r"第(?=\d)", "", told)
    told = re.sub(r"(\d+)(?:号楼|栋|幢|座|楼|单元|门)", r"\1-", told)
    told = re.sub(r"(\d+)(?:号户|号房|号|室|户|房)", r"\1", told)
    told = re.sub(r"(?<!\d)-+|-+(?!\d)", "", told)
    return re.sub(r"-+", "-", told)


def _withdrawn(body: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    try:
        return isinstance(fields.get("withdrawn"), dict) and removed(dict(body)).in_force
    except NotCanonical:
        return True


def _number(text: str) -> int:
    """`二十八` is 28, `一〇三` is 103."""
    if not any(one in _TIMES for one in text):
        return int("".join(str(_DIGIT[one]) for one in text))
    whole, digit = 0, 0
    for one in text:
        if one in _TIMES:
            whole += (digit or 1) * _TIMES[one]
            digit = 0
        else:
            digit = _DIGIT[one]
    return whole + digit


def _core(name: str) -> str:
    """The name without its place's rank and the form of the company."""
    return _FORM.sub("", _PLACE.sub(r"\1", name)) or name


def _same_address(one: str, other: str) -> bool:
    """The same, or one with the town before it; a part must name a number, or every address of a village would be the same."""
    if not one or not other:
        return False
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= 4 and any(sign.isdigit() for sign in short) and long.endswith(short))


def _joined(text: object) -> str:
    told = unicodedata.normalize("NFKC", text) if isinstance(text, str) else ""
    return re.sub(r"[\s\-]", "", told)
