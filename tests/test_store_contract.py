"""ST: what every store promises, tested on every store."""

import asyncio
import json
from typing import Any

import pytest

from sync.documents import digest_of, parse_edit, parse_write
from sync.errors import AlreadyExists, Conflict, FieldbookError, NotFound, PreconditionFailed
from sync.stores.contract import LEAVES, Found, NewAttachment, Range, Store, Want, Written


def write(doc_id: str, path: str, **content: Any) -> Any:
    revs = path.split()
    start, ids = int(revs[0].split("-")[0]), [rev.split("-")[1] for rev in revs]
    return parse_write({"_id": doc_id, "_rev": revs[0], "_revisions": {"start": start, "ids": ids}, **content})


def edit(doc_id: str, rev: str | None = None, **content: Any) -> Any:
    return parse_edit({"_id": doc_id, **({} if rev is None else {"_rev": rev}), **content})


async def made(store: Store, db: str, *items: Any) -> list[str]:
    results = await store.add(db, items)
    assert all(isinstance(result, Written) for result in results), results
    return [result.rev for result in results if isinstance(result, Written)]


async def one(store: Store, db: str, doc_id: str, **how: Any) -> Found:
    (found,) = await store.get(db, [Want(doc_id, **how)])
    return found


@pytest.fixture
async def db(store: Store) -> str:
    await store.create("plain")
    return "plain"


async def test_st1_databases_are_made_listed_and_dropped(store: Store) -> None:
    await store.create("one")
    with pytest.raises(AlreadyExists):
        await store.create("one")
    assert "one" in await store.databases()
    await made(store, "one", edit("a", n=1))
    await store.drop("one")
    assert "one" not in await store.databases()
    with pytest.raises(NotFound, match="Database does not exist"):
        await store.info("one")
    with pytest.raises(NotFound, match="Database does not exist"):
        await store.add("one", [edit("a")])
    await store.create("one")
    assert (await store.info("one")).documents == 0
    assert not (await store.changes("one")).changes


async def test_st1_who_is_told_that_a_database_exists_may_use_it_at_once(store: Store) -> None:
    async def make_and_write(doc_id: str) -> None:
        try:
            await store.create("one")
        except AlreadyExists:
            assert "one" in await store.databases()
        await made(store, "one", edit(doc_id))

    await store.databases()
    await asyncio.gather(*[make_and_write(f"d{number}") for number in range(5)])
    assert (await store.info("one")).documents == 5


async def test_st2_an_edit_goes_onto_a_leaf_and_a_refused_one_hinders_nobody(store: Store, db: str) -> None:
    (first,) = await made(store, db, edit("a", n=1))
    results = await store.add(
        db, [edit("a", n=2), edit("b", n=1), edit("a", first, n=3), edit("c", "1-x", n=1), edit("a", first, n=4)]
    )
    assert [type(result) for result in results] == [Conflict, Written, Written, Conflict, Conflict]
    found = await one(store, db, "a")
    assert json.loads(found.revisions[0].body) == {"n": 3}
    assert found.revisions[0].rev.startswith("2-")


async def test_st2_a_deleted_document_is_written_anew_on_top_of_its_tombstone(store: Store, db: str) -> None:
    (first,) = await made(store, db, edit("a", n=1))
    (second,) = await made(store, db, edit("a", first, _deleted=True))
    assert (await store.info(db)).documents == 0
    (third,) = await made(store, db, edit("a", n=2))
    assert [rev.split("-")[0] for rev in (first, second, third)] == ["1", "2", "3"]
    info = await store.info(db)
    assert (info.documents, info.deleted) == (1, 0)


async def test_st3_a_replicated_revision_is_kept_exactly_and_twice_is_once(store: Store, db: str) -> None:
    item = {"narrative": "走访张家", "unknown": {"deep": [1, None, 1.5]}}
    results = await store.add(db, [write("a", "3-c 2-b 1-a", **item)])
    assert results == [Written("a", "3-c", fresh=True)]
    seq = (await store.info(db)).update_seq
    (again,) = await store.add(db, [write("a", "3-c 2-b 1-a", **item)])
    assert isinstance(again, Written)
    assert again.rev == "3-c"
    assert (await store.info(db)).update_seq == seq
    found = await one(store, db, "a")
    assert json.loads(found.revisions[0].body) == item
    assert set(found.tree) == {"3-c", "2-b", "1-a"}


