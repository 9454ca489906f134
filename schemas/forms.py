"""Decide what a form shows for the values so far, and what is wrong with them. The tablet decides the same:
`tests/vectors/forms.json`.

A form is a document (`form:<type>/<version>`); its `fields.items` is a list in the order of the screen. An item that is
not shown is not checked, and its value is kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from schemas import kinds
from schemas.canonical import INTEGER_MAX
from schemas.definition import is_form_items
from schemas.kinds import Kind, Reason
from schemas.problems import Problem

Item = Mapping[str, Any]
Values = Mapping[str, Any]

TEXT_CHARACTERS_MAX = 20_000
MINUTES_MAX = 44_640
LINE_CHARACTERS_MAX = 500
LINES_MAX = 50

_FIXED_KINDS: dict[str, Kind] = {
    "boolean": kinds.BOOLEAN,
    "day": kinds.DAY,
    "instant": kinds.INSTANT,
    "period": kinds.PERIOD,
    "place": kinds.PLACE,
    "member": kinds.MEMBER,
    "item_of": kinds.ITEM_OF,
}


class _Shown(NamedTuple):
    path: str
    item: Item


def visible(form: Mapping[str, Any], values: Values) -> list[str]:
    """The paths that the form shows, in its order; the parts of an item list once for each item, by its id (FM2–FM5).

    Empty for a form that cannot be read.
    """
    return [one.path for one in _shown(_items(form), values)]


def check_form(form: Mapping[str, Any], values: Values) -> list[Problem]:
    """Everything wrong with the values that the form shows, in its order (FM6–FM10). Never raises; a form that cannot
    be read is itself the problem."""
    items = _items(form)
    if not items:
        return [Problem("items", "format", "表单有误，请更新表单", "the form cannot be read: update the forms")]
    problems = (_problem(one, values) for one in _shown(items, values))
    return [one for one in problems if one is not None]


def _items(form: Mapping[str, Any]) -> Sequence[Item]:
    fields = form.get("fields")
    found = fields.get("items") if isinstance(fields, Mapping) else None
    return found if isinstance(found, list) and is_form_items(found) else ()


def _shown(items: Sequence[Item], values: Values) -> Iterator[_Shown]:
    hidden: set[str] = set()
    for item in items:
        path = item["path"]
        if not _condition_holds(item, values, hidden):
            hidden.add(path)
            continue
        yield _Shown(path, item)
        if item["kind"] == "items":
            for entry in _entries(path, values):
                yield from _shown_in_entry(f"{path}/{entry}/", item["items"], values, hidden)


def _shown_in_entry(prefix: str, parts: Sequence[Item], values: Values, outside: set[str]) -> Iterator[_Shown]:
    """The parts of one item. A condition that names a part of the same item means this item's; any other means the
    form's."""
    names = {part["path"] for part in parts}
    hidden = set(outside)
    for part in parts:
        if _condition_holds(part, values, hidden, prefix, names):
            yield _Shown(prefix + part["path"], part)
        else:
            hidden.add(prefix + part["path"])


def _condition_holds(
    item: Item, values: Values, hidden: set[str], prefix: str = "", names: set[str] | None = None
) -> bool:
    condition = item.get("show_if")
    if condition is None:
        return True
    path = condition["path"]
    if names and path in names:
        path = prefix + path
    if path in hidden:
        return False
    wanted = condition["equals"]
    return any(_same(values.get(path), one) for one in (wanted if isinstance(wanted, list) else [wanted]))


def _same(value: Any, wanted: Any) -> bool:
    # JSON's true is not its 1, though Python says so.
    return value.__class__ is wanted.__class__ and bool(value == wanted)


def _entries(path: str, values: Values) -> list[str]:
    """The ids of the items that are there, by code point; a withdrawn one is not."""
    head = path + "/"
    told = (one.removeprefix(head).partition("/") for one in values if one.startswith(head))
    ids = {entry for entry, slash, _ in told if slash and entry}
    return sorted(entry for entry in ids if values.get(f"{head}{entry}/withdrawn") is None)


def _problem(shown: _Shown, values: Values) -> Problem | None:
    path, item = shown
    kind = item["kind"]
    if kind == "set":
        return _set_problem(path, item, values)
    if kind == "items":
        return _missing(path, item) if item.get("required") and not _entries(path, values) else None
    value = values.get(path)
    if value is None:
        return _missing(path, item) if item.get("required") else None
    wanted = _kind(item)
    return None if wanted.holds(value) else _told(path, item, wanted.why(value))


def _set_problem(path: str, item: Item, values: Values) -> Problem | None:
    members = {one: value for one, value in values.items() if one.startswith(path + "/")}
    for one in sorted(members):
        value = members[one]
        if value is not None and not kinds.BOOLEAN.holds(value):
            return _told(one, item, kinds.BOOLEAN.why(value))
    if item.get("required") and not any(value is True for value in members.values()):
        return _missing(path, item)
    return None


def _kind(item: Item) -> Kind:
    name, least, most = item["kind"], item.get("min"), item.get("max")
    if name == "text":
        return kinds.text(TEXT_CHARACTERS_MAX if most is None else most, length_min=1 if least is None else least)
    if name == "integer":
        return kinds.integer(-INTEGER_MAX if least is None else least, INTEGER_MAX if most is None else most)
    if name == "minutes":
        return kinds.integer(0 if least is None else least, MINUTES_MAX if most is None else most)
    if name == "lines":
        return kinds.lines(LINE_CHARACTERS_MAX, LINES_MAX if most is None else most)
    if name == "reference":
        return kinds.reference(*(item.get("of") or ()))
    if name in ("choice", "choices"):
        return _options_kind(item, several=name == "choices")
    return _FIXED_KINDS[name]


def _options_kind(item: Item, *, several: bool) -> Kind:
    options = item["options"]
    zh, en = "、".join(one["label"]["zh"] for one in options), ", ".join(one["label"]["en"] for one in options)
    reason: Reason = ("choice", f"请从中选择：{zh}", f"choose from: {en}")

    def is_option(value: Any) -> bool:
        return any(_same(value, one["value"]) for one in options)

    def are_options(value: Any) -> bool:
        return (
            value.__class__ is list and all(map(is_option, value)) and len({repr(one) for one in value}) == len(value)
        )

    return Kind("choices" if several else "choice", are_options if several else is_option, lambda _: reason, object)


def _missing(path: str, item: Item) -> Problem:
    return _told(path, item, ("required", "必填，请填写", "required, fill it in"))


def _told(path: str, item: Item, reason: Reason) -> Problem:
    code, zh, en = reason
    return Problem(path, code, f"{item['label']['zh']}：{zh}", f"{item['label']['en']}: {en}")
