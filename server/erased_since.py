"""Decide how a backup that is restored learns what was erased since it was made: from the list in a later store of its centre (KE16)."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from sync.databases import OFFICE, audience_of
from sync.documents import content_of
from sync.erasure import KEY, PREFIX
from sync.errors import BadRequest, Conflict, NotFound, StoreDamaged
from sync.stores.contract import Edit, Written
from sync.stores.sqlite import SqliteStore
from sync.stores.sqlite.schema import connect


class ErasedList(NamedTuple):
    """`key`: the local document that its marks were made with. `entries`: {id: body}."""

    key: bytes | None
    entries: dict[str, bytes]


def list_in(directory: Path) -> ErasedList:
    """The list in a data directory or a backup; it may be in use. Raises NotFound where there is no store, StoreDamaged."""
    paths = [one for one in (directory / "store/store.sqlite3", directory / "store.sqlite3") if one.exists()]
    if not paths:
        raise NotFound(f"{directory} is neither a data directory nor a backup: it holds no store.sqlite3.")
    try:
        with closing(connect(paths[0])) as sql:
            key = sql.execute("SELECT l.body FROM local l JOIN db USING (db) WHERE db.name=? AND l.id=?", [OFFICE, KEY])
            held = key.fetchone()
            rows = sql.execute(
                "SELECT doc.id, body.text FROM doc JOIN db USING (db) JOIN body ON body.body = doc.body"
                " WHERE db.name=? AND doc.id>=? AND doc.id<? AND NOT doc.deleted",
                [OFFICE, PREFIX, PREFIX[:-1] + ";"],
            )
            return ErasedList(bytes(held[0]) if held else None, {doc: bytes(text) for doc, text in rows})
    except sqlite3.DatabaseError as error:
        raise StoreDamaged(f"The list of erasures in {paths[0]} cannot be read: {error}. Name another.") from error


def check_same(backup: ErasedList, later: ErasedList) -> None:
    """Marks mean nothing under another key. Raises BadRequest."""
    if later.entries and None not in (backup.key, later.key) and backup.key != later.key:
        raise BadRequest(
            "That list of erasures is of another centre: name a later backup of this one.", code="other_key"
        )


async def bring(directory: Path, later: ErasedList) -> int:
    """Write what the list has and the store in this directory lacks; returns how many. The first start applies it (KE4)."""
    store = SqliteStore(directory, audience_of)
    await store.open()
    try:
        if later.key is not None and await store.local(OFFICE, KEY) is None:
            await store.put_local(OFFICE, KEY, None, later.key)
        edits = [Edit(doc, None, content_of(body), body) for doc, body in sorted(later.entries.items())]
        results = await store.add(OFFICE, edits) if edits else []
        for one in results:
            if not isinstance(one, Written | Conflict):
                raise one
        return sum(isinstance(one, Written) for one in results)
    finally:
        await store.close()
