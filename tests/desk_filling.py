"""What tests put on a server for the desk's screens of months, the centre and people to show."""

from typing import Any

import httpx

from tests.browser import until
from tests.builders import record
from tests.filling import as_admin, household, member, put
from tests.serving import PASSWORD, Served
from tests.working import hours, plain, visit

HOME, OTHER = household("李桂兰")["_id"], household("", 2)["_id"]


async def fill(staffed: Served, *more: dict[str, Any]) -> list[dict[str, Any]]:
    """November of branch b03: two visits (one recorded by two people), a service rated 5, a duty; and the directory. Once it is counted,
    the records."""
    for name, number in (("李桂兰", 1), ("李桂兰家", 2)):
        put(staffed, "branch-b03", household(name, number))
    window = {"name": "社保窗口", "branch": "b03"}
    put(staffed, "centre", {"_id": "window:w1", "type": "window", "version": 1, "fields": window})
    for one in ("m0001", "m0117", "m0042"):
        body = member(one, "b03")
        put(staffed, "centre", {**body, "fields": {**body["fields"], "window": "window:w1"}})
    put(staffed, "centre", {"_id": "branch:b03", "type": "branch", "version": 1, "fields": {"name": "第三党支部"}})
    kept = {"privacy": "notice", "keep_until": "2028-11-20"}
    leak = {"problems__item1__text": "屋顶漏雨", "problems__item1__due": "2026-11-10"}
    service = plain("service", period=hours(1, 2, 10), kind="on_site", **({"subject": HOME} | kept))
    told = [
        visit("m0117", subject=HOME, period=hours(1, 2, 3), narrative="谈了低保", **kept, **leak),
        visit("m0117", subject=HOME, period=hours(1, 2, 18), narrative="谈了医保", participants__m0042=True, **kept),
        visit("m0042", subject=HOME, period=hours(1, 2, 18), narrative="问了收成", participants__m0117=True, **kept),
        service,
        record("rating", fields={"record": service["_id"], "score": 5, "at": "2026-11-10T02:00:00Z"}),
        plain("event", kind="bin_duty", period=hours(6, 8, 17), title="桶前值守", place=None),
    ]
    for body in (*told, *more):
        put(staffed, f"branch-{body['branch']}", body)
    await until(lambda: activities(staffed) == 4)
    return told


def activities(staffed: Served) -> int:
    """How many the record of November counts, once it can be approved."""
    with httpx.Client(base_url=staffed.url, auth=("song", PASSWORD)) as secretary:
        answer = secretary.get("/api/v1/activity-records/b03/2026-11")
    return len(answer.json()["activities"]) if answer.status_code == 200 and answer.json()["seen"] else 0


def other_branch(staffed: Served) -> None:
    """A branch that the secretary of b03 has nothing to do with, and a visit of it."""
    with as_admin(staffed) as admin:
        admin.put("/sync/branch-b04")
    put(staffed, "centre", {"_id": "branch:b04", "type": "branch", "version": 1, "fields": {"name": "第四党支部"}})
    body = plain("event", "m0300", "b04", kind="bin_duty", period=hours(6, 8, 17), title="别处值守", place=None)
    put(staffed, "branch-b04", body)
