"""KE: somebody asks for what is kept of them to be deleted, from what would go to nothing left of it, over the whole application."""

from pathlib import Path
from typing import Any

import httpx

from sync.databases import OFFICE
from sync.stores.contract import Range, Want
from tests.builders import record
from tests.desk import COMMITTEE, LI, SECRETARY, Desk
from tests.serving import ADMIN, PASSWORD, command, served
from tests.test_api_exports import DOCUMENT, HOUSEHOLD, MONTH, approved, fetch, the_month
from tests.test_api_photos import finish, picture, send
from tests.working import visit

OTHER = "household:01K8Q2M4T6V8C0N2B4X6D8E0F2"
REASON = "当事人书面申请 2026-11-20"
NAME, OTHER_NAME = "周家院子", "周家老宅"


def household(doc: str = HOUSEHOLD, name: str = NAME) -> dict[str, Any]:
    return record("subject", fields={"name": name}) | {"_id": doc}


async def known(here: Desk, doc: str, count: int) -> Any:
    """What would go, once so many documents would."""
    return await here.until(lambda: here.get(ADMIN, f"/erasures/{doc}"), lambda told: told["count"] == count)


async def erase(here: Desk, doc: str, told: dict[str, Any], status: int = 200, **more: Any) -> Any:
    asked = {"reason": REASON, "seen": told["seen"], **more}
    return await here.post(ADMIN, f"/erasures/{doc}", asked, status)


async def everything(here: Desk) -> str:
    """All that every database holds, as text, but for the audit."""
    told = []
    for db in await here.services.store.databases():
        rows, _, _ = await here.services.store.rows(db, Range(), bodies=True)
        told += [f"{row.id} {(row.body or b'').decode()}" for row in rows if not row.id.startswith("audit:")]
    return "\n".join(told)


