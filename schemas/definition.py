"""Decide what a form document may hold, so that the interpreter never meets a form that it cannot read."""

from collections.abc import Iterator
from typing import Any

from schemas.kinds import is_code, tested

ITEM_KINDS = frozenset(
    {
        *("text", "lines", "integer", "minutes", "boolean", "choice", "choices", "day", "instant", "period", "place"),
        *("reference", "member", "item_of", "set", "items"),
    }
)
_PLAIN = (str, int, bool)
_PATH_CHARACTERS_MAX = 120
_ITEMS_MAX = 300


def is_form_items(value: Any) -> bool:
    """A list of form items, each `{path, kind, label: {zh, en}}` and, as its kind asks, `required`, `min`, `max`,
    `options`, `of`, `show_if: {path, equals}`, `items` (the parts of an item list, one level deep)."""
    return _are_items(value, nested=False)


def _are_items(value: Any, *, nested: bool) -> bool:
    if (
        value.__class__ is not list
        or not 0 < len(value) <= _ITEMS_MAX
        or not all(_is_item(one, nested) for one in value)
    ):
        return False
    return len({one["path"] for one in value}) == len(value)


def _is_item(item: Any, nested: bool) -> bool:
    if item.__class__ is not dict or item.get("kind").__class__ is not str or item["kind"] not in ITEM_KINDS:
        return False
    path, kind = item.get("path"), item["kind"]
    if path.__class__ is not str or not 0 < len(path) <= _PATH_CHARACTERS_MAX or not is_label(item.get("label")):
        return False
    if not (item.get("required") is None or item["required"].__class__ is bool):
        return False
    if not all(item.get(limit) is None or item[limit].__class__ is int for limit in ("min", "max")):
        return False
    if not _is_condition(item.get("show_if")):
        return False
    if kind in ("choice", "choices"):
        return _are_options(item.get("options"))
    if kind == "reference":
        return item.get("of") is None or (
            item["of"].__class__ is list and all(is_code(prefix) for prefix in item["of"])
        )
    if kind == "items":
        return not nested and "/" not in path and _are_items(item.get("items"), nested=True)
    return True


def item_problems(value: Any) -> list[tuple[str, str, str]]:
    """(place, zh, en) of all that is wrong with a form's items, each by its place and part, such as `items/3/label`; empty exactly when
    `is_form_items` holds."""
    return list(_problems_in(value, "items", nested=False))


def _problems_in(value: Any, place: str, *, nested: bool) -> Iterator[tuple[str, str, str]]:
    if value.__class__ is not list or not 0 < len(value) <= _ITEMS_MAX:
        yield place, f"应有 1 至 {_ITEMS_MAX} 项", f"must hold 1 to {_ITEMS_MAX} items"
        return
    seen = set()
    for number, item in enumerate(value):
        here = f"{place}/{number}"
        if item.__class__ is not dict:
            yield here, "应为一项", "must be an item"
            continue
        path = item.get("path")
        if path.__class__ is str and path in seen:
            yield f"{here}/path", "与前面一项重复", "is the path of an earlier item too"
        seen.add(path if path.__class__ is str else None)
        if not _is_item(item, nested):
            found = list(_problems_of(item, here, nested))
            yield from found or [(here, "此项有误", "this item cannot be read")]


def _problems_of(item: dict[str, Any], here: str, nested: bool) -> Iterator[tuple[str, str, str]]:
    path, kind = item.get("path"), item.get("kind")
    if path.__class__ is not str or not 0 < len(path) <= _PATH_CHARACTERS_MAX:
        yield f"{here}/path", "缺少字段名", "needs a path"
    if kind.__class__ is not str or kind not in ITEM_KINDS:
        yield f"{here}/kind", "没有此种类", "is no kind of item"
    if not is_label(item.get("label")):
        yield f"{here}/label", "应有中文和英文", "must have zh and en"
    if not (item.get("required") is None or item["required"].__class__ is bool):
        yield f"{here}/required", "应为是或否", "must be true or false"
    for limit in ("min", "max"):
        if not (item.get(limit) is None or item[limit].__class__ is int):
            yield f"{here}/{limit}", "应为整数", "must be a whole number"
    if not _is_condition(item.get("show_if")):
        yield f"{here}/show_if", "应为 path 和 equals", "must name a path and what it equals"
    if kind in ("choice", "choices") and not _are_options(item.get("options")):
        yield f"{here}/options", "每个选项须有值和中英文名称", "every option needs a value and a label in zh and en"
    if kind == "items":
        if nested or (path.__class__ is str and "/" in path):
            yield here, "条目列表只能有一层", "a list of items lies one level deep"
        else:
            yield from _problems_in(item.get("items"), f"{here}/items", nested=True)


def is_label(value: Any) -> bool:
    """Words in both languages: `{"zh": …, "en": …}`."""
    return value.__class__ is dict and all(
        value.get(tongue).__class__ is str and 0 < len(value[tongue]) <= 500 for tongue in ("zh", "en")
    )


def _are_options(value: Any) -> bool:
    return (
        value.__class__ is list
        and 0 < len(value) <= _ITEMS_MAX
        and all(
            option.__class__ is dict and option.get("value").__class__ in _PLAIN and is_label(option.get("label"))
            for option in value
        )
    )


def _is_condition(value: Any) -> bool:
    if value is None:
        return True
    if value.__class__ is not dict or value.get("path").__class__ is not str or "equals" not in value:
        return False
    wanted = value["equals"]
    return wanted.__class__ in _PLAIN or (wanted.__class__ is list and all(one.__class__ in _PLAIN for one in wanted))


FORM_ITEMS = tested(
    "form_items",
    is_form_items,
    "表单内容有误：每项须有 path、kind 和中英文 label，请改正",
    "no form: every item needs path, kind and a label in zh and en: correct it",
    list[dict[str, Any]],
)
LABEL = tested("label", is_label, "应有中文和英文，请补齐", "must have zh and en: complete it", dict[str, str])