async def test_st3_conflicting_revisions_are_both_kept_and_the_winner_is_couchdbs(store: Store, db: str) -> None:
    await made(store, db, write("a", "1-a", n=0))
    await made(store, db, write("a", "2-b 1-a", n=1), write("a", "2-c 1-a", n=2))
    found = await one(store, db, "a", revs=LEAVES)
    assert [stored.rev for stored in found.revisions] == ["2-c", "2-b"]
    page = await store.changes(db)
    assert [(change.id, list(change.leaves)) for change in page.changes] == [("a", ["2-c", "2-b"])]
    await made(store, db, edit("a", "2-c", _deleted=True))
    found = await one(store, db, "a")
    assert json.loads(found.revisions[0].body) == {"n": 1}
    assert (await store.info(db)).documents == 1


async def test_st3_a_batch_may_hold_several_revisions_of_one_document(store: Store, db: str) -> None:
    await made(
        store, db, write("a", "1-a", n=0), write("a", "2-b 1-a", n=1), write("b", "1-a"), write("a", "2-c 1-a", n=2)
    )
    found = await one(store, db, "a", revs=["1-a", "2-b", "2-c", "9-z"])
    assert [stored.rev for stored in found.revisions] == ["1-a", "2-b", "2-c"]
    assert found.absent == ["9-z"]
    assert (await store.info(db)).documents == 2


async def test_st4_missing_revisions_and_possible_ancestors(store: Store, db: str) -> None:
    await made(store, db, write("a", "2-b 1-a"), write("b", "1-x"))
    answer = await store.missing(db, {"a": ["1-a", "2-b", "3-c"], "b": ["1-x"], "c": ["1-y"]})
    assert {doc: (gap.missing, gap.possible_ancestors) for doc, gap in answer.items()} == {
        "a": (["3-c"], ["2-b"]),
        "c": (["1-y"], []),
    }


async def test_st4_latest_asks_for_the_leaves_below(store: Store, db: str) -> None:
    await made(store, db, write("a", "1-a"), write("a", "2-b 1-a"), write("a", "2-c 1-a"))
    found = await one(store, db, "a", revs=["1-a"], latest=True)
    assert {stored.rev for stored in found.revisions} == {"2-b", "2-c"}


async def test_st5_changes_tell_each_document_once_at_its_latest_change(store: Store, db: str) -> None:
    revs = await made(store, db, *[edit(f"doc{at}", n=at) for at in range(5)])
    start = (await store.changes(db)).last
    assert (await store.changes(db, start)).changes == []
    await made(store, db, edit("doc1", revs[1], n=11))
    page = await store.changes(db, start, bodies=True)
    assert [(change.id, json.loads(change.body or b"{}")) for change in page.changes] == [("doc1", {"n": 11})]
    every = await store.changes(db)
    assert sorted(change.id for change in every.changes) == [f"doc{at}" for at in range(5)]
    # A cluster orders the changes of each shard, not of all: what counts is that no position hides what comes after it.
    for at, change in enumerate(every.changes):
        rest = {later.id for later in (await store.changes(db, change.seq)).changes}
        assert rest >= {later.id for later in every.changes[at + 1 :]}
        assert change.id not in rest
    assert (await store.changes(db, every.last)).changes == []
    down = await store.changes(db, descending=True)
    assert sorted(change.id for change in down.changes) == sorted(change.id for change in every.changes)
    assert len({change.id for change in (await store.changes(db, descending=True, limit=2)).changes}) == 2


async def test_st5_changes_in_pages_lose_nothing_and_end(store: Store, db: str) -> None:
    await made(store, db, *[edit(f"doc{at}", n=at) for at in range(25)])
    seen: list[str] = []
    since, pending = "0", 1
    while pending:
        page = await store.changes(db, since, limit=10)
        seen += [change.id for change in page.changes]
        since, pending = page.last, page.pending
    assert sorted(seen) == sorted(f"doc{at}" for at in range(25))
    assert (await store.changes(db, since)).changes == []
    chosen = await store.changes(db, ids=["doc3", "doc7", "none"])
    assert sorted(change.id for change in chosen.changes) == ["doc3", "doc7"]
    assert (await store.changes(db, "now")).changes == []


async def test_st6_a_reader_gets_only_what_it_may_read(store: Store) -> None:
    await store.create("ruled")
    li, wang = frozenset({"member:li"}), frozenset({"member:wang"})
    await made(
        store,
        "ruled",
        edit("a", readers=["member:li"]),
        edit("b", readers=["member:wang"]),
        edit("c", readers=["member:li", "x"]),
    )
    page = await store.changes("ruled", reader=li)
    assert sorted(change.id for change in page.changes) == ["a", "c"]
    assert (await store.changes("ruled", page.last, reader=li)).changes == []
    assert [change.id for change in (await store.changes("ruled", reader=wang)).changes] == ["b"]
    rows, total, _ = await store.rows("ruled", Range(), reader=li)
    assert ([row.id for row in rows], total) == (["a", "c"], 2)
    assert (await store.changes("ruled", limit=1, reader=wang)).changes[0].id == "b"