async def household_with_records(here: Desk) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two visits of a household, one of them under its alias, with facts of the person, a photo and a rating."""
    one = visit("m0117", subject=HOUSEHOLD, narrative="周家的难处")
    two = visit("m0117", subject=OTHER, narrative="周家的喜事", period=["2026-11-21T02:00:00Z", "2026-11-21T03:00:00Z"])
    await here.push("m0117", household(), household(OTHER, OTHER_NAME), one, two)
    await here.push("m0117", record("photo", fields={"record": one["_id"]}))
    await here.push("m0117", record("rating", fields={"record": two["_id"]}))
    facts = record("person", author="m0001", fields={"subject": HOUSEHOLD, "health": "慢性病"})
    await here.push("m0001", facts)
    told = await here.until(
        lambda: here.get(SECRETARY, f"/subjects/{HOUSEHOLD}/beside/{OTHER}"), lambda told: told["second"]["records"]
    )
    alias = {"record": OTHER, "decision": "alias", "same_as": HOUSEHOLD, "decided": told["decided"]}
    await here.post(SECRETARY, "/reviews", alias)
    return one, two


def counts(told: list[dict[str, Any]]) -> dict[str, int]:
    return {one["type"]: one["count"] for one in told}


async def test_ke8_what_would_go_with_a_subject_is_told_and_nothing_has_changed(here: Desk) -> None:
    one, two = await household_with_records(here)
    # Two households, facts, a decision, two visits with a photo, a rating and their activities.
    told = await known(here, HOUSEHOLD, 10)
    assert (told["type"], told["word"], told["aliases"]) == ("subject", NAME, [OTHER])
    assert counts(told["itself"]) == {"subject": 2, "person": 1, "review": 1}
    assert told["records"] == [{"branch": "b03", "type": "visit", "count": 2}]
    assert counts(told["beside"]) == {"photo": 1, "rating": 1}
    alone = await here.get(ADMIN, f"/erasures/{one['_id']}")
    assert (alone["word"], counts(alone["itself"]), alone["records"]) == (NAME, {"visit": 1, "photo": 1}, [])
    for who in (SECRETARY, COMMITTEE, LI):
        await here.get(who, f"/erasures/{HOUSEHOLD}", 403)
        await here.post(who, f"/erasures/{HOUSEHOLD}", {"reason": REASON, "seen": told["seen"]}, 403)
    await here.get(ADMIN, "/erasures/household:nobody", 404)
    await here.post(ADMIN, "/erasures/household:nobody", {"reason": REASON, "seen": ""}, 404)
    assert {one["_id"], two["_id"]} <= {row["id"] for row in (await here.get(ADMIN, "/records"))["records"]}


async def test_ke9_a_subject_goes_with_all_that_tells_of_it_from_every_database(here: Desk) -> None:
    data = picture()
    one, two = await household_with_records(here)
    await known(here, HOUSEHOLD, 10)
    photo = record("photo", fields={"record": one["_id"], **_digest(data)})
    await here.push("m0117", photo)
    told = await known(here, HOUSEHOLD, 11)
    await here.until(lambda: here.get(LI, f"/photos/{photo['_id']}/parts"), lambda parts: True)
    await send(here, photo["_id"], 0, data)
    await here.post(LI, f"/photos/{photo['_id']}/complete", finish(1, data), 200)
    async with here.here.as_(LI) as li:
        # Refused, and kept as it was sent: of another branch.
        stranger = visit("m0117", branch="b04", subject=HOUSEHOLD, narrative="周家被退的话")
        docs = [{**stranger, "_rev": "1-a", "_revisions": {"start": 1, "ids": ["a"]}}]
        answer = await li.post("/sync/branch-b03/_bulk_docs", json={"docs": docs, "new_edits": False})
        assert answer.json()[0]["error"] == "forbidden"
    told = await here.get(ADMIN, f"/erasures/{HOUSEHOLD}")
    assert counts(told["itself"])["refused"] == 1
    done = await erase(here, HOUSEHOLD, told)
    assert (done["erased"], done["left"]) == (11, 0)
    for doc in (HOUSEHOLD, OTHER):
        assert (await here.get(ADMIN, f"/subjects/{doc}", 404))["error"] == "erased"
    for body in (one, two):
        assert (await here.get(SECRETARY, f"/records/{body['_id']}", 404))["error"] == "erased"
    await here.get(ADMIN, f"/photos/{photo['_id']}", 404)
    assert (await here.get(ADMIN, "/search?q=周家"))["hits"] == []
    assert (await here.get(SECRETARY, "/inbox"))["items"] == []
    assert (await here.get(SECRETARY, "/activities"))["activities"] == []
    held = await everything(here)
    assert [words for words in (NAME, OTHER_NAME, "周家", "慢性病") if words in held] == []
    # The month, which names activities by their ids, is written anew a moment later.
    ids = (one["_id"], two["_id"], photo["_id"])
    await here.until(lambda: everything(here), lambda held: not any(doc in held for doc in ids))
    lines = (await here.get(ADMIN, "/audit?kind=erase"))["lines"]
    assert [(line["count"], line["reason"]) for line in lines] == [(11, REASON)]


async def test_ke9_a_subject_of_several_branches_goes_from_all_of_their_databases_at_once(here: Desk) -> None:
    shop = "enterprise:01K8Q2M4T6V8C0N2B4X6D8E0F7"
    fields = {"kind": "enterprise", "name": "周记豆腐坊", "branches/b03": True, "branches/b04": True}
    await here.push("m0117", record("subject", fields=fields) | {"_id": shop}, db="shared")
    ours, later = visit("m0117", subject=shop), ["2026-11-21T02:00:00Z", "2026-11-21T03:00:00Z"]
    theirs = visit("m0300", branch="b04", subject=shop, period=later)
    await here.push("m0117", ours)
    await here.push("m0300", theirs, db="branch-b04", branch="b04")
    told = await known(here, shop, 5)
    assert [(one["branch"], one["count"]) for one in told["records"]] == [("b03", 1), ("b04", 1)]
    assert (await erase(here, shop, told))["left"] == 0
    for db, doc in (("shared", shop), ("branch-b03", ours["_id"]), ("branch-b04", theirs["_id"])):
        (found,) = await here.services.store.get(db, [Want(doc)])
        assert not found.tree
    lines = (await here.get(ADMIN, "/audit?kind=erase"))["lines"]
    assert sorted((line["database"], line["count"]) for line in lines) == [
        ("branch-b03", 2),
        ("branch-b04", 2),
        ("shared", 1),
    ]
    asked = {"database": "branch-none", "ids": [shop], "reason": REASON}
    await here.post(ADMIN, "/erasures", asked, 404)


async def test_ke9_nothing_else_goes_than_what_was_shown(here: Desk) -> None:
    await household_with_records(here)
    told = await known(here, HOUSEHOLD, 10)
    await here.push("m0117", visit("m0117", subject=HOUSEHOLD, period=["2026-11-19T02:00:00Z", "2026-11-19T03:00:00Z"]))
    await known(here, HOUSEHOLD, 12)
    assert (await erase(here, HOUSEHOLD, told, 409))["error"] == "changed"
    assert (await here.get(ADMIN, f"/subjects/{HOUSEHOLD}"))["id"] == HOUSEHOLD
    for bad in ({"reason": ""}, {"limit": 0}, {"limit": 1_001}, {"more": 1}):
        await erase(here, HOUSEHOLD, told, 400, **bad)


async def test_ke10_much_goes_in_pieces_and_what_was_named_goes_last(here: Desk) -> None:
    await household_with_records(here)
    told = await known(here, HOUSEHOLD, 10)
    left = []
    while told.get("left") != 0:
        told = await erase(here, HOUSEHOLD, told, limit=4)
        left.append(told["left"])
        if told["left"]:
            # Broken off here, it can be asked for anew.
            again = await here.get(ADMIN, f"/erasures/{HOUSEHOLD}")
            assert (again["count"], again["seen"]) == (told["left"], told["seen"])
    assert left == [6, 2, 0]
    await here.get(ADMIN, f"/erasures/{HOUSEHOLD}", 404)


async def test_ke11_records_that_are_kept_stay_with_a_subject_that_is_not_known_and_count_no_more(here: Desk) -> None:
    one, two = await household_with_records(here)
    await here.push("m0117", household("household:01K8Q2M4T6V8C0N2B4X6D8E0F3", "王秀英户"))
    await erase(here, HOUSEHOLD, await known(here, HOUSEHOLD, 10), keep_records=True)
    await here.get(ADMIN, f"/subjects/{HOUSEHOLD}", 404)
    for body in (one, two):
        assert NAME not in str(await here.get(SECRETARY, f"/records/{body['_id']}"))
    await here.until(
        lambda: here.get(SECRETARY, "/inbox?kind=faulty"),
        lambda told: {item["id"] for item in told["items"]} == {one["_id"], two["_id"]},
    )
    figures = await here.get(SECRETARY, "/figures?branch=b03&first=2026-11&last=2026-11&codes=visits")
    assert [group["figures"]["visits"] for group in figures] in ([0], [])


async def test_ke12_what_accompanies_what_was_erased_is_refused_like_it(here: Desk) -> None:
    one, _ = await household_with_records(here)
    photo = record("photo", fields={"record": one["_id"]})
    facts = record("person", fields={"subject": HOUSEHOLD})
    await erase(here, HOUSEHOLD, await known(here, HOUSEHOLD, 10))
    async with here.here.as_(ADMIN) as admin:
        docs = [{**body, "_rev": "1-a", "_revisions": {"start": 1, "ids": ["a"]}} for body in (photo, facts)]
        answer = await admin.post("/sync/branch-b03/_bulk_docs", json={"docs": docs, "new_edits": False})
    assert [each["reason"].split(":")[0] for each in answer.json()] == ["erased", "erased"]
    (found,) = await here.services.store.get("branch-b03", [Want(photo["_id"])])
    assert not found.tree
    assert "quarantine:" not in str(await here.services.store.rows(OFFICE, Range("quarantine:", "quarantine;")))


async def test_ke13_an_approved_month_says_what_of_it_was_erased_since(here: Desk) -> None:
    body = visit("m0117", subject=HOUSEHOLD)
    kept = visit("m0117", period=["2026-11-21T02:00:00Z", "2026-11-21T03:00:00Z"])
    await here.push("m0117", household(), body, kept)
    await the_month(here, 2)
    await approved(here, 1)
    told = await known(here, body["_id"], 2)
    assert told["months"] == [{"branch": "b03", "month": "2026-11", "number": 1}]
    await erase(here, body["_id"], told)
    month = await the_month(here, 1)
    assert month["state"] == "under_review"
    (change,) = (await here.get(SECRETARY, f"{MONTH}/changes"))["activities"]
    assert (change["id"], change["change"], change["now"]) == (f"activity:{body['_id']}", "erased", None)
    lines = (await fetch(here, SECRETARY, f"{DOCUMENT}json&version=1")).json()["lines"]
    assert {line["id"]: line["erased"] for line in lines} == {
        f"activity:{body['_id']}": True,
        f"activity:{kept['_id']}": False,
    }
    text = (await fetch(here, SECRETARY, f"{DOCUMENT}csv&version=1")).content.decode("utf-8-sig")
    assert text.count("记录已依法永久删除") == 1


async def test_ke14_the_worker_writes_nothing_back_of_what_was_erased(here: Desk) -> None:
    body = visit("m0117", subject=HOUSEHOLD)
    await here.push("m0117", household(), body)
    await here.until(
        lambda: here.services.store.get("branch-b03", [Want(f"activity:{body['_id']}")]), lambda told: told[0].tree
    )
    # As another server on the same store does: this one's ledger is not told. The activity goes from under it.
    await here.services.store.erase("branch-b03", {f"activity:{body['_id']}": None})
    await here.services.admission.erasures.erase("branch-b03", [body["_id"]], REASON, "admin")
    await here.until(lambda: here.get(SECRETARY, "/activities"), lambda told: told["activities"] == [])

    async def due() -> list[str]:
        return [name for what in ("document",) for name in await here.services.ledger.due_databases(what)]

    await here.until(due, lambda databases: databases == [])
    (found,) = await here.services.store.get("branch-b03", [Want(f"activity:{body['_id']}")])
    assert all(one.deleted for one in found.revisions)


async def test_ke14_of_an_activity_the_records_that_were_not_erased_stay_one(here: Desk) -> None:
    first, second = visit("m0117", subject=HOUSEHOLD), visit("m0042", subject=HOUSEHOLD)
    await here.push("m0117", household(), first)
    await here.push("m0042", second)
    (one,) = (await here.until(lambda: here.get(SECRETARY, "/activities"), _joined))["activities"]
    anchor, other = sorted(one["records"], key=lambda each: one["id"] != f"activity:{each}")
    await erase(here, anchor, await known(here, anchor, 2))
    (left,) = (await here.get(SECRETARY, "/activities"))["activities"]
    assert (left["id"], left["records"]) == (f"activity:{other}", [other])
    wanted = [Want(f"activity:{anchor}"), Want(f"activity:{other}")]
    told = await here.until(lambda: here.services.store.get("branch-b03", wanted), lambda told: told[1].tree)
    assert not told[0].tree


async def test_ke15_what_was_erased_is_said_to_be_to_everybody_alike(here: Desk) -> None:
    body = visit("m0117")
    await here.push("m0117", body)
    await erase(here, body["_id"], await known(here, body["_id"], 2))
    for who in (ADMIN, SECRETARY, LI, ("other", PASSWORD)):
        for path in ("", "/history"):
            assert (await here.get(who, f"/records/{body['_id']}{path}", 404))["error"] == "erased"
        assert (await here.get(who, f"/activities/activity:{body['_id']}", 404))["error"] == "erased"
        assert (await here.get(who, "/records/visit:nobody", 404))["error"] == "not_found"
    await here.post(ADMIN, f"/erasures/{body['_id']}", {"reason": REASON, "seen": ""}, 404)


def test_ke16_a_backup_is_restored_with_what_was_erased_since(tmp_path: Path) -> None:
    data, stranger = tmp_path / "data", tmp_path / "stranger"
    for directory in (data, stranger):
        asked = ["user", "add", "admin", "--role", "administrator", "--password-stdin"]
        assert command(*asked, data=directory, stdin=PASSWORD).returncode == 0
    body = visit("m0117")
    with served(data) as server, httpx.Client(base_url=server.url, auth=ADMIN) as client:
        assert client.put("/sync/branch-b03").status_code == 201
        assert client.put(f"/sync/branch-b03/{body['_id']}", json=body).status_code == 201
        assert command("backup", str(tmp_path / "before"), data=data).returncode == 0
        asked_for = {"database": "branch-b03", "ids": [body["_id"]], "reason": REASON}
        assert client.post("/api/v1/erasures", json=asked_for).status_code == 200
        assert command("backup", str(tmp_path / "later"), data=data).returncode == 0
        answers = {}
        for name, later in (("from-data", data), ("from-backup", tmp_path / "later"), ("without", None)):
            more = [] if later is None else ["--erased-from", str(later)]
            done = command("restore", str(tmp_path / "before"), *more, data=tmp_path / name)
            assert done.returncode == 0, done.stderr
    with served(stranger) as server, httpx.Client(base_url=server.url, auth=ADMIN) as client:
        client.put("/sync/branch-b03")
        assert client.post("/api/v1/erasures", json=asked_for).status_code == 200
    for name in ("from-data", "from-backup", "without"):
        with served(tmp_path / name) as server, httpx.Client(base_url=server.url, auth=ADMIN) as client:
            answers[name] = client.get(f"/sync/branch-b03/{body['_id']}").status_code
    assert answers == {"from-data": 404, "from-backup": 404, "without": 200}
    before = str(tmp_path / "before")
    refused = command("restore", before, "--erased-from", str(stranger), data=tmp_path / "refused")
    assert (refused.returncode, "another centre" in refused.stderr) == (1, True)
    assert command("restore", before, "--erased-from", str(tmp_path), data=tmp_path / "refused").returncode == 1
    assert not (tmp_path / "refused" / "store" / "store.sqlite3").exists()


def _joined(told: dict[str, Any]) -> bool:
    return [len(one["records"]) for one in told["activities"]] == [2]


def _digest(data: bytes) -> dict[str, Any]:
    return {"digest": finish(1, data)["digest"], "size": len(data)}
