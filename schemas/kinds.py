"""Decide what kinds of value a field can hold: one quick test, one explanation and one type for the JSON Schema each.

The test runs for every pushed record; the explanation only for a value that failed it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from types import GenericAlias
from typing import Annotated, Any, Literal

from msgspec import Meta

from schemas.canonical import INTEGER_MAX, unhashable_part

Reason = tuple[str, str, str]
"""A stable code, and what is wrong and what to do, in Chinese and in English."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of value. `holds` is the whole test; `why` explains a value that it refuses; `annotation` describes it to
    msgspec."""

    name: str
    holds: Callable[[Any], bool]
    why: Callable[[Any], Reason]
    annotation: Any
    options: Mapping[str, tuple[str, str]] | None = None
    limits: tuple[int | None, int | None] = (None, None)
    targets: tuple[str, ...] = ()


_REMEMBERED_CHARACTERS_MAX = 160
_REMEMBERED_DAYS_MAX = 16384
_days_seen: set[str] = set()
_times_seen: set[str] = set()  # 86,400 at most

_IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,40}")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ITEM = re.compile(r"[A-Za-z0-9_.-]{4,64}")
_RECORD = re.compile(r"[a-z][a-z_]{0,39}:[A-Za-z0-9_.:~-]{1,120}")
_INSTANT = re.compile(r"\d{4}-[01]\d-[0-3]\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ")
_DAY = re.compile(r"\d{4}-[01]\d-[0-3]\d")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_DIGEST = re.compile(r"sha256-[0-9a-f]{64}")
_PRINCIPAL = re.compile(
    r"committee|(member|branch|secretary):[A-Za-z0-9_]{1,40}|assigned:[a-z][a-z_]{0,39}:[A-Za-z0-9_.~-]{1,64}"
)
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")


def _matching(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    fullmatch = pattern.fullmatch
    return lambda value: value.__class__ is str and fullmatch(value) is not None


def _remembering(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    """For values that come again in many records (branches, members, zones): remembering is four times as fast as
    matching."""

    @lru_cache(maxsize=16384)
    def known(value: str) -> bool:
        return pattern.fullmatch(value) is not None

    return lambda value: value.__class__ is str and len(value) <= _REMEMBERED_CHARACTERS_MAX and known(value)


is_identifier = _remembering(_IDENTIFIER)
is_code = _remembering(_CODE)
is_item_id = _matching(_ITEM)
is_record_id = _matching(_RECORD)
is_principal = _remembering(_PRINCIPAL)


def is_instant(value: Any) -> bool:
    """`2026-11-20T00:03:12Z` and nothing else: one way to write a moment, or equal moments would be disputes."""
    if value.__class__ is not str:
        return False
    day, time = value[:10], value[10:]
    if time in _times_seen and day in _days_seen:
        return True
    if _INSTANT.fullmatch(value) is None or not is_day(day):
        return False
    _times_seen.add(time)
    return True


def is_day(value: Any) -> bool:
    if value.__class__ is not str:
        return False
    if value in _days_seen:
        return True
    if _DAY.fullmatch(value) is None:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    if len(_days_seen) < _REMEMBERED_DAYS_MAX:
        _days_seen.add(value)
    return True


def moment(value: str) -> datetime:
    """The moment that an accepted instant names."""
    return datetime.fromisoformat(value).astimezone(UTC)


def is_month(value: Any) -> bool:
    return value.__class__ is str and _MONTH.fullmatch(value) is not None


def _fixed(code: str, zh: str, en: str) -> Callable[[Any], Reason]:
    return lambda value: (code, zh, en)


def _patterned(
    name: str, pattern: re.Pattern[str], zh: str, en: str, holds: Callable[[Any], bool], targets: tuple[str, ...] = ()
) -> Kind:
    annotation = Annotated[str, Meta(pattern=f"^(?:{pattern.pattern})$")]
    return Kind(name, holds, _fixed("format", zh, en), annotation, targets=targets)


def text(length_max: int, *, length_min: int = 1) -> Kind:
    """Text of so many characters (code points, as both Python and `[...text].length` in JavaScript count them)."""

    def why(value: Any) -> Reason:
        if value.__class__ is not str:
            return "type", "应为文字，请重新填写", "must be text: enter it again"
        if len(value) < length_min:
            return "empty", "不能为空，请填写或清除此项", "must not be empty: fill it in or clear it"
        return "too_long", f"最多 {length_max} 字，请删减", f"at most {length_max} characters: shorten it"

    return Kind(
        "text",
        lambda value: value.__class__ is str and length_min <= len(value) <= length_max,
        why,
        Annotated[str, Meta(min_length=length_min, max_length=length_max)],
        limits=(length_min, length_max),
    )


def integer(least: int, most: int, *, name: str = "integer") -> Kind:
    def why(value: Any) -> Reason:
        if value.__class__ is not int:
            return "type", "应为整数，请重新填写", "must be a whole number: enter it again"
        return "range", f"应在 {least} 到 {most} 之间，请改正", f"must be from {least} to {most}: correct it"

    return Kind(
        name,
        lambda value: value.__class__ is int and least <= value <= most,
        why,
        Annotated[int, Meta(ge=least, le=most)],
        limits=(least, most),
    )


def minutes(most: int) -> Kind:
    """A duration in minutes."""
    return integer(0, most, name="minutes")


def choice(options: Mapping[str, tuple[str, str]]) -> Kind:
    """One of the named values; `options` gives each its label in Chinese and English."""
    values = frozenset(options)
    zh, en = "、".join(label[0] for label in options.values()), ", ".join(options)
    return Kind(
        "choice",
        lambda value: value.__class__ is str and value in values,
        _fixed("choice", f"请从中选择：{zh}", f"choose one of: {en}"),
        Literal[tuple(options)],
        options=options,
    )


def scale(options: Mapping[int, tuple[str, str]]) -> Kind:
    """One of the numbers, each with its words."""
    values = frozenset(options)
    zh = "、".join(f"{number} {label[0]}" for number, label in options.items())
    en = ", ".join(f"{number} {label[1]}" for number, label in options.items())
    return Kind(
        "scale",
        lambda value: value.__class__ is int and value in values,
        _fixed("choice", f"请从中选择：{zh}", f"choose one of: {en}"),
        Literal[tuple(options)],
        options={str(number): label for number, label in options.items()},
    )


def reference(*targets: str) -> Kind:
    """The id of another record; `targets` are the prefixes that it may have (none: any)."""
    pattern = re.compile(f"({'|'.join(targets)}):[A-Za-z0-9_.~-]{{1,64}}") if targets else _RECORD
    zh = "请从列表中选择对象" if targets else "应为记录编号，请重新选择"
    en = f"must be the id of a {' or '.join(targets) or 'record'}: choose it from the list"
    return _patterned("reference", pattern, zh, en, _matching(pattern), targets)


def lines(length_max: int, count_max: int, each: Callable[[Any], bool] | None = None) -> Kind:
    """A list of short texts that only makes sense as a whole."""
    fits = each or (lambda value: value.__class__ is str and 0 < len(value) <= length_max)
    return Kind(
        "lines",
        lambda value: value.__class__ is list and len(value) <= count_max and all(map(fits, value)),
        _fixed(
            "type",
            f"应为最多 {count_max} 项的列表，请改正",
            f"must be a list of at most {count_max} short texts: correct it",
        ),
        Annotated[list[Annotated[str, Meta(max_length=length_max)]], Meta(max_length=count_max)],
    )


def tested(name: str, holds: Callable[[Any], bool], zh: str, en: str, annotation: Any) -> Kind:
    """A kind with a test of its own."""
    return Kind(name, holds, _fixed("format", zh, en), annotation)


def _pair(end: Kind) -> Any:
    return GenericAlias(tuple, (end.annotation, end.annotation | None))


def _is_period(value: Any) -> bool:
    return (
        value.__class__ is list
        and len(value) == 2
        and is_instant(value[0])
        and (value[1] is None or is_instant(value[1]))
    )


def _is_days(value: Any) -> bool:
    return (
        value.__class__ is list
        and len(value) == 2
        and is_day(value[0])
        and (value[1] is None or (is_day(value[1]) and value[0] <= value[1]))
    )


def _is_place(value: Any) -> bool:
    if value.__class__ is not list or not 2 <= len(value) <= 3:
        return False
    latitude, longitude = value[0], value[1]
    accuracy = value[2] if len(value) == 3 else 0
    if latitude.__class__ is not int or longitude.__class__ is not int or accuracy.__class__ is not int:
        return False
    return bool(
        -900_000_000 <= latitude <= 900_000_000
        and -1_800_000_000 <= longitude <= 1_800_000_000
        and 0 <= accuracy <= 1_000_000
    )


def _is_item_of(value: Any) -> bool:
    if value.__class__ is not str:
        return False
    record, mark, item = value.partition("#")
    return bool(mark) and is_record_id(record) and is_item_id(item)


def _is_removal(value: Any) -> bool:
    if value.__class__ is not dict or value.get("over").__class__ is not list:
        return False
    return all(stamp.__class__ is str and 0 < len(stamp) <= 160 for stamp in value["over"])


def _is_strokes(value: Any) -> bool:
    return value.__class__ is list and all(
        line.__class__ is list
        and len(line) % 2 == 0
        and all(step.__class__ is int and 0 <= step <= 10_000 for step in line)
        for line in value
    )


BOOLEAN = Kind(
    "boolean",
    lambda value: value is True or value is False,
    _fixed("type", "应为是或否，请重新选择", "must be yes or no: choose again"),
    bool,
)
MEMBER = _patterned(
    "member", _IDENTIFIER, "应为人员编号，请从名单中选择", "must be a member's id: choose from the list", is_identifier
)
BRANCH = _patterned(
    "branch", _IDENTIFIER, "应为支部编号，请从名单中选择", "must be a branch's id: choose from the list", is_identifier
)
DEVICE = _patterned(
    "device", _IDENTIFIER, "设备编号有误，请重新登记平板", "no tablet's id: enrol the tablet again", is_identifier
)
CODE = _patterned(
    "code",
    _CODE,
    "应为小写字母、数字和下划线组成的代码，请改正",
    "must be a code of lower-case letters, digits and _: correct it",
    is_code,
)
ITEM = _patterned(
    "item", _ITEM, "条目编号有误，请删除后重新添加", "no item id: remove the item and add it again", is_item_id
)
RECORD = reference()
PRINCIPAL = _patterned(
    "principal", _PRINCIPAL, "读者写法有误，请由服务器更正", "no reader: let the server put it right", is_principal
)
ZONE = _patterned(
    "zone",
    _ZONE,
    "时区应写作 Asia/Shanghai 的形式，请检查平板设置",
    "must be a zone such as Asia/Shanghai: check the tablet's settings",
    _remembering(_ZONE),
)
MONTH = _patterned(
    "month", _MONTH, "月份应写作 2026-11，请改正", "must be a month such as 2026-11: correct it", _matching(_MONTH)
)
DIGEST = _patterned(
    "digest",
    _DIGEST,
    "应为 sha256- 加 64 位十六进制数，请重新保存",
    "must be sha256- and 64 hexadecimal digits: save it again",
    _matching(_DIGEST),
)
FORM = _patterned(
    "form",
    re.compile(r"[a-z][a-z0-9_]{0,39}/\d{1,6}"),
    "应为“类型/版本”，请更新表单",
    "must be type/version: update the forms",
    _remembering(re.compile(r"[a-z][a-z0-9_]{0,39}/\d{1,6}")),
)
INSTANT = _patterned(
    "instant",
    _INSTANT,
    "时间应写作 2026-11-20T00:03:12Z（世界时），请重新选择",
    "must be a time such as 2026-11-20T00:03:12Z (UTC): choose it again",
    is_instant,
)
DAY = _patterned(
    "day", _DAY, "日期应写作 2026-11-20，请重新选择", "must be a day such as 2026-11-20: choose it again", is_day
)
PERIOD = tested(
    "period",
    _is_period,
    "应为开始和结束时间（未结束可留空），请重新选择",
    "must be a start and an end (empty while it goes on): choose them again",
    _pair(INSTANT),
)
DAYS = tested(
    "days",
    _is_days,
    "应为起止日期，止不早于起，请重新选择",
    "must be a first and a last day (empty: open), in this order: choose them again",
    _pair(DAY),
)
PLACE = tested(
    "place",
    _is_place,
    "应为纬度、经度（单位 1e-7 度）和精度（米），请重新定位",
    "must be latitude and longitude in 1e-7 degree, and accuracy in metres: locate it again",
    Annotated[list[int], Meta(min_length=2, max_length=3)],
)
ITEM_OF = tested(
    "item_of",
    _is_item_of,
    "应为“记录编号#条目编号”，请从列表中选择问题",
    "must be a record's id, # and an item's id: choose the problem from the list",
    Annotated[str, Meta(pattern=r"^[^#]+#[^#]+$")],
)
REMOVAL = tested(
    "removal",
    _is_removal,
    "撤回应列出所见的修改，请重新撤回",
    "a removal lists the edits that it saw: withdraw it again",
    dict[str, Any],
)
STROKES = tested("strokes", _is_strokes, "签名笔迹有误，请重新签名", "no strokes of a pen: sign again", list[list[int]])
ANYTHING = Kind(
    "json",
    lambda value: unhashable_part(value) is None,
    _fixed("float", "数值应为整数，请改正", "numbers must be whole: correct them"),
    Any,
)
COUNT = integer(0, 1_000_000)
FIGURE = integer(-INTEGER_MAX, INTEGER_MAX, name="figure")