async def test_st6_readers_are_worked_out_over_all_leaves(store: Store) -> None:
    await store.create("ruled")
    await made(
        store, "ruled", write("a", "2-b 1-a", readers=["member:li"]), write("a", "2-c 1-a", readers=["member:wang"])
    )
    for name in ("li", "wang"):
        page = await store.changes("ruled", reader=frozenset({f"member:{name}"}))
        assert [change.id for change in page.changes] == ["a"], name


async def test_st6_a_tombstone_is_told_to_those_who_could_read_what_it_ends(store: Store) -> None:
    await store.create("ruled")
    (rev,) = await made(store, "ruled", edit("a", readers=["member:li"]))
    await made(store, "ruled", edit("a", rev, _deleted=True))
    page = await store.changes("ruled", reader=frozenset({"member:li"}))
    assert [(change.id, change.deleted) for change in page.changes] == [("a", True)]


async def test_st7_attachments_are_kept_once_and_stubs_keep_them(store: Store, db: str) -> None:
    picture = NewAttachment("image/png", b"\x89PNG" * 100, digest_of(b"\x89PNG" * 100), 400)
    first = edit("a", n=1)
    first.attachments = {"picture.png": picture}
    (rev,) = await made(store, db, first)
    (second,) = await made(store, db, edit("a", rev, n=2, _attachments={"picture.png": {"stub": True}}))
    found = await one(store, db, "a")
    attachment = found.revisions[0].attachments["picture.png"]
    assert (attachment.revpos, attachment.length, attachment.content_type) == (1, 400, "image/png")
    chunks = [chunk async for chunk in await store.read_attachment(db, "a", attachment, "picture.png", second)]
    assert b"".join(chunks) == b"\x89PNG" * 100
    (refused,) = await store.add(db, [edit("a", second, n=3, _attachments={"other.png": {"stub": True}})])
    assert isinstance(refused, PreconditionFailed)
    assert (await one(store, db, "a")).revisions[0].rev == second


async def test_st7_a_replicated_revision_names_attachments_of_its_ancestors(store: Store, db: str) -> None:
    await made(store, db, write("a", "1-a", _attachments={"t.txt": {"data": "aGVsbG8=", "content_type": "text/plain"}}))
    await made(store, db, write("a", "2-b 1-a", _attachments={"t.txt": {"stub": True, "revpos": 1}}))
    found = await one(store, db, "a", revs=["2-b"])
    assert found.revisions[0].attachments["t.txt"].revpos == 1


async def test_st8_local_documents_are_kept_and_never_replicated(store: Store, db: str) -> None:
    rev = await store.put_local(db, "checkpoint", None, b'{"last_seq":1}')
    assert await store.local(db, "checkpoint") == (rev, b'{"last_seq":1}')
    with pytest.raises(Conflict):
        await store.put_local(db, "checkpoint", None, b'{"last_seq":2}')
    again = await store.put_local(db, "checkpoint", rev, b'{"last_seq":2}')
    assert (await store.changes(db)).changes == []
    assert [row[0] for row in await store.local_rows(db)] == ["checkpoint"]
    await store.put_local(db, "checkpoint", again, None)
    assert await store.local(db, "checkpoint") is None
    with pytest.raises(NotFound):
        await store.put_local(db, "checkpoint", again, None)


async def test_st10_rows_in_ranges(store: Store, db: str) -> None:
    names = ["a", "b", "c", "d", "户籍 走访/1", "z+&"]
    await made(store, db, *[edit(name, n=1) for name in names])
    await made(store, db, write("e", "1-a", _deleted=True))

    async def ids(**how: Any) -> list[str]:
        rows, _, _ = await store.rows(db, Range(**how))
        return [row.id for row in rows]

    assert sorted(await ids()) == sorted(names)
    assert await ids(start="b", end="d") == ["b", "c", "d"]
    assert await ids(start="b", end="d", inclusive_end=False) == ["b", "c"]
    assert await ids(start="d", end="b", descending=True) == ["d", "c", "b"]
    assert await ids(start="d", end="b", descending=True, inclusive_end=False) == ["d", "c"]
    assert await ids(start="a", limit=2, skip=1) == ["b", "c"]
    rows, total, offset = await store.rows(db, Range(start="b", limit=1), bodies=True)
    assert (json.loads(rows[0].body or b""), total, offset) == ({"n": 1}, 6, 1)


