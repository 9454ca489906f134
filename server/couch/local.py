"""Decide how local documents answer: they are kept for whoever replicates (checkpoints), and never replicated themselves."""

from typing import Any

from server.couch.answers import Answer, ok
from server.couch.call import Call, parse_json
from sync.documents import encode, render
from sync.errors import BadRequest, NotFound
from sync.replication import Replica


async def put_local(replica: Replica, name: str, doc: dict[str, Any]) -> str:
    """Write one from its JSON; returns the new revision."""
    rev = doc.pop("_rev", None)
    deleted = bool(doc.pop("_deleted", False))
    if rev is not None and not isinstance(rev, str):
        raise BadRequest("Invalid rev format")
    content = {member: value for member, value in doc.items() if not member.startswith("_")}
    return await replica.store.put_local(replica.db, name, rev, None if deleted else encode(content))


async def local_document(call: Call, replica: Replica, name: str) -> Answer:
    """GET, PUT and DELETE of `_local/{name}`."""
    doc_id = f"_local/{name}"
    if call.method == "PUT":
        doc = await call.object(any_type=True)
        rev = await put_local(replica, name, {"_rev": call.query.get("rev"), **doc})
        return ok({"ok": True, "id": doc_id, "rev": rev}, 201)
    if call.method == "DELETE":
        asked = call.query.get("rev", call.headers.get("if-match", "").strip('"') or None)
        rev = await replica.store.put_local(replica.db, name, asked, None)
        return ok({"ok": True, "id": doc_id, "rev": rev})
    held = await replica.store.local(replica.db, name)
    if held is None:
        raise NotFound(document=doc_id)
    return Answer(200, render(doc_id, held[0], held[1]) + b"\n", {"etag": f'"{held[0]}"'})


async def local_documents(call: Call, replica: Replica) -> Answer:
    rows = await replica.store.local_rows(replica.db)
    whole = call.flag("include_docs")
    listed = [
        {"id": f"_local/{name}", "key": f"_local/{name}", "value": {"rev": rev}}
        | ({"doc": {"_id": f"_local/{name}", "_rev": rev, **parse_json(body)}} if whole else {})
        for name, rev, body in rows
    ]
    return ok({"total_rows": None, "offset": None, "rows": listed})
