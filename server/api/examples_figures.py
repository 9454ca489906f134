"""Decide what the description of the API shows of figures, months and imports: as JSON, which a test decodes as the routes do."""

from typing import Any, Final

_VISIT = "visit:01K9ZJ6Q3T8M4V7C2N5B1X0001"
_HOUSEHOLD = "household:01K8Q2M4T6V8C0N2B4X6D8E0F1"
_MEANING = {
    "code": "visits",
    "zh": "走访",
    "en": "Visits",
    "unit_zh": "次",
    "unit_en": "times",
    "meaning_zh": "走访次数",
    "meaning_en": "Visits made",
    "parts": [],
    "counts": "activities",
}
_NOVEMBER = {"first": "2026-11-01", "last": "2026-11-30", "running": True}
_OCTOBER = {"first": "2026-10-01", "last": "2026-10-31", "running": False}
_LAST_YEAR = {"first": "2025-11-01", "last": "2025-11-30", "running": False}
_GROUP = {
    "group": "b03",
    "figures": {"visits": {"value": 16, "before": 12, "growth": 33.3, "year_before": 0, "growth_year": None}},
    "rows": [
        "first=2026-11-01&last=2026-11-30&branch=b03",
        "first=2026-10-01&last=2026-10-31&branch=b03",
        "first=2025-11-01&last=2025-11-30&branch=b03",
    ],
}
_WEEKS = {
    "steps": [{"first": "2026-11-01", "last": "2026-11-01", "running": False}],
    "rows": ["branch=b03&first=2026-11-01&last=2026-11-01"],
    "groups": [{"group": "", "figures": {"visits": [1]}}],
}
_IMPORT = {
    "id": "import:1795222800000a1b2c3d4",
    "kind": "matters",
    "source": "审批系统",
    "name": "2026-10.xlsx",
    "at": "2026-11-02T01:00:00Z",
    "by": "committee",
    "size": 18211,
    "digest": "sha256-5b1c0f1d6e0a4f0f9a1c2f5a7d3b8e6c4a9d0e2f7b6c5d4e3f2a1b0c9d8e7f60",
    "sheet": "Sheet1",
    "encoding": "",
    "rows": 412,
    "flagged": 1,
    "states": {"2026-10": "counts"},
    "withdrawn": False,
    "reason": "",
}
_FAULT = {"row": 17, "column": "窗口", "code": "unknown_window", "zh": "没有这个窗口", "en": "There is no such window."}
_REGISTER = {
    "id": "register_import:1795222800000a1b2c3d4",
    "kind": "members",
    "branch": "",
    "name": "人员.xlsx",
    "sheet": "Sheet1",
    "at": "2026-11-02T01:00:00Z",
    "by": "admin",
    "state": "done",
    "counts": {"new": 1, "unchanged": 130},
}

