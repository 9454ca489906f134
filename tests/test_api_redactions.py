"""KE, AP: from a value in dispute or in a record's history to the settled record, or to one without it, over the whole application."""

from typing import Any

from sync.stores.contract import LEAVES, Want
from tests.builders import record, stamp, write
from tests.desk import COMMITTEE, LI, SECRETARY, ZHANG, Desk
from tests.serving import ADMIN, PASSWORD
from tests.working import visit

DB = "branch-b03"
SECRET = "身份证号写错了"
REASON = "按本人要求"


def edited(body: dict[str, Any], path: str, value: Any, device: str = "t1", member: str = "m0117") -> dict[str, Any]:
    """After an edit on a tablet that had seen this body."""
    fields, stamps = {**body["fields"], path: value}, {**body["stamps"], path: stamp(member, device)}
    former = {"path": path, "value": body["fields"].get(path), "stamp": body["stamps"].get(path, body["stamps"][""])}
    replaced = [*body.get("replaced", []), {**former, "by": stamps[path]}] if path in body["fields"] else []
    return {**body, "fields": fields, "stamps": stamps, "replaced": replaced}


async def corrected(here: Desk) -> tuple[dict[str, Any], str]:
    """A visit whose narrative was corrected: the body before, and the stamp of what is no longer to be known."""
    body = visit("m0117", narrative=SECRET)
    await here.push("m0117", body)
    await here.services.store.add(DB, [write(edited(body, "narrative", "已更正"), "2-b", "1-a")])
    record = f"/records/{body['_id']}"
    await here.until(lambda: here.get(SECRETARY, record), lambda one: one["body"]["fields"]["narrative"] == "已更正")
    return body, str(body["stamps"][""])


async def in_dispute(here: Desk, path: str = "outcome") -> dict[str, Any]:
    body = visit("m0117")
    body["fields"].pop(path, None)
    left, right = edited(body, path, "甲", "t1"), edited(body, path, "乙", "t2")
    revisions = [write(body), write(left, "2-b", "1-a"), write(right, "2-c", "1-a")]
    await here.services.store.add(DB, revisions)
    return body


async def whole(here: Desk, doc: str) -> str:
    """All that the store holds of a document, old revisions too."""
    (found,) = await here.services.store.get(DB, [Want(doc, LEAVES)])
    (every,) = await here.services.store.get(DB, [Want(doc, list(found.tree))])
    return " ".join(one.body.decode() for one in (*found.revisions, *every.revisions))


async def redact(here: Desk, who: tuple[str, str], doc: str, path: str, at: str, status: int = 200) -> Any:
    asked = {"path": path, "stamp": at, "reason": REASON}
    return await here.post(who, f"/records/{doc}/redactions", asked, status)


async def test_ap15_for_every_field_one_can_ask_who_gave_it_which_value(here: Desk) -> None:
    body, first = await corrected(here)
    told = await here.get(SECRETARY, f"/records/{body['_id']}/history")
    assert {one["path"] for one in told["fields"]} == set(body["fields"])
    (field,) = (await here.get(LI, f"/records/{body['_id']}/history?path=narrative"))["fields"]
    assert (field["zh"], field["rule"], field["disputed"]) == ("情况记录", "latest", False)
    shown, replaced = field["values"]
    assert (shown["value"], shown["fate"], shown["member"], shown["tablet"]) == ("已更正", "shown", "m0117", "t1")
    assert (replaced["value"], replaced["fate"], replaced["stamp"]) == (SECRET, "replaced", first)
    assert (shown["over"], replaced["by"]) == ([first], shown["stamp"])
    await here.get(SECRETARY, f"/records/{body['_id']}/history?path=nothing", 404)
    await here.get(("other", PASSWORD), f"/records/{body['_id']}/history", 404)
    lines = (await here.get(ADMIN, "/audit?kind=read"))["lines"]
    assert body["_id"] in lines[0]["records"]


