"""Decide what the description of the API shows as answers about months, figures over time, activities and subjects."""

from typing import Any

from server.api.activities import ActivityTold, Binding, SideBySide, Words
from server.api.figures import Days, GroupSeries, Series
from server.api.ledger import MonthRow, Months
from server.api.subjects import Alias, LinkTold, MemberTold, PhotoTold, SubjectTold
from server.api.supplement import ActivityChanged, FigureChanged, LineTold, Supplement

_HOUSEHOLD = "household:01K8Q2M4T6V8C0N2B4X6D8E0F1"
_VISIT = "visit:01K9ZJ6Q3T8M4V7C2N5B1X0001"
_OTHER = "visit:01K9ZJ6Q3T8M4V7C2N5B1X0002"
_START, _END = "2026-11-20T00:03:12Z", "2026-11-20T00:40:00Z"
_PERIOD = [_START, _END]
_JOINED = {"records": [_VISIT, _OTHER], "score": 97, "because": ["same_subject", "overlap"], "overlap_minutes": 34}
_ACTIVITY = ActivityTold(
    f"activity:{_VISIT}",
    "2026-11-20",
    {"of": "visit", "kind": "help_household", "subject": _HOUSEHOLD, "period": _PERIOD, "state": "open"},
    [_VISIT, _OTHER],
    ["m0042", "m0117"],
    ["b03"],
    [f"activity:{_OTHER}"],
    [_JOINED],
    [],
    [_VISIT, _OTHER],
    {"member:m0117": "李明", "branch:b03": "第三党支部", _HOUSEHOLD: "王秀英户"},
)
_LINE = LineTold("visit", "help_household", _HOUSEHOLD, _START, _END, ["m0117"], ["b03"], 36, 1, 0)
_LINK = LinkTold("assignment:1795222800000a1b2c3d4", "b03", "m0117", _HOUSEHOLD, "2026-01-01", "", True)

ANSWERS: dict[str, Any] = {
    "/api/v1/activity-records": Months([MonthRow("b03", "2026-11", "under_review", 1)], None),
    "/api/v1/activity-records/{branch}/{month}/changes": Supplement(
        1,
        "m0101",
        "2026-12-01T01:00:00Z",
        True,
        [
            FigureChanged(
                "visits", "走访", "Visits", "次", "times", 15, 16, "/api/v1/figures/visits/contributions?branch=b03"
            )
        ],
        [
            ActivityChanged(
                _ACTIVITY.id, "new", [], None, _LINE, "", "", {_HOUSEHOLD: "王秀英户", "member:m0117": "李明"}
            )
        ],
        None,
    ),
    "/api/v1/figures/series": Series(
        [Days("2026-11-02", "2026-11-08", False), Days("2026-11-09", "2026-11-15", False)],
        ["branch=b03&first=2026-11-02&last=2026-11-08", "branch=b03&first=2026-11-09&last=2026-11-15"],
        [GroupSeries("", {"visits": [4, 6], "good_share": [100.0, None]})],
    ),
    "/api/v1/activities/{doc}/side-by-side": SideBySide(
        _ACTIVITY,
        [
            Words(_VISIT, "visit", "m0117", "b03", "visit/4", {"period": _PERIOD, "narrative": "谈了低保申请的进展"}),
            Words(_OTHER, "visit", "m0042", "b03", "", None),
        ],
        [Binding("review:1795222800000a1b2c3d4", "join", "m0101", "2026-11-21T01:00:00Z", [_OTHER])],
    ),
    "/api/v1/subjects/{subject}": SubjectTold(
        _HOUSEHOLD,
        "branch-b03",
        "b03",
        {"kind": "household", "name": "王秀英户", "address": "桐坪村五组"},
        _HOUSEHOLD,
        [Alias("household:01K8Q2M4T6V8C0N2B4X6D8E0F2", "王秀英", _HOUSEHOLD, "review:1795222800000a1b2c3d4")],
        [_LINK],
        "hidden",
        [],
        [PhotoTold("photo:01K9ZJ6Q3T8M4V7C2N5B1P0001", _VISIT, "2026-11-20", "屋顶")],
        {_HOUSEHOLD: "王秀英户"},
    ),
    "/api/v1/members/{member}": MemberTold(
        "m0117", {"name": "李明", "branch": "b03", "role": "member"}, [_LINK], {_HOUSEHOLD: "王秀英户"}
    ),
}
