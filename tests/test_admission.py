"""AM: what is let in, and what becomes of what is refused."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.errors import Forbidden
from sync.stores.contract import LEAVES, Range, Want, Written
from tests.builders import NOW, Centre, centre, record, stamp, write


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Centre]:
    async with centre(tmp_path / "store") as made:
        yield made


async def contents(here: Centre, db: str, prefix: str) -> list[dict[str, Any]]:
    rows, _, _ = await here.store.rows(db, Range(prefix, prefix + "\U0010ffff"), bodies=True)
    return [json.loads(row.body or b"{}") for row in rows]


async def test_am1_a_members_record_is_stored_exactly_as_sent(here: Centre) -> None:
    visit = record(fields={"unknown/to/this/version": [1, "二"]})
    (result,) = await here.admission.push(here.actor("m0117"), "branch-b03", [write(visit)])
    assert result == Written(visit["_id"], "1-a")
    (found,) = await here.store.get("branch-b03", [Want(visit["_id"])])
    assert json.loads(found.revisions[0].body) == {name: value for name, value in visit.items() if name != "_id"}
    assert await contents(here, "branch-b03", "check:") == []


async def test_am4_leaves_that_cannot_be_joined_hinder_nobody(here: Centre) -> None:
    visit = record(fields={"odd": 1.5})
    for path in (["1-a"], ["2-b", "1-a"], ["2-c", "1-a"], ["2-d", "1-a"]):
        results = await here.admission.push(here.actor("m0117"), "branch-b03", [write(visit, *path), write(record())])
        assert all(isinstance(one, Written) for one in results)


async def test_am2_what_one_may_not_write_is_quarantined_and_hinders_nobody(here: Centre) -> None:
    good, foreign = record(), record(branch="b04")
    results = await here.admission.push(here.actor("m0117"), "branch-b03", [write(foreign), write(good)])
    assert isinstance(results[0], Forbidden)
    assert isinstance(results[1], Written)
    assert (await here.store.get("branch-b03", [Want(foreign["_id"])]))[0].tree == {}
    (kept,) = await contents(here, "office", "quarantine:m0117:")
    assert kept["content"]["fields"] == foreign["fields"]
    assert (kept["code"], kept["record"], kept["revisions"]) == ("wrong_branch", foreign["_id"], ["1-a"])
    await here.admission.push(here.actor("m0117"), "branch-b03", [write(foreign)])
    assert len(await contents(here, "office", "quarantine:")) == 1, "sent again it is the same entry"


async def test_am2_what_the_server_makes_itself_is_refused_and_not_quarantined(here: Centre) -> None:
    made = {**record("activity"), "_id": "activity:visit:00000000000000000000000001"}
    (result,) = await here.admission.push(here.actor("m0117"), "branch-b03", [write(made)])
    assert isinstance(result, Forbidden)
    assert await contents(here, "office", "quarantine:") == []


async def test_am3_a_record_with_problems_is_kept_and_its_check_says_what_is_wrong(here: Centre) -> None:
    visit = record(fields={"period": ["2026-11-20T05:00:00Z", "2026-11-20T04:00:00Z"], "kind": "no such kind"})
    li = here.actor("m0117")
    (result,) = await here.admission.push(li, "branch-b03", [write(visit)])
    assert isinstance(result, Written)
    (check,) = await contents(here, "branch-b03", "check:")
    assert {problem["field"] for problem in check["fields"]["problems"]} >= {"kind"}
    page = await here.store.changes("branch-b03", reader=frozenset({"member:m0042"}))
    assert sorted(change.id for change in page.changes) == sorted([visit["_id"], f"check:{visit['_id']}"])
    mended = {
        **visit,
        "fields": {**visit["fields"], "period": ["2026-11-20T04:00:00Z", "2026-11-20T05:00:00Z"], "kind": "assist"},
    }
    await here.admission.push(li, "branch-b03", [write(mended, "2-b", "1-a")])
    (check,) = await contents(here, "branch-b03", "check:")
    assert check["fields"]["problems"] == []


async def test_am3_a_revision_that_comes_after_its_successor_says_nothing_of_what_is_wrong(here: Centre) -> None:
    visit = record()
    wrong = {**visit, "fields": {**visit["fields"], "kind": "no such kind"}}
    li = here.actor("m0117")
    await here.admission.push(li, "branch-b03", [write(wrong, "2-b", "1-a")])
    await here.admission.push(li, "branch-b03", [write(visit)])
    (check,) = await contents(here, "branch-b03", "check:")
    assert [problem["field"] for problem in check["fields"]["problems"]] == ["kind"]


async def test_am4_a_stranger_may_neither_change_nor_see_a_record(here: Centre) -> None:
    visit = record(fields={"participants/m0042": False})
    await here.admission.push(here.actor("m0117"), "branch-b03", [write(visit)])
    changed = {
        **visit,
        "fields": {**visit["fields"], "narrative": "改"},
        "stamps": {**visit["stamps"], "narrative": stamp("m0099")},
    }
    (result,) = await here.admission.push(here.actor("m0099"), "branch-b03", [write(changed, "2-b", "1-a")])
    assert isinstance(result, Forbidden)
    page = await here.store.changes("branch-b03", reader=here.actor("m0099").principals)
    assert page.changes == []


async def test_am5_a_record_is_not_deleted_by_a_tablet(here: Centre) -> None:
    visit = record()
    li = here.actor("m0117")
    await here.admission.push(li, "branch-b03", [write(visit)])
    (result,) = await here.admission.push(li, "branch-b03", [write({"_id": visit["_id"]}, "2-b", "1-a", deleted=True)])
    assert isinstance(result, Forbidden)
    assert result.facts["code"] == "not_deletable"


async def test_am6_what_was_made_before_a_move_is_accepted_after_it(here: Centre) -> None:
    administrator = here.actor("admin", "administrator", None)
    member = {
        "_id": "member:m0117",
        "type": "member",
        "version": 1,
        "fields": {
            "name": "王敏",
            "branch": "b04",
            "belonged/stay1/branch": "b03",
            "belonged/stay1/days": ["2026-01-01", "2026-11-10"],
        },
        "stamps": {"": stamp()},
    }
    await here.admission.push(administrator, "centre", [write(member)])
    moved = here.actor("m0117")
    assert "branch:b03" not in moved.principals
    here.admission.enter(moved, "branch-b03")
    before, after = record(), record()
    before["stamps"] = {"": stamp(at=NOW - timedelta(days=12))}
    results = await here.admission.push(moved, "branch-b03", [write(before), write(after)])
    assert [type(result) for result in results] == [Written, Forbidden]
    # Days begin when they begin at the centre: eight hours before those of UTC.
    hours = [datetime(2025, 12, 31, hour, 30, tzinfo=UTC) for hour in (15, 16)]
    hours += [datetime(2026, 11, 10, hour, 30, tzinfo=UTC) for hour in (15, 16)]
    edges = [record() | {"stamps": {"": stamp(at=at)}} for at in hours]
    results = await here.admission.push(moved, "branch-b03", [write(one) for one in edges])
    assert [type(result) for result in results] == [Forbidden, Written, Written, Forbidden]


@pytest.mark.parametrize(("left", "stays"), [("2026-11-20", True), ("2026-11-19", False)])
async def test_am6_who_left_has_no_rights_from_the_next_day_of_the_centre_on(
    here: Centre, monkeypatch: pytest.MonkeyPatch, left: str, stays: bool
) -> None:
    early = datetime(2026, 11, 19, 16, 30, tzinfo=UTC)
    monkeypatch.setattr("tests.builders.NOW", early)
    told = {"name": "王敏", "branch": "b03", "left": left}
    member = {"_id": "member:m0117", "type": "member", "version": 1, "fields": told, "stamps": {"": stamp(at=early)}}
    await here.admission.push(here.actor("admin", "administrator", None), "centre", [write(member)])
    assert ("branch:b03" in here.actor("m0117").principals) is stays


async def test_am7_assignments_give_and_take_the_right_to_read(here: Centre) -> None:
    secretary = here.actor("m0001", "secretary")
    facts = record("person", author="m0001")
    subject = facts["fields"]["subject"]
    results = await here.admission.push(secretary, "branch-b03", [write(facts)])
    assert isinstance(results[0], Written), results
    assert not here.actor("m0042").principals & {f"assigned:{subject}"}
    given = record("assignment", author="m0001", fields={"member": "m0042", "subject": subject})
    await here.admission.push(secretary, "branch-b03", [write(given)])
    assert f"assigned:{subject}" in here.actor("m0042").principals
    page = await here.store.changes("branch-b03", reader=here.actor("m0042").principals)
    assert facts["_id"] in [change.id for change in page.changes]
    taken = record(
        "assignment",
        author="m0001",
        fields={"member": "m0042", "subject": subject, "state": "ended", "supersedes": given["_id"]},
    )
    await here.admission.push(secretary, "branch-b03", [write(taken)])
    assert f"assigned:{subject}" not in here.actor("m0042").principals


async def test_am8_nobody_decides_on_an_own_record(here: Centre) -> None:
    own = record(author="m0001")
    secretary = here.actor("m0001", "secretary")
    await here.admission.push(secretary, "branch-b03", [write(own)])
    decision = record("review", author="m0001", fields={"record": own["_id"], "decision": "approve"})
    (result,) = await here.admission.push(secretary, "branch-b03", [write(decision)])
    assert isinstance(result, Forbidden)
    assert result.facts["code"] == "own_record"
    lis = record(author="m0117")
    await here.admission.push(here.actor("m0117"), "branch-b03", [write(lis)])
    for named in (f"records/{own['_id']}", f"records/activity:{own['_id']}"):
        body = record("activity", fields={f"records/{own['_id']}": True, "authors/m0001": True})
        await here.store.add("branch-b03", [write({**body, "_id": f"activity:{own['_id']}"})])
        join = record("review", author="m0001", fields={"record": lis["_id"], "decision": "join", named: True})
        (result,) = await here.admission.push(secretary, "branch-b03", [write(join)])
        assert isinstance(result, Forbidden)
        deputys = record("review", author="m0002", fields={**join["fields"]})
        (result,) = await here.admission.push(here.actor("m0002", "deputy"), "branch-b03", [write(deputys)])
        assert not isinstance(result, Exception)


async def test_am9_what_was_erased_does_not_come_back(here: Centre) -> None:
    visit = record()
    li = here.actor("m0117")
    await here.admission.push(li, "branch-b03", [write(visit)])
    assert await here.erasures.erase("branch-b03", [visit["_id"]], "本人要求", "admin") == {visit["_id"]: ["1-a"]}
    for pusher in (li, here.actor("admin", "administrator", None)):
        (result,) = await here.admission.push(pusher, "branch-b03", [write(visit)])
        assert isinstance(result, Forbidden)
        assert result.facts["code"] == "erased"
    assert (await here.store.get("branch-b03", [Want(visit["_id"], LEAVES)]))[0].tree == {}
    assert await contents(here, "office", "quarantine:") == []


async def test_am9_an_erasure_list_is_applied_to_what_a_backup_brought_back(here: Centre) -> None:
    visit, other = record(), record()
    await here.store.add("branch-b04", [write(visit), write(other)])
    await here.erasures.erase("branch-b03", [visit["_id"]], "本人要求", "admin")
    assert await here.erasures.apply("branch-b04") == {visit["_id"]: ["1-a"]}
    assert (await here.store.get("branch-b04", [Want(other["_id"])]))[0].tree


async def test_am10_the_audit_trail_is_append_only(here: Centre) -> None:
    administrator = here.actor("admin", "administrator", None)
    line = {"_id": "audit:0001", "type": "audit", "what": "login"}
    (first,) = await here.admission.push(administrator, "office", [write(line)])
    assert isinstance(first, Written)
    results = await here.admission.push(administrator, "office", [write({**line, "what": "nothing"}, "2-b", "1-a")])
    assert isinstance(results[0], Forbidden)


async def test_am11_writes_that_somebody_else_relays_are_kept_and_marked(here: Centre) -> None:
    visit = record(author="m0042")
    (result,) = await here.admission.push(here.actor("m0117"), "branch-b03", [write(visit)])
    assert isinstance(result, Written)
    (check,) = await contents(here, "branch-b03", "check:")
    assert check["fields"]["problems"] == []
    assert {one["by"] for one in check["fields"]["relayed"]} == {"m0117"}


async def test_am11_the_list_of_what_was_relayed_only_grows(here: Centre) -> None:
    visit = record(author="m0042")
    await here.admission.push(here.actor("m0117"), "branch-b03", [write(visit)])
    before = {one["stamp"] for one in (await contents(here, "branch-b03", "check:"))[0]["fields"]["relayed"]}
    own = {
        **visit,
        "fields": {**visit["fields"], "kind": "no such kind"},
        "stamps": {**visit["stamps"], "kind": stamp("m0042")},
    }
    (result,) = await here.admission.push(here.actor("m0042"), "branch-b03", [write(own, "2-b", "1-a")])
    assert isinstance(result, Written)
    (check,) = await contents(here, "branch-b03", "check:")
    assert [problem["field"] for problem in check["fields"]["problems"]] == ["kind"]
    assert {one["stamp"] for one in check["fields"]["relayed"]} == before != set()


async def test_am11_a_write_without_a_stamp_is_nobodys(here: Centre) -> None:
    visit = record()
    del visit["stamps"]
    (result,) = await here.admission.push(here.actor("m0117"), "branch-b03", [write(visit)])
    assert isinstance(result, Written)
    assert [one for one in await contents(here, "branch-b03", "check:") if one["fields"].get("relayed")] == []


async def test_am12_databases_are_closed_to_those_with_no_business_there(here: Centre) -> None:
    member = here.actor("m0117")
    for db in ("branch-b03", "centre", "shared"):
        here.admission.enter(member, db)
    for db in ("branch-b04", "office", "photos-b03", "anything"):
        with pytest.raises(Forbidden):
            here.admission.enter(member, db)
    here.admission.enter(here.actor("m0200", "committee", None), "branch-b04")


async def test_a_type_that_is_no_text_is_refused_alone(here: Centre) -> None:
    good = record()
    odd = [{**record(), "type": given} for given in ({}, [1], None, 3)]
    results = await here.admission.push(here.actor("m0117"), "branch-b03", [*map(write, odd), write(good)])
    assert [type(one) for one in results] == [Forbidden] * 4 + [Written]
