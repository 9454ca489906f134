"""Decide what the description of the API shows of records, cases, photos, what is found and what is promised: as JSON, which a test
decodes as the routes do."""

from typing import Any, Final

_VISIT = "visit:01K9ZJ6Q3T8M4V7C2N5B1X0001"
_OTHER = "visit:01K9ZJ6Q3T8M4V7C2N5B1X0002"
_SERVICE = "service:01K9ZJ6Q3T8M4V7C2N5B1S0001"
_HOUSEHOLD = "household:01K8Q2M4T6V8C0N2B4X6D8E0F1"
_ITEM = "01K9ZJ7M2N4P6Q8R0S2T4V6W8X"
_CASE = "case:01K9ZJ6Q3T8M4V7C2N5B1C0001"
_PHOTO = "photo:01K9ZJ6Q3T8M4V7C2N5B1P0001"
_SURVEY = "survey:01K9ZJ6Q3T8M4V7C2N5B1Y0001"
_SEEN = "sha256-5b1c0f1d6e0a4f0f9a1c2f5a7d3b8e6c4a9d0e2f7b6c5d4e3f2a1b0c9d8e7f60"
_STAMP = "0019a8c3f2b400000-t5d2c-m0117-9f3c"
_LATER = "0019a8c3f2b900000-t81aa-m0042-07be"
_ACTIVITY = {
    "id": f"activity:{_VISIT}",
    "day": "2026-11-20",
    "fields": {"of": "visit", "kind": "help_household", "subject": _HOUSEHOLD, "state": "open"},
    "records": [_VISIT, _OTHER],
    "participants": ["m0042", "m0117"],
    "branches": ["b03"],
    "aliases": [f"activity:{_OTHER}"],
    "joined": [{"records": [_VISIT, _OTHER], "score": 97, "because": ["same_subject", "overlap"]}],
    "suggested": [],
    "readable": [_VISIT, _OTHER],
    "names": {"member:m0117": "李明", _HOUSEHOLD: "王秀英户"},
}
_WRITTEN = {
    "path": f"problems/{_ITEM}/state",
    "zh": "问题：状态",
    "en": "Problem: state",
    "rule": "latest",
    "disputed": True,
    "open_for_person": False,
    "values": [
        {
            "value": "solved",
            "held": "kept",
            "fate": "shown",
            "stamp": _LATER,
            "member": "m0042",
            "tablet": "t81aa",
            "at": "2026-11-20T02:10:00.000Z",
            "by": "",
            "over": [],
            "ahead": False,
            "tablet_label": "",
            "tablet_member": "m0042",
        },
        {
            "value": "open",
            "held": "kept",
            "fate": "lost",
            "stamp": _STAMP,
            "member": "m0117",
            "tablet": "t5d2c",
            "at": "2026-11-20T02:04:00.000Z",
            "by": "",
            "over": [],
            "ahead": False,
            "tablet_label": "三楼窗口 3 号",
            "tablet_member": "m0117",
        },
    ],
}
_SIDE = {"value": "solved", "stamp": _LATER, "member": "m0042", "tablet": "t81aa", "at": "2026-11-20T02:10:00.000Z"}
_PROMISE = {
    "record": _VISIT,
    "item": _ITEM,
    "branch": "b03",
    "owner": "m0117",
    "subject": _HOUSEHOLD,
    "subject_name": "王秀英户",
    "kind": "help_household",
    "day": "2026-11-20",
    "due": "2026-12-01",
    "closed": "",
    "state": "open",
    "timely": "",
    "severity": 2,
    "last": "",
    "overdue": False,
    "activity": f"activity:{_VISIT}",
    "database": "branch-b03",
}
_SEEN_CASE = "sha256-6081a2c4e6f3b5d7f9c0e1f4f6a8b2d091c3e5f7d6a178447e0b5c9e1a8f3cbd"
_CASE_TOLD = {
    "id": _CASE,
    "branch": "b03",
    "matter": "农村危房改造",
    "author": "m0049",
    "subject": "site:01K8Q2M4T6V8C0N2B4X6D8E0S1",
    "subject_name": "桐坪村五组 12 号",
    "announced": "2026-11-10T01:00:00Z",
    "limit": "2026-11-30T10:00:00Z",
    "limit_told": "",
    "needs": ["危房鉴定报告"],
    "need_lines": [{"item": _ITEM, "text": "危房鉴定报告"}],
    "added": [],
    "needs_added": [],
    "state": "ready",
    "reason": "",
    "zh": "各方已踏勘",
    "en": "everybody has surveyed",
    "overdue": False,
    "early": False,
    "may_conclude": True,
    "may_edit": False,
    "may_add": ["checklist", "needs", "parties", "outside", "limit"],
    "seen": "sha256-2f6d3cbd1a8f5c9e0b4478d6a1c3e5f7091b2d4f6a8c0e1f3b5d7f9a2c4e6081",
    "seen_case": _SEEN_CASE,
    "parties": [{"party": "branch:b03", "state": "in", "missing": []}],
    "outside": [],
    "names": {"branch:b03": "第三党支部"},
    "items": [
        {
            "item": "c001",
            "text": "房屋结构安全",
            "disagreement": False,
            "cells": [
                {"party": "branch:b03", "finding": "pass", "text": "符合要求", "given_by": "m0117", "record": _SURVEY},
            ],
        }
    ],
    "disagreements": [],
    "conclusion": None,
    "lost": [],
    "late": [],
    "addenda": [],
    "passed": [],
}
_CASE_GIVEN = {
    "matter": "农村危房改造",
    "subject": "site:01K8Q2M4T6V8C0N2B4X6D8E0S1",
    "limit": "2026-11-30T10:00:00Z",
    "parties": ["b04"],
    "outside": [{"name": "供电所", "contact": "刘工 8801"}],
    "checklist": ["房屋结构安全"],
    "needs": [{"text": "危房鉴定报告"}],
}
_CASE_DRAFT = {
    **_CASE_TOLD,
    "announced": "",
    "state": "draft",
    "reason": "not_announced",
    "zh": "尚未告知：请先一次告知清单、事项和时限",
    "en": "not announced: tell checklist, needs and time limit first",
    "may_conclude": False,
    "may_edit": True,
    "may_add": [],
}
_ISSUED = {"conclusion": "pass", "text": "同意改造", "issued": "2026-11-22T01:00:00Z", "member": "m0049"}