SHOWN: Final[dict[tuple[str, str], tuple[Any, Any]]] = {
    ("get", "/api/v1/figures/meanings"): (None, [_MEANING]),
    ("get", "/api/v1/figures"): (None, [{"group": "b03", "figures": {"visits": 16, "good_share": 100.0}}]),
    ("get", "/api/v1/figures/compared"): (
        None,
        {"period": _NOVEMBER, "before": _OCTOBER, "year_before": _LAST_YEAR, "groups": [_GROUP]},
    ),
    ("get", "/api/v1/figures/{code}/contributions"): (
        None,
        {
            "figure": _MEANING,
            "value": 16,
            "parts": [],
            "contributions": [
                {
                    "activity": f"activity:{_VISIT}",
                    "record": _VISIT,
                    "item": "",
                    "branch": "b03",
                    "member": "",
                    "of": "visit",
                    "kind": "help_household",
                    "subject": _HOUSEHOLD,
                    "day": "2026-11-20",
                    "value": 1,
                }
            ],
            "names": {_HOUSEHOLD: "王秀英户"},
            "next": None,
        },
    ),
    ("get", "/api/v1/activity-records/{branch}/{month}"): (
        None,
        {
            "id": "activity_record:b03:2026-10",
            "branch": "b03",
            "month": "2026-10",
            "state": "approved",
            "number": 1,
            "figures": [
                {
                    "code": "visits",
                    "zh": "走访",
                    "en": "Visits",
                    "unit_zh": "次",
                    "unit_en": "times",
                    "value": 12,
                    "open": "/api/v1/figures/visits/contributions?branch=b03&first=2026-10&last=2026-10",
                }
            ],
            "activities": [f"activity:{_VISIT}"],
            "late": [],
            "published": [1],
            "versions": [
                {
                    "number": 1,
                    "approved_by": "m0049",
                    "approved_at": "2026-11-02T01:00:00Z",
                    "digest": "sha256-5b1c0f1d6e0a4f0f9a1c2f5a7d3b8e6c4a9d0e2f7b6c5d4e3f2a1b0c9d8e7f60",
                    "activities": 1,
                    "missing": 0,
                }
            ],
            "approved_by": "m0049",
            "approved_at": "2026-11-02T01:00:00Z",
            "seen": "sha256-5b1c0f1d6e0a4f0f9a1c2f5a7d3b8e6c4a9d0e2f7b6c5d4e3f2a1b0c9d8e7f60",
            "awaited": [],
        },
    ),
    ("get", "/api/v1/activity-records/{branch}/{month}/profile"): (
        None,
        {
            "month": _NOVEMBER,
            "before": _OCTOBER,
            "year_before": _LAST_YEAR,
            "figures": _GROUP,
            "weeks": _WEEKS,
            "kinds": [{"group": "help_household", "figures": {"visits": 16}}],
            "members": [{"group": "m0117", "figures": {"visits": 9}}],
            "months": _WEEKS,
        },
    ),
    ("get", "/api/v1/imports"): (None, {"imports": [_IMPORT], "next": None}),
    ("post", "/api/v1/imports"): (
        None,
        {
            "outcome": "imported",
            "id": _IMPORT["id"],
            "months": ["2026-10"],
            "counted": 411,
            "flagged": 1,
            "problems": [_FAULT],
            "skipped": [],
            "columns": {"窗口": "window", "办结": "concluded"},
            "ignored": [],
            "sheet": "Sheet1",
            "encoding": "",
            "supersedes": [],
            "sheets": ["Sheet1"],
            "hidden": [],
        },
    ),
    ("get", "/api/v1/imports/{doc}"): (
        None,
        {
            "about": _IMPORT,
            "rows": [
                {
                    "row": 2,
                    "month": "2026-10",
                    "window": "w07",
                    "branch": "b03",
                    "kind": "instant",
                    "accepted": 310,
                    "concluded": 309,
                    "on_time": 309,
                    "rated": 300,
                    "satisfied": 300,
                }
            ],
            "next": None,
        },
    ),
    ("post", "/api/v1/imports/{doc}/withdraw"): (
        {"reason": "文件月份错误"},
        {"id": "import:1795222800000a1b2c3d4", "revision": "2-5e8d"},
    ),
    ("post", "/api/v1/imports/registers/{kind}"): (
        None,
        {
            "outcome": "tried",
            "id": "",
            "kind": "members",
            "branch": "",
            "counts": {"new": 1},
            "rows": [
                {
                    "row": 2,
                    "outcome": "new",
                    "id": "member:m0132",
                    "name": "周敏",
                    "changes": [{"field": "name", "zh": "姓名", "en": "Name", "before": "", "after": "周敏"}],
                    "problems": [],
                    "warnings": [],
                }
            ],
            "failed": {},
            "previewed": "5b1c0f1d6e0a4f0f9a1c2f5a7d3b8e6c",
            "sheet": "Sheet1",
            "sheets": ["Sheet1"],
            "encoding": "",
            "columns": {"姓名": "name"},
            "ignored": [],
            "left_out": [],
            "hidden": [],
            "skipped": [],
            "absent": 0,
            "header": ["姓名"],
            "lines": [{"row": 2, "cells": ["周敏"]}],
        },
    ),
    ("get", "/api/v1/imports/registers"): (None, {"imports": [_REGISTER], "next": None}),
    ("get", "/api/v1/imports/registers/{doc}"): (
        None,
        {
            "about": _REGISTER,
            "rows": [{"row": 2, "outcome": "new", "id": "member:m0132", "name": "周敏"}],
            "next": None,
        },
    ),
}
