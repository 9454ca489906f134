"""Decide what a sound record of each type looks like: one example each, for the JSON Schema, for documents and for
tests."""

from copy import deepcopy
from typing import Any

from schemas.registry import TYPES

STAMP = "001795132992000.0000-t5d2c-m0117-9f3c"
_LATER = "001795132993000.0002-t81aa-m0042-07be"
_DIGEST = "sha256-" + "3b" * 32
_ENVELOPE = {"branch": "b03", "author": "m0117", "device": "t5d2c", "zone": "Asia/Shanghai"}
_PERIOD = ["2026-11-20T00:03:12Z", "2026-11-20T00:40:00Z"]
_VISIT = "visit:01K9ZJ6Q3T8M4V7C2N5B1X0D9E"
_HOUSEHOLD = "household:01K8Q2M4T6V8C0N2B4X6D8E0F1"
_OFFICE = {
    "offices/01K9Q1/member": "m0102",
    "offices/01K9Q1/office": "discipline",
    "offices/01K9Q1/days": ["2024-03-01", None],
}
_READERS = {"readers/member:m0042": True, "readers/committee": True}

_FIELDS: dict[str, tuple[str, dict[str, Any]]] = {
    "visit": (
        _VISIT,
        {
            "subject": _HOUSEHOLD,
            "kind": "assist",
            "period": _PERIOD,
            "participants/m0117": True,
            "participants/m0042": True,
            "place": [391_234_567, 1_161_234_567, 12],
            "narrative": "到户了解生产生活情况，讲解医保缴费政策。",
            "privacy": "notice",
            "keep_until": "2029-11-20",
            "problems/01K9ZJ7A1B2C3D4E5F6G7H8J9K/text": "屋顶漏雨",
            "problems/01K9ZJ7A1B2C3D4E5F6G7H8J9K/state": "solved",
        },
    ),
    "service": (
        "service:01K9ZK0A1B2C3D4E5F6G7H8J9K",
        {
            "subject": "enterprise:01K8Q2M4T6V8C0N2B4X6D8E0F2",
            "kind": "on_behalf",
            "matter": "食品经营许可证变更",
            "matter_kind": "committed",
            "period": _PERIOD,
            "participants/m0117": True,
            "stages/received/actual": "2026-11-18T01:00:00Z",
            "stages/concluded/promised": "2026-11-25T09:00:00Z",
            "stages/concluded/actual": "2026-11-20T00:40:00Z",
        },
    ),
    "survey": (
        "survey:01K9ZK1A1B2C3D4E5F6G7H8J9K",
        {
            "subject": "site:01K8Q2M4T6V8C0N2B4X6D8E0F3",
            "case": "case:01K9ZK2A1B2C3D4E5F6G7H8J9K",
            "period": _PERIOD,
            "participants/m0117": True,
            "parties/b05": True,
            "findings/area/finding": "remedy",
            "findings/area/text": "操作间与库房未分隔",
            "needs/01K9ZK1B1B2C3D4E5F6G7H8J9K/text": "补充平面布局图",
            "conclusion": "remedy",
        },
    ),
    "event": (
        "event:01K9ZK3A1B2C3D4E5F6G7H8J9K",
        {
            "kind": "bin_duty",
            "title": "桶前值守",
            "subject": "duty_point:01K8Q2M4T6V8C0N2B4X6D8E0F4",
            "period": _PERIOD,
            "participants/m0117": True,
        },
    ),
    "subject": (_HOUSEHOLD, {"kind": "household", "name": "三组八号户", "address": "河西村三组"}),
    "person": (
        "person:01K9ZK4A1B2C3D4E5F6G7H8J9K",
        {"subject": _HOUSEHOLD, "health": "慢性病，按月取药", "privacy": "consent", "keep_until": "2027-12-31"},
    ),
    "rating": (
        "rating:01K9ZK5A1B2C3D4E5F6G7H8J9K",
        {"record": "service:01K9ZK0A1B2C3D4E5F6G7H8J9K", "score": 5, "channel": "hand_over", **_READERS},
    ),
    "signature": (
        "signature:01K9ZK6A1B2C3D4E5F6G7H8J9K",
        {"record": _VISIT, "purpose": "present", "strokes": [[10, 20, 30, 25]], **_READERS},
    ),
    "photo": (
        "photo:01K9ZK7A1B2C3D4E5F6G7H8J9K",
        {"record": _VISIT, "digest": _DIGEST, "size": 184_320, "media": "image/jpeg", "caption": "屋顶", **_READERS},
    ),
    "check": (
        f"check:{_VISIT}",
        {"record": _VISIT, "problems": [{"field": "period", "code": "duration", "zh": "…", "en": "…"}], **_READERS},
    ),
    "review": (
        "review:01K9ZK8A1B2C3D4E5F6G7H8J9K",
        {"record": _VISIT, "decision": "approve", "seen": _DIGEST, "at": "2026-11-21T02:00:00Z", **_READERS},
    ),
    "assignment": (
        "assignment:01K9ZK9A1B2C3D4E5F6G7H8J9K",
        {"kind": "link", "member": "m0042", "subject": _HOUSEHOLD, "days": ["2026-01-01", None], "state": "given"},
    ),
    "case": (
        "case:01K9ZK2A1B2C3D4E5F6G7H8J9K",
        {
            "subject": "site:01K8Q2M4T6V8C0N2B4X6D8E0F3",
            "matter": "食品生产许可现场核查",
            "parties/b05": True,
            "checklist/area/text": "面积与布局",
            "needs/01K9ZK2B1B2C3D4E5F6G7H8J9K/text": "平面布局图",
            "limit": "2026-12-01T09:00:00Z",
        },
    ),
    "import": (
        "import:3f1c8a0b5d7e92466a1b0c2d",
        {
            "kind": "matters",
            "source": "hall",
            "name": "2026年10月办件统计表.xlsx",
            "digest": _DIGEST,
            "reading": _DIGEST,
            "size": 18_432,
            "at": "2026-11-03T01:00:00Z",
            "months": ["2026-10"],
            "rows": 172,
            "flagged": 1,
            "parts": 8,
        },
    ),
    "import_rows": (
        "import_rows:3f1c8a0b5d7e92466a1b0c2d.0",
        {
            "import": "import:3f1c8a0b5d7e92466a1b0c2d",
            "month": "2026-10",
            "branch": "b03",
            "rows": [
                {
                    "row": 4,
                    "month": "2026-10",
                    "window": "window:w12",
                    "branch": "b03",
                    "kind": "企业登记",
                    "accepted": 310,
                }
            ],
        },
    ),
    "activity": (
        "activity:01K9ZJ6Q3T8M4V7C2N5B1X0D9E",
        {"of": "visit", "period": _PERIOD, f"records/{_VISIT}": True, "participants/m0117": True, "person_times": 2},
    ),
    "activity_record": (
        "activity_record:b03.2026-11",
        {"month": "2026-11", "state": "open", "number": 0, "figures/visits": 1},
    ),
    "branch": ("branch:b03", {"name": "第三党支部", "leader": "m0001", "committee/m0102": True, **_OFFICE}),
    "window": ("window:w12", {"name": "市场监管窗口", "number": "12", "unit": "unit:u05", "branch": "b03"}),
    "unit": ("unit:u05", {"name": "市市场监督管理局"}),
    "member": (
        "member:m0117",
        {"name": "王敏", "branch": "b03", "role": "member", "window": "window:w12", "party_member": True},
    ),
    "form": (
        "form:visit/2",
        {
            "for": "visit",
            "number": 2,
            "title": {"zh": "走访记录", "en": "Visit"},
            "items": [{"path": "narrative", "kind": "text", "label": {"zh": "情况", "en": "What happened"}}],
        },
    ),
    "notice": ("notice:01K9ZKAA1B2C3D4E5F6G7H8J9K", {"title": "周一课堂", "kind": "lesson", "text": "……"}),
}


def example(type_name: str, /, **changes: Any) -> dict[str, Any]:
    """A sound record of this type, as a new dict; `changes` replace envelope keys."""
    record_id, fields = _FIELDS[type_name]
    of = TYPES[type_name]
    envelope = {
        key: value for key, value in _ENVELOPE.items() if of.envelope and (key in of.envelope or key == "device")
    }
    body: dict[str, Any] = {"_id": record_id, "type": type_name, "version": of.version, **envelope, "fields": fields}
    body["stamps"] = {"": STAMP}
    if type_name == "visit":
        path = "problems/01K9ZJ7A1B2C3D4E5F6G7H8J9K/state"
        body["form"] = "visit/4"
        body["stamps"] = {"": STAMP, path: _LATER}
        body["replaced"] = [{"path": path, "value": "open", "stamp": STAMP, "by": _LATER}]
    return {**deepcopy(body), **changes}
