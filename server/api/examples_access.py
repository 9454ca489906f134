"""Decide what the description of the API shows of logging in, accounts, tablets, the audit trail and what was refused: as JSON, which a
test decodes as the routes do."""

from typing import Any, Final

_TABLET = {
    "id": "t5d2c",
    "account": "li",
    "state": "active",
    "label": "三号平板",
    "made": "2026-11-01T01:00:00Z",
    "code_expires": "",
    "enrolled": "2026-11-01T01:20:00Z",
    "token_expires": "2027-12-06T01:20:00Z",
}
_INVITED = {**_TABLET, "state": "invited", "code_expires": "2026-11-25T01:00:00Z", "enrolled": "", "token_expires": ""}
_INVITATION = {
    "tablet": _INVITED,
    "code": "t5d2c-7KQ4M9RX",
    "link": "https://fieldbook.example/#enrol=t5d2c-7KQ4M9RX",
    "qr": "<svg …></svg>",
}
_ACCOUNT = {
    "name": "li",
    "role": "member",
    "member": "m0117",
    "branch": "b03",
    "locked": False,
    "changed": "2026-11-01T01:00:00Z",
}
_ACCOUNT_TOLD = {**_ACCOUNT, "person": "李明", "person_role": "member", "person_branch": "b03"}
_PASS = {
    "id": "Xk3vQ1zT9mWc",
    "kind": "token",
    "account": "committee",
    "label": "月报脚本",
    "made": "2026-11-22T01:00:00Z",
    "expires": "2027-02-20T01:00:00Z",
}
_ME = {
    "name": "secretary-b03",
    "role": "secretary",
    "member": "m0049",
    "branch": "b03",
    "tablet": None,
    "principals": ["branch:b03", "member:m0049", "secretary:b03"],
}
_VISIT = "visit:01K9ZJ6Q3T8M4V7C2N5B1X0001"
_HOUSEHOLD = "household:01K8Q2M4T6V8C0N2B4X6D8E0F1"
_SEEN = "sha256-5b1c0f1d6e0a4f0f9a1c2f5a7d3b8e6c4a9d0e2f7b6c5d4e3f2a1b0c9d8e7f60"
_NOTHING = "sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_REFUSED = {
    "id": "quarantine:li:5b1c0f1d6e0a4f0f9a1c2f5a7d3b8e6c",
    "database": "branch-b04",
    "record": _VISIT,
    "revisions": ["1-9d2f"],
    "deleted": False,
    "content": {"type": "visit", "branch": "b04"},
    "code": "forbidden",
    "reason": {"zh": "您不是该支部的人员", "en": "You are no member of this branch."},
    "account": "li",
    "member": "m0117",
    "device": "t5d2c",
    "at": "2026-11-21T01:00:00Z",
    "state": "open",
}
_SESSION = {**_PASS, "kind": "session", "label": "", "expires": "2026-11-22T13:00:00Z"}
_DONE = {"ok": True}

