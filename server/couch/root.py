"""Decide what the server says of itself, and who makes databases."""

from uuid import uuid4

from server.couch.answers import Answer, ok
from server.couch.call import Call
from server.couch.database import check_name, need_administrator
from sync.actor import Actor
from sync.errors import BadRequest
from sync.stores.contract import Store

UUIDS_MAX = 1000
COUCHDB_VERSION = "3.5.0"
"""The version whose interface this is: replicators choose their requests by it."""


def welcome(store: Store) -> Answer:
    return ok(
        {
            "couchdb": "Welcome",
            "version": COUCHDB_VERSION,
            "uuid": store.incarnation,
            "features": [],
            "vendor": {"name": "Fieldbook"},
        }
    )


def up(stopping: bool) -> Answer:
    return ok({"status": "stopping"}, 404) if stopping else ok({"status": "ok", "seeds": {}})


def session(actor: Actor | None) -> Answer:
    methods = ["default", "cookie", "token"]
    roles = [] if actor is None else ["_admin" if actor.administrator else actor.role]
    context = {"name": actor.name if actor else None, "roles": roles}
    about = {"authentication_handlers": methods} | ({"authenticated": "default"} if actor else {})
    return ok({"ok": True, "userCtx": context, "info": about})


def uuids(call: Call) -> Answer:
    count = call.number("count")
    if count is not None and count > UUIDS_MAX:
        raise BadRequest(f"count parameter too large: {UUIDS_MAX} at most")
    many = [uuid4().hex for _ in range(1 if count is None else count)]
    return ok({"uuids": many}, 200, cache_control="no-store")


def all_databases(call: Call, names: list[str]) -> Answer:
    start, end = call.json_value("startkey", "start_key"), call.json_value("endkey", "end_key")
    kept = [name for name in names if (start is None or name >= start) and (end is None or name <= end)]
    skip, limit = call.number("skip") or 0, call.number("limit")
    kept = kept[::-1] if call.flag("descending") else kept
    return ok(kept[skip : None if limit is None else skip + limit])


async def create_database(call: Call, store: Store, actor: Actor, db: str) -> Answer:
    need_administrator(actor)
    check_name(db)
    await store.create(db)
    return ok({"ok": True}, 201, location=f"/sync/{db}")
