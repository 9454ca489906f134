"""Decide what the description of the API (`/schema`) shows as examples: values of the types that the routes take and give."""

from typing import Any, NamedTuple

import msgspec
from litestar import Litestar, Request
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.routes import HTTPRoute

from server.api import examples_access, examples_figures, examples_records
from server.api.assignments import Assigned, Assignment, Assignments, Coverage
from server.api.audit import Lines
from server.api.base import PROBLEM_DETAILS, Problem, refusal
from server.api.described import describe, operation_id
from server.api.directory import Entry, Members, Names, Whole
from server.api.examples_ledger import ANSWERS
from server.api.forms import Form, FormChecked, FormUse
from server.api.inbox import EVERY_KIND, Inbox, Item, ReasonTold, Sound
from server.api.kept import Entry as Refused
from server.api.kept import Quarantine
from server.api.likely import Because as Alike
from server.api.likely import Beside, Compared
from server.api.offices import Office
from server.api.reviews import Answered, Batch, Decided, Decision, Remark
from server.api.since import Changed, SinceDecision
from server.api.tablets import Listed, Listing
from server.roster import Counts, Kept
from server.tablet_reports import Report
from server.tablet_standing import Because
from server.tablets import Tablet
from sync.ledger.assignments import AssignmentRow, Unreached
from sync.offices import Term, written

_VISIT = "visit:01K9ZJ6Q3T8M4V7C2N5B1X0001"
_SEEN = "sha256-5b1c0f1d6e0a4f0f9a1c2f5a7d3b8e6c4a9d0e2f7b6c5d4e3f2a1b0c9d8e7f60"
_MEMBER = Kept("member:m0117", "2-7c1e", {"name": "李明", "branch": "b03", "role": "member"})
_BRANCH = Kept("branch:b03", "5-1a2b", {"name": "第三党支部", "short": "三支部", "order": 3})
_SEATED = Kept(
    "branch:b03", "6-9f04", {**_BRANCH.fields, **written(Term("7c1e9f04", "m0102", "discipline", "2026-11-01", None))}
)
_HOME = "household:01K8Q2M4T6V8C0N2B4X6D8E0F1"
_LINK = "assignment:1795222800000a1b2c3d4"
_ITEM = {"path": "outcome", "kind": "text", "label": {"zh": "办理结果", "en": "What came of it"}, "required": True}


def _beside(subject: str, name: str, records: int) -> Beside:
    fields = {"kind": "household", "name": name, "address": "三栋二单元501室"}
    return Beside(subject, name, "b03", "m0117", fields, records, "2026-11-20")


class Shown(NamedTuple):
    """What is sent and what is answered; None: nothing to show."""

    sent: Any
    answered: Any


REFUSED = refusal("invalid", "This cannot be kept as it is: put right what is told.", 400, [Problem("name", "…")])

