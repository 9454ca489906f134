"""Decide how a database answers as a whole: what it is, what it lists, what administrators do to it."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from server.couch.answers import Answer, ok
from server.couch.call import Call, whole
from server.couch.rendering import Extras, document
from sync.actor import Actor
from sync.admission import APPEND_ONLY
from sync.databases import kind_of
from sync.documents import encode, render
from sync.errors import BadRequest, Forbidden, NotFound, Unauthenticated
from sync.replication import Replica
from sync.stores.contract import LEAVES, Range, Row, Want

_NAME = re.compile(r"[a-z][a-z0-9_$()+/-]*")
NAME_CHARACTERS_MAX = 238
REVS_LIMIT_MAX = 1_000_000


def need_administrator(actor: Actor | None) -> None:
    if actor is None:
        raise Unauthenticated
    if not actor.administrator:
        raise Forbidden("You are not a server admin.")


def check_name(db: str) -> None:
    if len(db) > NAME_CHARACTERS_MAX or not (_NAME.fullmatch(db) or db in ("_users", "_replicator", "_global_changes")):
        raise BadRequest(
            f"Name: '{db}'. Only lowercase characters (a-z), digits (0-9), and any of the characters _, $, (, ), +, -, and / are "
            "allowed. Must begin with a letter.",
            code="illegal_database_name",
        )


async def info(call: Call, replica: Replica) -> Answer:
    held = await replica.info()
    return ok(
        {
            "db_name": held.name,
            "doc_count": held.documents,
            "doc_del_count": held.deleted,
            "update_seq": replica.tokens.token(held.update_seq),
            "purge_seq": "0",
            "sizes": {"file": held.size_bytes, "active": held.size_bytes, "external": held.size_bytes},
            "props": {},
            "compact_running": replica.db in _compacting,
            "disk_format_version": 8,
            "cluster": {"q": 1, "n": 1, "w": 1, "r": 1},
            "instance_start_time": held.instance_start_time,
        }
    )


async def ensure_full_commit(call: Call, replica: Replica) -> Answer:
    """Nothing to do: an acknowledged write is on disk."""
    held = await replica.info()
    return ok({"ok": True, "instance_start_time": held.instance_start_time}, 201)


async def compact(call: Call, replica: Replica) -> Answer:
    """Compaction runs on after the answer; `compact_running` of the database says until when, which PouchDB waits for."""
    need_administrator(replica.actor)
    await replica.info()
    if replica.db not in _compacting:
        task = asyncio.get_running_loop().create_task(replica.store.compact(replica.db))
        _compacting[replica.db] = task
        task.add_done_callback(lambda _: _compacting.pop(replica.db, None))
    return ok({"ok": True}, 202)


_compacting: dict[str, asyncio.Task[None]] = {}


async def revs_limit(call: Call, replica: Replica) -> Answer:
    if call.method == "PUT":
        need_administrator(replica.actor)
        depth = await call.json()
        if not isinstance(depth, int) or isinstance(depth, bool) or not 1 <= depth <= REVS_LIMIT_MAX:
            raise BadRequest("`revs_limit` must be positive integer")
        await replica.store.set_revs_limit(replica.db, depth)
        return ok({"ok": True})
    return ok(await replica.store.revs_limit(replica.db))


async def purge(call: Call, replica: Replica) -> Answer:
    need_administrator(replica.actor)
    asked = await call.object()
    for revs in asked.values():
        if not isinstance(revs, list):
            raise BadRequest("Each document id needs an array of revisions")
    kept = [doc for doc in asked if kind_of(replica.db) == "office" and doc.startswith(APPEND_ONLY)]
    if kept:
        raise Forbidden("What was audited or erased stays on the record.", documents=kept)
    return ok({"purge_seq": None, "purged": await replica.store.erase(replica.db, asked)}, 201)


async def security(call: Call, replica: Replica) -> Answer:
    await replica.info()
    if call.method == "PUT":
        raise Forbidden("Who may read and write is decided by Fieldbook's own accounts and record rules.")
    return ok({"members": {"roles": ["_admin"]}, "admins": {"roles": ["_admin"]}})


async def all_docs(call: Call, replica: Replica) -> Answer:
    body = await call.object() if call.method == "POST" else {}
    keys = body.get("keys") if "keys" in body else call.json_value("keys")
    include_docs = call.flag("include_docs") or body.get("include_docs") is True
    extras = Extras.of(call)
    if keys is not None:
        if not isinstance(keys, list):
            raise BadRequest("`keys` body member must be an array.")
        if {"key", "startkey", "start_key", "endkey", "end_key"} & (call.query.keys() | body.keys()):
            raise BadRequest("`keys` is incompatible with `key`, `start_key` and `end_key`", code="query_parse_error")
        return await _by_keys(call, replica, keys, include_docs, extras)

    def given(*names: str) -> Any:
        return next((body[name] for name in names if name in body), None) if body else call.json_value(*names)

    key = given("key")
    descending = call.flag("descending") or body.get("descending") is True
    inclusive = call.flag("inclusive_end", True) and body.get("inclusive_end") is not False
    limit, skip = (
        whole("limit", body.get("limit", call.query.get("limit"))),
        whole("skip", body.get("skip", call.query.get("skip"))),
    )
    start, end = (key, key) if key is not None else (given("startkey", "start_key"), given("endkey", "end_key"))
    span = Range(_bound(start), _bound(end), inclusive, descending, skip or 0, limit)
    rows, total, offset = await replica.rows(span, bodies=include_docs)
    lines = [await _line(replica, row, include_docs, extras) for row in rows]
    head = f'{{"total_rows":{total},"offset":{offset},'.encode()
    if call.flag("update_seq"):
        head += b'"update_seq":' + encode(replica.tokens.token((await replica.info()).update_seq)) + b","
    return Answer(200, head + b'"rows":[\n' + b",\n".join(lines) + b"\n]}\n")


async def _by_keys(call: Call, replica: Replica, keys: Sequence[Any], include_docs: bool, extras: Extras) -> Answer:
    names = [key for key in keys if isinstance(key, str)]
    if call.flag("descending"):
        keys = keys[::-1]
    limit, skip = call.number("limit"), call.number("skip") or 0
    found = {
        one.id: one for one in await replica.get([Want(name) for name in dict.fromkeys(names)], bodies=include_docs)
    }
    lines: list[bytes] = []
    for key in keys[skip : None if limit is None else skip + limit]:
        one = found.get(key) if isinstance(key, str) else None
        if one is None or not one.tree:
            lines.append(encode({"key": key, "error": "not_found"}))
            continue
        stored = one.revisions[0]
        value: dict[str, Any] = {"rev": stored.rev} | ({"deleted": True} if stored.deleted else {})
        line = encode({"id": key, "key": key, "value": value})
        if include_docs:
            line = (
                line[:-1]
                + b',"doc":'
                + (b"null" if stored.deleted else await document(replica, one, stored, extras))
                + b"}"
            )
        lines.append(line)
    total = (await replica.info()).documents
    head = f'{{"total_rows":{total},"offset":0,"rows":[\n'.encode()
    return Answer(200, head + b",\n".join(lines) + b"\n]}\n")


async def _line(replica: Replica, row: Row, include_docs: bool, extras: Extras) -> bytes:
    line = encode({"id": row.id, "key": row.id, "value": {"rev": row.rev}})
    if not include_docs:
        return line
    if row.attachments or extras.conflicts or extras.attachments:
        (found,) = await replica.get([Want(row.id, LEAVES)])
        stored = next((one for one in found.revisions if one.rev == row.rev), None)
        text = b"null" if stored is None else await document(replica, found, stored, extras)
    else:
        text = render(row.id, row.rev, row.body or b"{}")
    return line[:-1] + b',"doc":' + text + b"}"


def _bound(value: Any) -> str | None:
    """A start or end of a range. Ids are strings; other values sort before all of them (CouchDB's collation) or, if objects, behind."""
    if value is None or isinstance(value, str):
        return value
    return "" if not isinstance(value, dict | list) else "\U0010ffff"


async def drop(call: Call, replica: Replica) -> Answer:
    need_administrator(replica.actor)
    if "rev" in call.query:
        raise BadRequest(
            "You tried to DELETE a database with a ?rev= parameter. Did you mean to DELETE a document instead?"
        )
    if kind_of(replica.db) == "office":
        raise Forbidden("The database office holds accounts and the audit trail and is not dropped.")
    await replica.store.drop(replica.db)
    return ok({"ok": True})


async def exists(call: Call, replica: Replica) -> Answer:
    await replica.info()
    return Answer(200, b"")


def missing_database(db: str) -> NotFound:
    return NotFound("Database does not exist.", database=db)
