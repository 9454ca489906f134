"""Decide the forms that a new centre starts with: one for each of the four things that members record.

Labels, limits and options come from the record types, so that a form and the check of the record cannot disagree.
"""

from typing import Any

from schemas.fields import Field, RecordType
from schemas.registry import TYPES
from schemas.vocabulary import EVENT_KINDS, FINDINGS, Words

NUMBER = 1

_PROBLEMS = ("problems", "发现的问题", "Problems found", ("text", "severity", "owner", "unit", "due", "state"))
_PROBLEMS_AFTER = ("result", "solved")
_FOLLOW_UPS = ("follow_ups", "跟进的问题", "Problems followed up", ("problem", "text", "state", "result", "at"))
_WHO_AND_WHEN = ("period", "participants", "place", "address")
_PRIVACY = ("narrative", "privacy", "keep_until")

_SHOW_IF: dict[tuple[str, str], dict[str, Any]] = {
    ("visit", "talked"): {"path": "kind", "equals": ["assist", "link", "village", "call_back"]},
    ("visit", "brought"): {"path": "kind", "equals": "assist"},
    ("visit", "lecture"): {"path": "kind", "equals": ["assist", "village"]},
    ("visit", "advised"): {"path": "kind", "equals": ["enterprise", "project", "adviser"]},
    ("service", "stages/concluded/promised"): {"path": "matter_kind", "equals": "committed"},
    ("service", "stages/delivered/actual"): {"path": "kind", "equals": "certificate_delivered"},
    ("event", "lecturer"): {"path": "kind", "equals": ["party_lecture", "training"]},
    ("event", "study_minutes"): {"path": "kind", "equals": ["study", "party_lecture", "training", "theme_day"]},
    ("event", "agenda"): {"path": "kind", "equals": ["members_meeting", "committee_meeting", "group_meeting"]},
    ("event", "resolution"): {
        "path": "kind",
        "equals": ["members_meeting", "committee_meeting", "organisational_life"],
    },
    ("event", "satisfied"): {"path": "kind", "equals": "organisational_life"},
    ("event", "votes"): {"path": "kind", "equals": "organisational_life"},
}
_AFTER_SOLVING: dict[str, Any] = {"path": "state", "equals": "solved"}

_TITLES = {
    "visit": ("走访记录", "Visit"),
    "service": ("上门服务记录", "Service outside the hall"),
    "survey": ("踏勘记录", "Survey finding"),
    "event": ("活动记录", "Event"),
}
_ORDER: dict[str, tuple[str, ...]] = {
    "visit": (
        *("subject", "kind", *_WHO_AND_WHEN, "talked", "found", "brought", "lecture", "outcome", "advised"),
        *_PRIVACY,
    ),
    "service": (
        *("subject", "kind", "matter", "matter_kind", "matters", "window", *_WHO_AND_WHEN),
        *("stages/received/actual", "stages/concluded/promised", "stages/concluded/actual"),
        *("stages/delivered/actual", "result", "advised", *_PRIVACY),
    ),
    "survey": ("subject", "matter", "case", "window", *_WHO_AND_WHEN, "conclusion", "conclusion_text", *_PRIVACY),
    "event": (
        *("kind", "title", "subject", *_WHO_AND_WHEN, "others", "host", "lecturer", "study_minutes", "agenda"),
        *("resolution", "satisfied", "votes", "narrative"),
    ),
}
# The announced checklist of a survey is a form of its own; this one has the questions that every site is asked.
_CHECKLIST = (
    ("premises", "场所与申报地址一致", "The premises are those applied for"),
    ("area", "面积与布局符合要求", "Area and layout meet the requirements"),
    ("facilities", "设施设备符合要求", "Facilities and equipment meet the requirements"),
    ("safety", "消防与安全符合要求", "Fire protection and safety meet the requirements"),
    ("documents", "现场材料齐全", "The documents are on site"),
)


def default_forms() -> list[dict[str, Any]]:
    """The four forms as documents for the database `centre`, each with its `_id`."""
    return [_document(name) for name in _ORDER]


def _document(name: str) -> dict[str, Any]:
    zh, en = _TITLES[name]
    items = [_item(TYPES[name], path) for path in _ORDER[name]]
    if name == "survey":
        items[-5:-5] = _checklist()
        items.append(_list(TYPES[name], "needs", "需补齐事项", "What is needed", ("text",)))
    items += [_list(TYPES[name], *_PROBLEMS, _PROBLEMS_AFTER), _list(TYPES[name], *_FOLLOW_UPS)]
    return {
        "_id": f"form:{name}/{NUMBER}",
        "type": "form",
        "version": TYPES["form"].version,
        "fields": {"for": name, "number": NUMBER, "title": {"zh": zh, "en": en}, "items": items, "active": True},
    }


def _list(
    of: RecordType, head: str, zh: str, en: str, parts: tuple[str, ...], after_solving: tuple[str, ...] = ()
) -> dict[str, Any]:
    items = [_described(part, of.by_path[f"{head}/*/{part}"]) for part in parts]
    items += [{**_described(part, of.by_path[f"{head}/*/{part}"]), "show_if": _AFTER_SOLVING} for part in after_solving]
    return {"path": head, "kind": "items", "label": {"zh": zh, "en": en}, "items": items}


def _checklist() -> list[dict[str, Any]]:
    return [
        {
            "path": f"findings/{code}/finding",
            "kind": "choice",
            "label": {"zh": zh, "en": en},
            "required": True,
            "options": _options(FINDINGS),
        }
        for code, zh, en in _CHECKLIST
    ]


def _item(of: RecordType, path: str) -> dict[str, Any]:
    if path == "participants":
        return {"path": path, "kind": "set", "label": {"zh": "参加人", "en": "Participants"}, "required": True}
    pattern = path
    if path.startswith("stages/"):
        pattern = "stages/*/" + path.rpartition("/")[2]
    item = _described(path, of.by_path[pattern])
    condition = _SHOW_IF.get((of.name, path))
    return item if condition is None else {**item, "show_if": condition}


def _described(path: str, one: Field) -> dict[str, Any]:
    kind = one.kind
    zh, en = (one.zh, one.en)
    if path.startswith("stages/"):
        stage = TYPES["service"].by_path["stages/*/actual"].key
        words = stage.options[path.split("/")[1]] if stage is not None and stage.options else ("", "")
        zh, en = f"{words[0]}（{zh}）", f"{words[1].capitalize()} ({en.lower()})"
    item: dict[str, Any] = {"path": path, "kind": kind.name, "label": {"zh": zh, "en": en}}
    if one.required:
        item["required"] = True
    if kind.name == "scale" and kind.options:
        item |= {"kind": "choice", "options": _options(kind.options, whole=True)}
    elif kind.name == "choice" and kind.options:
        item["options"] = _options(kind.options)
    elif kind.name == "code":
        item |= {"kind": "choice", "options": _options(EVENT_KINDS)}
    elif kind.name == "reference" and kind.targets:
        item["of"] = list(kind.targets)
    elif kind.limits != (None, None):
        least, most = kind.limits
        item |= {"min": least, "max": most}
    return item


def _options(words: Any, *, whole: bool = False) -> list[dict[str, Any]]:
    told: Words = words
    return [
        {"value": int(value) if whole else value, "label": {"zh": zh, "en": en}} for value, (zh, en) in told.items()
    ]
