"""Decide what a form must hold beside being readable before it is published: that its parts fit together, and that what it asks for can
be kept in the records that are made with it. Older forms stay readable without."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schemas.definition import is_form_items
from schemas.registry import TYPES

_AS = {"scale": "choice", "code": "choice"}
_WHOLE = frozenset({"integer", "minutes", "text", "lines"})


def unsound(of: str, kind: str | None, items: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """(place, zh, en) of all that does not fit, each by its place and part, such as `items/3/show_if`. An item that cannot be read
    (`item_problems`) is passed over; `kind`: of which kind of record the form is for alone, None for all."""
    found = list(_needed(of, kind, items))
    return [*found, *_items(of, items, "items", "", {})]


def _needed(of: str, kind: str | None, items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    paths = _paths(items)
    for path, field in TYPES[of].by_path.items():
        if field.required and "/" not in path and path not in paths and not (path == "kind" and kind):
            yield (
                "items",
                f"缺少“{field.zh}”：每条记录都须有，请加上",
                f"lacks {field.en}: every record needs it, add it",
            )


def _items(
    of: str, items: Sequence[Mapping[str, Any]], place: str, head: str, before: dict[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str, str]]:
    earlier = dict(before)
    own = _paths(items)
    for number, item in enumerate(items):
        here = f"{place}/{number}"
        if not is_form_items([item]):
            earlier |= {path: {"kind": ""} for path in _paths([item])}
            continue
        yield from _condition(item, here, earlier, own)
        yield from _limits(item, here)
        yield from _options(item, here)
        yield from _kept(of, head + item["path"], item, here)
        earlier[item["path"]] = item
        if item["kind"] == "items":
            yield from _items(of, item["items"], f"{here}/items", f"{item['path']}/*/", earlier)


def _paths(items: Sequence[Any]) -> set[str]:
    return {item["path"] for item in items if isinstance(item, dict) and isinstance(item.get("path"), str)}


def _condition(
    item: Mapping[str, Any], here: str, earlier: Mapping[str, Mapping[str, Any]], own: set[str]
) -> Iterator[tuple[str, str, str]]:
    condition = item.get("show_if")
    if condition is None:
        return
    asked = earlier.get(condition["path"])
    if asked is None:
        later = condition["path"] in own
        zh = "条件所看的项排在后面，请移到前面" if later else "条件所看的项不在表单中，请重新选择"
        en = (
            "depends on a later item: move that up"
            if later
            else "depends on an item that the form has not: choose again"
        )
        yield f"{here}/show_if", zh, en
        return
    wanted = condition["equals"] if isinstance(condition["equals"], list) else [condition["equals"]]
    held = [option["value"] for option in asked.get("options") or []]
    if asked["kind"] == "choice" and not all(one in held for one in wanted):
        yield f"{here}/show_if", "条件中的值不是该项的选项，请重新选择", "names a value that is no option: choose again"
    if not wanted:
        yield f"{here}/show_if", "条件没有选值，此项永远不会出现", "names no value, so this is never shown"


def _limits(item: Mapping[str, Any], here: str) -> Iterator[tuple[str, str, str]]:
    least, most = item.get("min"), item.get("max")
    if item["kind"] not in _WHOLE and (least is not None or most is not None):
        yield f"{here}/max", "此类项没有上下限，请清除", "has no limits: clear them"
    elif least is not None and most is not None and least > most:
        yield f"{here}/min", "下限大于上限，请改正", "is more than the upper limit: correct it"


def _options(item: Mapping[str, Any], here: str) -> Iterator[tuple[str, str, str]]:
    values = [option["value"] for option in item.get("options") or []]
    if len(set(map(repr, values))) != len(values):
        yield f"{here}/options", "有两个选项的值相同，请改正", "two options have one value: correct them"


def _kept(of: str, path: str, item: Mapping[str, Any], here: str) -> Iterator[tuple[str, str, str]]:
    """A field that the type describes is asked for as what it is; else the record would be found faulty."""
    by_path = TYPES[of].by_path
    parts = path.split("/")
    field = by_path.get(path) or by_path.get("/".join([parts[0], "*", *parts[2:]]) if len(parts) > 1 else "")
    if field is None:
        return
    kind = field.kind.name
    fitting = {_AS.get(kind, kind), *(["choice"] if kind in ("text", "code") else [])}
    if item["kind"] not in fitting:
        yield f"{here}/kind", f"“{field.zh}”在记录中不是这种内容，请改回", f"{field.en} is kept as {kind}: put it back"
        return
    allowed = field.kind.options
    if kind in ("choice", "scale") and allowed:
        known = {str(value) for value in allowed}
        wrong = [str(option["value"]) for option in item.get("options") or [] if str(option["value"]) not in known]
        if wrong:
            yield f"{here}/options", f"没有选项“{wrong[0]}”，请用原有的", f"{wrong[0]} is no value of this field"