_MORE = (examples_access.SHOWN, examples_records.SHOWN, examples_figures.SHOWN)
_ITEM_TOLD = Item(
    kind="new",
    id=_VISIT,
    database="branch-b03",
    branch="b03",
    at="2026-11-20",
    title="",
    subject="household:01K8Q2M4T6V8C0N2B4X6D8E0F1",
    subject_name="王秀英户",
    author="m0117",
    doubt=30,
    reasons=[ReasonTold("不足 5 分钟", "It took less than 5 minutes")],
    seen=_SEEN,
)
_SOUND = msgspec.structs.replace(_ITEM_TOLD, doubt=0, reasons=[])
EXAMPLES: dict[tuple[str, str], Shown] = {
    ("get", "/api/v1/inbox"): Shown(
        None,
        Inbox(
            {kind: int(kind == "new") for kind in EVERY_KIND},  # type: ignore[misc]  # the kinds, as the type names them
            [_ITEM_TOLD],
            {"member:m0117": "李明", "branch:b03": "第三党支部"},
            None,
        ),
    ),
    ("get", "/api/v1/inbox/sound"): Shown(None, Sound(1, [_SOUND], None)),
    ("post", "/api/v1/reviews/batch"): Shown(
        Batch(
            [
                Decision(_VISIT, "approve", _SEEN),
                Decision(_VISIT[:-1] + "2", "return", _SEEN, remarks=[Remark("请补充结果", "outcome")]),
            ]
        ),
        [
            Answered(_VISIT, "decided", "review:1795222800000a1b2c3d4e5f60718", "1-9d2f"),
            Answered(_VISIT[:-1] + "2", "conflict", error="conflict", reason="This has changed …", seen=_SEEN),
        ],
    ),
    ("post", "/api/v1/reviews"): Shown(
        Decision(_VISIT, "approve", _SEEN, decided=""),
        Decided("review:1795222800000a1b2c3d4e5f60718", "1-9d2f", _VISIT),
    ),
    ("get", "/api/v1/records/{record}/since"): Shown(
        None,
        SinceDecision(
            "review:1795222800000a1b2c3d4e5f60718",
            "approve",
            "m0001",
            "2026-11-21T01:00:00.000Z",
            True,
            False,
            [
                Changed(
                    "outcome",
                    "有何成效",
                    "What came of it",
                    None,
                    "低保已批",
                    "m0117",
                    "t5d2c",
                    "2026-11-22T01:00:00.000Z",
                )
            ],
        ),
    ),
    ("get", "/api/v1/quarantine"): Shown(
        None,
        Quarantine(
            [
                Refused(
                    "quarantine:li:5b1c0f1d6e0a4f0f9a1c2f5a7d3b8e6c",
                    "branch-b04",
                    _VISIT,
                    ["1-9d2f"],
                    False,
                    {"type": "visit", "branch": "b04"},
                    "forbidden",
                    {"zh": "您不是该支部的人员", "en": "You are no member of this branch."},
                    "li",
                    "m0117",
                    "t5d2c",
                    "2026-11-21T01:00:00Z",
                    "open",
                )
            ],
            None,
        ),
    ),
    ("get", "/api/v1/subjects/{subject}/beside/{other}"): Shown(
        None,
        Compared(
            _beside("household:01K8Q2M4T6V8C0N2B4X6D8E0F1", "王秀英户", 12),
            _beside("household:01K8Q2M4T6V8C0N2B4X6D8E0F2", "王秀英", 1),
            80,
            [Alike("same_address", "地址相同", "the same address")],
            18,
            "",
            "",
            "",
        ),
    ),
    ("get", "/api/v1/tablets"): Shown(
        None,
        Listing(
            [
                Listed(
                    Tablet(id="t5d2c", account="li", state="active", label="三号平板", made="2026-11-01T01:00:00Z"),
                    Report(unsent=2, version="0.1.0", at="2026-11-22T01:00:00Z", current={"branch-b03": True}),
                    "m0117",
                    "李明",
                    "b03",
                    False,
                    [Because("unsent", "2 条未上传", "2 records have not arrived", "联网同步", "Let it sync")],
                )
            ],
            1,
            0,
            "0.1.0",
            None,
        ),
    ),
    ("get", "/api/v1/audit"): Shown(
        None,
        Lines(
            [
                {
                    "id": "audit:01795320000000-000000-9f3c1a2b",
                    "kind": "read",
                    "at": "2026-11-22T01:00:00.000Z",
                    "account": "song",
                    "member": "m0001",
                    "records": [_VISIT],
                }
            ],
            None,
            "",
            {"member:m0001": "宋敏"},
        ),
    ),
    ("get", "/api/v1/assignments"): Shown(
        None,
        Assignments(
            [AssignmentRow(_LINK, "link", "b03", "m0117", _HOME, "", "2026-12-01", "", "future")],
            {},
            {},
            {"member:m0117": "李明", _HOME: "王秀英户"},
            None,
        ),
    ),
    ("get", "/api/v1/assignments/coverage"): Shown(
        None,
        Coverage(
            "2026-11-01",
            "2026-11-30",
            [Unreached("m0117", "b03", 10, 9, [(_LINK, _HOME)])],
            {"member:m0117": "李明", _HOME: "王秀英户"},
        ),
    ),
    ("get", "/api/v1/directory"): Shown(None, Whole([_BRANCH], [], [], Counts(131, {"b03": 19}, {"u07": 6}))),
    ("get", "/api/v1/directory/members"): Shown(None, Members([_MEMBER], 1, None)),
    ("get", "/api/v1/directory/names"): Shown(None, Names({"branch:b03": "三支部", "member:m0117": "李明"}, None)),
    ("get", "/api/v1/directory/{kind}/{name}"): Shown(None, _MEMBER),
    ("put", "/api/v1/directory/{kind}/{name}"): Shown(
        Entry({**_MEMBER.fields, "branch": "b04"}, "2026-11-20"), _MEMBER
    ),
    ("post", "/api/v1/branches/{branch}/offices"): Shown(Office("m0102", "discipline", "2026-11-01"), _SEATED),
    ("put", "/api/v1/branches/{branch}/offices/{item}"): Shown(
        Office("m0102", "discipline", "2024-03-01", "2026-10-31"), _SEATED
    ),
    ("delete", "/api/v1/branches/{branch}/offices/{item}"): Shown(None, _BRANCH),
    ("post", "/api/v1/assignments"): Shown(
        Assignment("b03", "link", "m0117", "household:01K8Q2M4T6V8C0N2B4X6D8E0F1", days=("2026-12-01", None)),
        Assigned("assignment:1795222800000a1b2c3d4", "1-3b7a"),
    ),
    ("post", "/api/v1/forms"): Shown(
        Form("visit", {"zh": "走访", "en": "Visit"}, [_ITEM]),
        Kept("form:visit/3", "1-5e8d", {"for": "visit", "number": 3, "items": [_ITEM]}),
    ),
    ("post", "/api/v1/forms/check"): Shown(
        Form("visit", {"zh": "走访", "en": "Visit"}, [_ITEM]),
        FormChecked([Problem("items", "缺少“起止时间” The form lacks “period”")]),
    ),
    ("get", "/api/v1/forms/uses"): Shown(None, [FormUse("visit", 61_200), FormUse("service", 27_400)]),
    **{("get", path): Shown(None, answered) for path, answered in ANSWERS.items()},
    **{operation: Shown(*told) for shown in _MORE for operation, told in shown.items()},
}


class WithExamples(JsonRenderPlugin):
    """The description as JSON, complete and with the examples in it."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        describe(openapi_schema, _guards(request.app))
        openapi_schema["components"]["responses"]["Malformed"]["content"][PROBLEM_DETAILS]["example"] = _plain(REFUSED)
        for (method, path), shown in EXAMPLES.items():
            operation = openapi_schema["paths"][path][method]
            if shown.sent is not None:
                operation["requestBody"]["content"]["application/json"]["example"] = _plain(shown.sent)
            told = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
            if shown.answered is not None:
                told["content"]["application/json"]["example"] = _plain(shown.answered)
        return super().render(request, openapi_schema)


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)


def _guards(app: Litestar) -> dict[str, frozenset[str]]:
    """The names of those who let in, of each operation."""
    handlers = (
        handler
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler, _ in route.route_handler_map.values()
    )
    return {
        operation_id(handler): frozenset(getattr(guard, "__name__", "") for guard in handler.resolve_guards())
        for handler in handlers
    }