async def test_st11_waiting_ends_when_something_readable_is_written(store: Store) -> None:
    await store.create("ruled")
    li = frozenset({"member:li"})
    since = (await store.changes("ruled")).last
    waiting = asyncio.create_task(store.wait("ruled", since, li, 20))
    other = asyncio.create_task(store.wait("ruled", since, frozenset({"member:wang"}), 0.4))
    await asyncio.sleep(0.05)
    await made(store, "ruled", edit("a", readers=["member:li"]))
    assert await waiting is True
    page = await store.changes("ruled", since, reader=frozenset({"member:wang"}))
    assert page.changes == []
    await other
    assert await store.wait("ruled", since, li, 5) is True, "what was written before is not waited for"


async def test_st12_compaction_keeps_every_leaf(store: Store, db: str) -> None:
    revs = await made(store, db, edit("a", n=1))
    for n in range(2, 5):
        revs += await made(store, db, edit("a", revs[-1], n=n))
    await made(store, db, write("a", f"2-zz {revs[0]}", n=99))
    await store.compact(db)
    await asyncio.sleep(0.2)
    found = await one(store, db, "a", revs=LEAVES)
    assert {json.loads(stored.body)["n"] for stored in found.revisions} == {4, 99}
    assert await store.missing(db, {"a": revs}) == {}, "ancestors are still known by name"


async def test_st12_old_bodies_of_some_documents_are_forgotten(store: Store, db: str) -> None:
    first = await made(store, db, edit("a", n="old"), edit("b", n=1))
    await made(store, db, edit("a", first[0], n="new"), edit("b", first[1], n=2))
    await store.compact(db, ["a", "none"])
    for _ in range(100):
        found = await one(store, db, "a", revs=[first[0]])
        if not found.revisions:
            break
        await asyncio.sleep(0.05)
    assert not found.revisions
    assert first[0] in found.tree, "it is still known by name"
    assert json.loads((await one(store, db, "a")).revisions[0].body) == {"n": "new"}
    assert json.loads((await one(store, db, "b")).revisions[0].body) == {"n": 2}


async def test_st9_a_new_incarnation_forgets_how_far_replicators_were_and_nothing_else(store: Store, db: str) -> None:
    was = store.incarnation
    await made(store, db, edit("a", n=1))
    await store.put_local(db, "run", None, b'{"history":[{"session_id":"x"}],"last_seq":7}')
    await store.put_local(db, "other", None, b'{"history":7}')
    fresh = await store.new_incarnation()
    assert store.incarnation == fresh != was
    assert [doc for doc, _, _ in await store.local_rows(db)] == ["other"]
    assert (await store.info(db)).documents == 1


async def test_st13_erasing_leaves_no_trace(store: Store, db: str) -> None:
    first, _ = await made(store, db, edit("a", n=1), edit("b", n=1))
    (second,) = await made(store, db, edit("a", first, n=2))
    await made(store, db, write("b", "2-x 1-y", n=5))
    assert await store.erase(db, {"a": None}) == {"a": [second]}
    assert (await one(store, db, "a")).tree == {}
    assert set(await store.missing(db, {"a": [first, second]})) == {"a"}
    assert await store.erase(db, {"b": ["2-x"], "none": None}) == {"b": ["2-x"]}
    found = await one(store, db, "b", revs=LEAVES)
    assert [json.loads(stored.body) for stored in found.revisions] == [{"n": 1}]
    assert (await store.info(db)).documents == 1


async def test_st14_histories_are_stemmed_at_the_limit(store: Store, db: str) -> None:
    await store.set_revs_limit(db, 3)
    assert await store.revs_limit(db) == 3
    revs = await made(store, db, edit("a", n=0))
    for n in range(1, 6):
        revs += await made(store, db, edit("a", revs[-1], n=n))
    found = await one(store, db, "a")
    assert set(found.tree) == set(revs[-3:])


async def test_st15_nothing_is_lost_when_many_push_at_once(store: Store, db: str) -> None:
    async def push(tablet: int) -> list[object]:
        return list(await store.add(db, [edit(f"t{tablet}-{at}", n=at) for at in range(20)]))

    results = await asyncio.gather(*[push(tablet) for tablet in range(20)])
    assert all(isinstance(result, Written) for batch in results for result in batch)
    assert (await store.info(db)).documents == 400
    contested = await asyncio.gather(*[store.add(db, [edit("same", n=at)]) for at in range(10)])
    outcomes = [type(batch[0]) for batch in contested]
    assert outcomes.count(Written) == 1
    assert all(issubclass(kind, FieldbookError) for kind in outcomes if kind is not Written)