SHOWN: Final[dict[tuple[str, str], tuple[Any, Any]]] = {
    ("get", "/api/v1/session"): (None, _ME),
    ("post", "/api/v1/session"): ({"name": "secretary-b03", "password": "…"}, _ME),
    ("delete", "/api/v1/session"): (None, _DONE),
    ("post", "/api/v1/session/password"): ({"old": "…", "new": "…"}, _DONE),
    ("get", "/api/v1/tokens"): (None, {"tokens": [_PASS], "next": None}),
    ("post", "/api/v1/tokens"): (
        {"label": "月报脚本", "days": 90},
        {"token": "fbt_Xk3vQ1zT9mWc_…", "about": _PASS},
    ),
    ("delete", "/api/v1/tokens/{token}"): (None, _DONE),
    ("get", "/api/v1/accounts"): (None, {"accounts": [_ACCOUNT_TOLD], "total": 1, "next": None}),
    ("get", "/api/v1/accounts/{name}"): (None, _ACCOUNT_TOLD),
    ("post", "/api/v1/accounts"): (
        {"name": "li", "role": "member", "password": "…", "member": "m0117", "branch": "b03"},
        _ACCOUNT,
    ),
    ("patch", "/api/v1/accounts/{name}"): ({"locked": True}, {**_ACCOUNT, "locked": True}),
    ("put", "/api/v1/accounts/{name}/password"): ({"password": "…"}, _ACCOUNT),
    ("get", "/api/v1/sessions"): (None, {"sessions": [_SESSION], "next": None}),
    ("delete", "/api/v1/sessions/{session}"): (None, _DONE),
    ("get", "/api/v1/tablets/accounts"): (
        None,
        {
            "accounts": [{"account": "li", "member": "m0117", "name": "李明", "branch": "b03", "tablets": 1}],
            "next": None,
        },
    ),
    ("get", "/api/v1/audit/kinds"): (None, {"log_in": {"zh": "登录", "en": "Logged in"}}),
    ("post", "/api/v1/tablets/enrol"): (
        {"code": "t5d2c-7KQ4M9RX", "label": ""},
        {
            "token": "fbd_t5d2c_…",
            "expires": "2027-12-06T01:20:00Z",
            "tablet": _TABLET,
            "account": "li",
            "role": "member",
            "member": "m0117",
            "branch": "b03",
            "zone": "Asia/Shanghai",
            "store": "5f0c2a7d9b3e4c61",
            "keep_days": 400,
            "recovery": None,
            "data_key": None,
        },
    ),
    ("post", "/api/v1/tablets/beacon"): (
        {"tablet": "t5d2c", "beacon": "6b1f0c…", "wiped": False},
        {"state": "active"},
    ),
    ("get", "/api/v1/tablets/me"): (
        None,
        {
            "id": "t5d2c",
            "state": "active",
            "account": "li",
            "member": "m0117",
            "branch": "b03",
            "name": "李明",
            "role": "member",
            "rights": "b2f1c9",
            "time": "2026-11-22T01:00:00.000Z",
            "zone": "Asia/Shanghai",
            "store": "5f0c2a7d9b3e4c61",
            "version": "0.1.0",
            "keep_days": 400,
            "recovery": None,
        },
    ),
    ("post", "/api/v1/tablets/me/report"): (
        {"unsent": 1, "ids": {"branch-b03": {_VISIT: ["2-7c1e"]}}, "received": {"branch-b03": "812-g1AAAA"}},
        {"state": "active", "arrived": {"branch-b03": {_VISIT: ["2-7c1e"]}}, "current": {"branch-b03": True}},
    ),
    ("get", "/api/v1/tablets/me/forget/{db}"): (
        None,
        {"ids": [_VISIT], "next": "900-g1AAAA", "more": False, "compare": False, "all": False},
    ),
    ("post", "/api/v1/tablets/me/forget/{db}"): ({"ids": [_VISIT]}, {"ids": [_VISIT], "all": False}),
    ("post", "/api/v1/tablets/me/wiped"): (None, _DONE),
    ("post", "/api/v1/tablets"): ({"account": "li", "label": "三号平板"}, _INVITATION),
    ("post", "/api/v1/tablets/{tablet}/code"): (None, _INVITATION),
    ("post", "/api/v1/tablets/{tablet}/{act}"): (None, {**_TABLET, "state": "locked"}),
    ("post", "/api/v1/rescues"): (None, {"written": 12, "known": 3, "photos": 2, "refused": []}),
    ("get", "/api/v1/quarantine/{entry}"): (None, _REFUSED),
    ("post", "/api/v1/quarantine/{entry}/admit"): (None, {**_REFUSED, "state": "admitted"}),
    ("post", "/api/v1/erasures"): (
        {"database": "branch-b03", "ids": [_VISIT], "reason": "当事人要求删除 2026-11-20"},
        {"erased": {_VISIT: ["2-7c1e"], f"check:{_VISIT}": ["1-91b0"]}},
    ),
    ("get", "/api/v1/erasures/{document}"): (
        None,
        {
            "id": _HOUSEHOLD,
            "type": "subject",
            "database": "branch-b03",
            "branch": "b03",
            "word": "王秀英户",
            "aliases": [],
            "itself": [
                {"type": "assignment", "count": 1},
                {"type": "person", "count": 1},
                {"type": "subject", "count": 1},
            ],
            "records": [{"branch": "b03", "type": "visit", "count": 12}],
            "beside": [{"type": "photo", "count": 9}, {"type": "review", "count": 12}],
            "cases": 0,
            "months": [{"branch": "b03", "month": "2026-10", "number": 1}],
            "count": 48,
            "seen": _SEEN,
        },
    ),
    ("post", "/api/v1/erasures/{document}"): (
        {"reason": "当事人要求删除 2026-11-20", "seen": _SEEN},
        {"erased": 48, "left": 0, "seen": _NOTHING},
    ),
    ("get", "/health"): (None, {"status": "ok"}),
    ("get", "/api/v1/about"): (
        None,
        {
            "name": "Fieldbook",
            "version": "0.1.0",
            "time": "2026-11-22T01:00:00.000Z",
            "zone": "Asia/Shanghai",
            "store": "5f0c2a7d9b3e4c61",
        },
    ),
    ("get", "/api/v1/record-types"): (None, {"$defs": {"visit": {"type": "object", "properties": {}}}}),
}