async def test_ap15_a_record_that_has_no_canonical_form_is_shown_with_its_problem_and_without_a_history(
    here: Desk,
) -> None:
    body = visit("m0117", odd=1.5)
    await here.push("m0117", body)
    told = await here.until(lambda: here.get(SECRETARY, f"/records/{body['_id']}"), bool)
    assert (told["disputed"], told["history"]) == ([], [])
    assert told["problems"]
    refused = await here.get(SECRETARY, f"/records/{body['_id']}/history", 409)
    assert refused["error"] == "unmergeable"


async def test_ap16_from_the_list_of_disputes_to_the_settled_record(here: Desk) -> None:
    body = await in_dispute(here)
    page = await here.until(lambda: here.get(SECRETARY, "/disputes?branch=b03"), lambda one: len(one["disputes"]) == 1)
    (told,) = page["disputes"]
    (field,) = told["fields"]
    assert (told["record"], told["author"], field["path"], field["shown"]["value"]) == (
        body["_id"],
        "m0117",
        "outcome",
        "乙",
    )
    assert [(side["value"], side["tablet"]) for side in field["others"]] == [("甲", "t1")]
    assert (await here.get(("other", PASSWORD), "/disputes"))["disputes"] == []
    assert (await here.get(SECRETARY, "/disputes?branch=b04"))["disputes"] == []
    saw = [side["stamp"] for side in (field["shown"], *field["others"])]
    settles = [{"path": "outcome", "value": "甲", "saw": saw}]
    decision = {"record": told["record"], "decision": "settle", "seen": told["seen"], "settles": settles}
    await here.post(LI, "/reviews", decision, 403)
    await here.post(SECRETARY, "/reviews", decision)
    await here.until(lambda: here.get(SECRETARY, "/disputes"), lambda one: one["disputes"] == [])
    told = await here.get(SECRETARY, f"/records/{body['_id']}")
    assert (told["body"]["fields"]["outcome"], told["disputed"]) == ("甲", [])