SHOWN: Final[dict[tuple[str, str], tuple[Any, Any]]] = {
    ("get", "/api/v1/records"): (
        None,
        {
            "records": [
                {
                    "id": _VISIT,
                    "type": "visit",
                    "kind": "help_household",
                    "branch": "b03",
                    "author": "m0117",
                    "participants": ["m0042", "m0117"],
                    "subject": _HOUSEHOLD,
                    "subject_name": "王秀英户",
                    "title": "",
                    "day": "2026-11-20",
                    "start": "2026-11-20T00:03:12Z",
                    "end": "2026-11-20T00:40:00Z",
                    "standing": "counted",
                    "review": "open",
                    "problems": 1,
                    "activity": f"activity:{_VISIT}",
                    "person": True,
                }
            ],
            "next": "5b22323032362d31312d3230222c22…",
        },
    ),
    ("get", "/api/v1/records/{record}"): (
        None,
        {
            "id": _VISIT,
            "database": "branch-b03",
            "revision": "3-5e8d",
            "body": {
                "type": "visit",
                "version": 1,
                "branch": "b03",
                "author": "m0117",
                "fields": {
                    "subject": _HOUSEHOLD,
                    "period": ["2026-11-20T00:03:12Z", "2026-11-20T00:40:00Z"],
                    "narrative": "谈了低保申请的进展",
                    f"problems/{_ITEM}/text": "屋顶漏雨",
                    f"problems/{_ITEM}/state": "solved",
                },
            },
            "withdrawn": False,
            "disputed": [f"problems/{_ITEM}/state"],
            "history": [_WRITTEN],
            "problems": [],
            "relayed": [],
            "beside": [],
            "stages": [],
            "timely": "",
            "review": "open",
            "activity": f"activity:{_VISIT}",
            "seen": _SEEN,
            "standing": "counted",
            "decided": "",
        },
    ),
    ("get", "/api/v1/records/{record}/history"): (
        None,
        {"id": _VISIT, "revision": "3-5e8d", "disputed": [f"problems/{_ITEM}/state"], "fields": [_WRITTEN]},
    ),
    ("post", "/api/v1/records/{record}/redactions"): (
        {"path": "narrative", "stamp": _STAMP, "reason": "误写身份证号"},
        {"record": _VISIT, "revision": "4-1a2b", "path": "narrative", "stamp": _STAMP},
    ),
    ("get", "/api/v1/disputes"): (
        None,
        {
            "disputes": [
                {
                    "record": _VISIT,
                    "type": "visit",
                    "branch": "b03",
                    "author": "m0117",
                    "fields": [
                        {
                            "path": f"problems/{_ITEM}/state",
                            "zh": "问题：状态",
                            "en": "Problem: state",
                            "rule": "latest",
                            "shown": _SIDE,
                            "others": [{**_SIDE, "value": "open", "stamp": _STAMP, "member": "m0117"}],
                            "open_for_person": False,
                        }
                    ],
                    "seen": _SEEN,
                }
            ],
            "next": None,
        },
    ),
    ("get", "/api/v1/subjects/likely-same"): (
        None,
        {
            "pairs": [
                {
                    "first": {"id": _HOUSEHOLD, "name": "王秀英户", "address": "桐坪村五组", "branch": "b03"},
                    "second": {
                        "id": "household:01K8Q2M4T6V8C0N2B4X6D8E0F2",
                        "name": "王秀英",
                        "address": "桐坪村五组",
                        "branch": "b03",
                    },
                    "score": 80,
                    "because": [{"code": "same_address", "zh": "地址相同", "en": "the same address"}],
                    "distance_metres": 18,
                }
            ],
            "next": None,
        },
    ),
    ("get", "/api/v1/activities"): (None, {"activities": [_ACTIVITY], "next": None}),
    ("get", "/api/v1/activities/{doc}"): (None, _ACTIVITY),
    ("get", "/api/v1/cases"): (
        None,
        {
            "cases": [
                {
                    "id": _CASE,
                    "branch": "b03",
                    "matter": "农村危房改造",
                    "subject": "site:01K8Q2M4T6V8C0N2B4X6D8E0S1",
                    "subject_name": "桐坪村五组 12 号",
                    "limit": "2026-11-30T10:00:00Z",
                    "state": "waiting",
                    "overdue": False,
                    "parties": 3,
                    "awaited": 1,
                    "disagreements": 0,
                    "conclusion": "",
                    "late": 0,
                    "early": False,
                }
            ],
            "counts": {"draft": 0, "waiting": 1, "ready": 0, "overdue": 0},
            "next": None,
        },
    ),
    ("post", "/api/v1/cases"): (_CASE_GIVEN, _CASE_DRAFT),
    ("get", "/api/v1/cases/{case}"): (None, _CASE_TOLD),
    ("put", "/api/v1/cases/{case}"): (
        {**_CASE_GIVEN, "announce": True, "seen": _SEEN_CASE},
        {**_CASE_TOLD, "state": "waiting", "reason": "awaited", "may_conclude": False},
    ),
    ("post", "/api/v1/cases/{case}/withdrawal"): (
        {"seen": _SEEN_CASE},
        {**_CASE_DRAFT, "state": "withdrawn", "reason": "withdrawn", "may_edit": False},
    ),
    ("post", "/api/v1/cases/{case}/additions"): (
        {"checklist": ["给排水"], "limit": "2026-12-05T10:00:00Z", "seen": _SEEN_CASE},
        {**_CASE_TOLD, "limit": "2026-12-05T10:00:00Z", "limit_told": "2026-11-30T10:00:00Z"},
    ),
    ("post", "/api/v1/cases/{case}/conclusion"): (
        {"conclusion": "pass", "text": "同意改造", "seen": _CASE_TOLD["seen"]},
        {**_CASE_TOLD, "state": "issued", "may_conclude": False, "conclusion": _ISSUED},
    ),
    ("get", "/api/v1/search"): (
        None,
        {
            "hits": [
                {
                    "id": _VISIT,
                    "type": "visit",
                    "branch": "b03",
                    "day": "2026-11-20",
                    "name": "王秀英户",
                    "path": "narrative",
                    "zh": "情况记录",
                    "en": "What was talked over",
                    "snippet": "谈了低保申请的进展",
                    "marks": [[2, 4]],
                    "also": [],
                    "activity": f"activity:{_VISIT}",
                    "standing": "counted",
                    "person": True,
                }
            ],
            "next": None,
        },
    ),
    ("get", "/api/v1/problems"): (
        None,
        {"at": "2026-11-22", "problems": [{"problem": _PROMISE, "text": "屋顶漏雨", "result": ""}], "next": None},
    ),
    ("get", "/api/v1/problems/{record}/{item}"): (
        None,
        {
            "problem": {**_PROMISE, "state": "solved", "closed": "2026-11-21", "last": "2026-11-21"},
            "text": "屋顶漏雨",
            "result": "已修好",
            "by": "m0117",
            "owner_from": "assignment",
            "due_from": "assignment",
            "assignment": {
                "id": "assignment:1795222800000a1b2c3d4",
                "member": "m0117",
                "by": "m0049",
                "days": ["2026-11-20", "2026-12-01"],
                "text": "月底前修好",
            },
            "photos": [],
            "follow_ups": [
                {
                    "day": "2026-11-21",
                    "record": _OTHER,
                    "activity": f"activity:{_OTHER}",
                    "by": "m0042",
                    "state": "solved",
                    "text": "",
                    "result": "已修好",
                }
            ],
        },
    ),
    ("get", "/api/v1/promises/counts"): (
        None,
        {
            "at": "2026-11-22",
            "soon": "2026-11-29",
            "problems": {"open": 12, "overdue": 2, "soon": 3, "undated": 4},
            "services": {"open": 5, "overdue": 0, "soon": 4, "undated": 0},
        },
    ),
    ("get", "/api/v1/services"): (
        None,
        {
            "at": "2026-11-22",
            "services": [
                {
                    **_PROMISE,
                    "record": _SERVICE,
                    "item": "",
                    "kind": "on_behalf",
                    "state": "concluded",
                    "closed": "2026-11-21",
                    "timely": "early",
                    "severity": 1,
                    "activity": f"activity:{_SERVICE}",
                }
            ],
            "matters": {_SERVICE: "食品经营许可证变更"},
            "next": None,
        },
    ),
    ("put", "/api/v1/photos/{photo}/parts/{number}"): (None, {"complete": False, "parts": {"0": 4194304}}),
    ("get", "/api/v1/photos/{photo}/parts"): (None, {"complete": False, "parts": {"0": 4194304, "1": 120331}}),
    ("post", "/api/v1/photos/{photo}/complete"): (
        {"parts": 2, "digest": _SEEN},
        {"complete": True, "parts": {}},
    ),
    ("post", "/api/v1/assignments/{assignment}/end"): (
        None,
        {"id": "assignment:1795222800000a1b2c3d4", "revision": "2-5e8d"},
    ),
    ("get", "/api/v1/forms"): (
        None,
        [
            {
                "id": "form:visit/1",
                "revision": "1-5e8d",
                "fields": {"for": "visit", "number": 1, "title": {"zh": "走访", "en": "Visit"}, "items": []},
                "by": "administrator",
                "at": "2026-11-01T01:00:00Z",
            }
        ],
    ),
}
"""What an operation takes and gives; None where it takes nothing."""
