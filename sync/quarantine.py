"""Decide how a refused revision is kept: in `office`, whole, with who sent it and why it was refused (decision 5).

The id follows from what was refused, so that a tablet that sends it again makes no second entry.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sync.actor import Actor
from sync.documents import encode
from sync.errors import FieldbookError
from sync.stores.contract import Edit, NewAttachment, Write

PREFIX = "quarantine:"


def entry(actor: Actor, db: str, item: Write | Edit, error: FieldbookError, now: datetime) -> Edit:
    """The document that keeps a refused revision. Its id begins with who sent it, so that one's own can be listed."""
    path = list(item.path) if isinstance(item, Write) else [item.parent] if item.parent else []
    mark = hashlib.sha256(encode([db, item.id, path]) + item.body).hexdigest()[:32]
    body: dict[str, Any] = {
        "type": "quarantine",
        "database": db,
        "record": item.id,
        "revisions": path,
        "deleted": item.deleted,
        "content": item.content,
        "code": error.facts.get("code", error.code),
        "reason": error.facts.get("reasons", {"en": error.reason}),
        "account": actor.name,
        "member": actor.member,
        "device": actor.device,
        "at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "state": "open",
    }
    bytes_too = {name: given for name, given in item.attachments.items() if isinstance(given, NewAttachment)}
    return Edit(f"{PREFIX}{actor.name}:{mark}", None, body, encode(body), False, bytes_too)


def restored(content: Mapping[str, Any]) -> Write | None:
    """The revision that an entry keeps, ready to be let in after all; None where it was an edit without a revision."""
    revisions = content.get("revisions")
    if not isinstance(revisions, list) or not revisions:
        return None
    kept = dict(content["content"])
    return Write(content["record"], tuple(revisions), kept, encode(kept), bool(content.get("deleted")))