async def test_ap16_disputes_are_listed_a_page_at_a_time_the_latest_first_and_subjects_too(here: Desk) -> None:
    made = [(await in_dispute(here))["_id"] for _ in range(4)]
    subject = record("subject")
    both = [edited(subject, "name", name, device) for name, device in (("甲", "t1"), ("乙", "t2"))]
    for one in both:
        one["replaced"] = []
    await here.services.store.add(DB, [write(subject), write(both[0], "2-b", "1-a"), write(both[1], "2-c", "1-a")])
    made.append(subject["_id"])
    await here.until(lambda: here.get(SECRETARY, "/disputes"), lambda one: len(one["disputes"]) == 5)
    for query in ("", "&branch=b03"):
        seen, after = [], ""
        while True:
            page = await here.get(SECRETARY, f"/disputes?limit=2{query}{after}")
            seen += [one["record"] for one in page["disputes"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert seen == list(reversed(made))
    await here.get(SECRETARY, "/disputes?after=nonsense", 400)


async def test_ke5_a_secretary_takes_a_replaced_value_out_and_it_is_audited_without_it(here: Desk) -> None:
    body, first = await corrected(here)
    done = await redact(here, SECRETARY, body["_id"], "narrative", first)
    told = await here.get(SECRETARY, f"/records/{body['_id']}/history?path=narrative")
    assert told["revision"] == done["revision"]
    (value,) = [one for one in told["fields"][0]["values"] if one["stamp"] == first]
    assert (value["value"], value["held"], value["member"], value["fate"]) == (None, "redacted", "m0117", "replaced")
    assert await redact(here, COMMITTEE, body["_id"], "narrative", first) == done, "twice is once"
    (line,) = (await here.get(ADMIN, "/audit?kind=redact"))["lines"]
    assert (line["account"], line["record"], line["path"], line["stamp"], line["reason"]) == (
        "secretary",
        body["_id"],
        "narrative",
        first,
        REASON,
    )
    assert SECRET not in str(line)


async def test_ke5_who_may_not_and_what_may_not(here: Desk) -> None:
    body, first = await corrected(here)
    doc = body["_id"]
    for who in (LI, ZHANG):
        await redact(here, who, doc, "narrative", first, 404 if who == ZHANG else 403)
    await redact(here, ("other", PASSWORD), doc, "narrative", first, 404)
    await redact(here, SECRETARY, doc, "narrative", "nothing", 404)
    shown = (await here.get(SECRETARY, f"/records/{doc}"))["body"]["stamps"]["narrative"]
    refused = await redact(here, SECRETARY, doc, "narrative", shown, 409)
    assert refused["error"] == "not_settled"
    own = visit("m0001", narrative=SECRET)
    await here.push("m0001", own)
    await here.until(lambda: here.get(SECRETARY, f"/records/{own['_id']}"), bool)
    await redact(here, SECRETARY, own["_id"], "narrative", own["stamps"][""], 403)
    assert (await here.get(ADMIN, "/audit?kind=redact"))["lines"] == []


async def test_ke5_a_value_that_lost_is_settled_by_taking_it_out(here: Desk) -> None:
    body = await in_dispute(here)
    page = await here.until(lambda: here.get(SECRETARY, "/disputes"), lambda one: len(one["disputes"]) == 1)
    (side,) = page["disputes"][0]["fields"][0]["others"]
    refused = await redact(here, ADMIN, body["_id"], "outcome", side["stamp"], 409)
    assert refused["error"] == "not_settled", "an account that is nobody's settles nothing"
    await redact(here, SECRETARY, body["_id"], "outcome", side["stamp"])
    await here.until(lambda: here.get(SECRETARY, "/disputes"), lambda one: one["disputes"] == [])
    told = await here.get(SECRETARY, f"/records/{body['_id']}")
    assert told["body"]["fields"]["outcome"] == "乙"
    await here.until(lambda: whole(here, body["_id"]), lambda held: "甲" not in held)


async def test_ke6_no_revision_holds_it_any_more(here: Desk) -> None:
    body, first = await corrected(here)
    other, _ = await corrected(here)
    assert SECRET in await whole(here, body["_id"])
    await redact(here, ADMIN, body["_id"], "narrative", first)
    await here.until(lambda: whole(here, body["_id"]), lambda held: SECRET not in held)
    told = await here.get(SECRETARY, f"/records/{other['_id']}")
    assert SECRET in str(told["history"]), "of others nothing is taken"


async def test_ke7_a_tablet_that_had_not_heard_keeps_its_edit_and_does_not_bring_it_back(here: Desk) -> None:
    body, first = await corrected(here)
    doc = body["_id"]
    await redact(here, SECRETARY, doc, "narrative", first)
    late = edited(body, "outcome", "已办结", "t9")
    deep = [f"{n}-{n:x}" for n in range(9, 1, -1)]
    for path in (["2-z"], deep):  # behind the leaf that was redacted, and far ahead of it
        async with here.here.as_(LI) as client:
            doc_now = {**late, "_rev": path[0]}
            start, ids = int(path[0].partition("-")[0]), [one.partition("-")[2] for one in [*path, "1-a"]]
            doc_now["_revisions"] = {"start": start, "ids": ids}
            answer = await client.post(f"/sync/{DB}/_bulk_docs", json={"docs": [doc_now], "new_edits": False})
            assert answer.json() == []
        told = await here.until(
            lambda: here.get(SECRETARY, f"/records/{doc}"),
            lambda one: one["body"]["fields"].get("outcome") == "已办结",
        )
        assert told["body"]["fields"]["narrative"] == "已更正"
        assert SECRET not in str(told)
        held = await here.until(lambda: whole(here, doc), lambda held: SECRET not in held)
        assert "已办结" in held


async def test_am13_a_revision_written_over_the_redacted_one_with_the_value_is_refused_and_not_kept(here: Desk) -> None:
    body, first = await corrected(here)
    doc = body["_id"]
    done = await redact(here, SECRETARY, doc, "narrative", first)
    over = {**edited(body, "outcome", "已办结", "t9"), "_rev": done["revision"]}
    async with here.here.as_(LI) as client:
        (answer,) = (await client.post(f"/sync/{DB}/_bulk_docs", json={"docs": [over]})).json()
        assert answer["error"] == "forbidden"
        assert answer["reason"].startswith("redacted")
        assert (await client.get("/api/v1/quarantine")).json()["entries"] == []
    await here.until(lambda: whole(here, doc), lambda held: SECRET not in held)
