"""Decide what one batch of revisions changes in the file. Runs in the writer's thread, inside a savepoint.

Rows are written by statements of many rows each: SQLite then works through a whole batch without asking for Python's lock in
between, which would make it wait for the event loop at every row.
"""

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sync import tree as trees
from sync.documents import encode, new_rev
from sync.errors import Conflict, FieldbookError, PreconditionFailed
from sync.stores.contract import Attachment, AudienceOf, Edit, NewAttachment, Result, Write, Written
from sync.stores.sqlite.state import State
from sync.tree import Node, Tree

_DOC = "doc, db, id, seq, rev, deleted, body, audience, leaves, tree"
_DOC_CHANGES = (
    "seq=excluded.seq, rev=excluded.rev, deleted=excluded.deleted, body=excluded.body, audience=excluded.audience"
)
_DOC_INSERT = f"INSERT INTO doc({_DOC}) VALUES %s ON CONFLICT(doc) DO UPDATE SET {_DOC_CHANGES}, leaves=excluded.leaves, tree=excluded.tree"
_BODY_INSERT = "INSERT INTO body(body, doc, attached, text) VALUES %s"
_ATTACHMENT = "body, name, content_type, digest, length, revpos, encoding, encoded_length, blob"
_ATTACHMENT_INSERT = f"INSERT INTO attachment({_ATTACHMENT}) VALUES %s"
_ROWS = (256, 64, 16, 4, 1)


class Doc:
    """A document while a batch is being applied to it."""

    __slots__ = (
        "audience",
        "body",
        "changed",
        "deleted",
        "fresh",
        "id",
        "leaves",
        "number",
        "rev",
        "seq",
        "tree",
        "was_alive",
    )

    def __init__(self, number: int, doc_id: str) -> None:
        self.number = number
        self.id = doc_id
        self.tree: Tree = {}
        self.seq = self.body = self.audience = 0
        self.rev = ""
        self.leaves: list[str] = []
        self.deleted = True
        self.fresh = True
        self.was_alive = False
        self.changed = False

    def settle(self, state: State, connection: sqlite3.Connection) -> None:
        """Work out winner, leaves and audience anew."""
        self.leaves = trees.leaves(self.tree)
        self.rev = self.leaves[0]
        winner = self.tree[self.rev]
        self.body, self.deleted, self.audience = winner.body, winner.deleted, winner.audience
        if len(self.leaves) > 1:
            readers = [state.readers_of(self.tree[leaf].audience) for leaf in self.leaves]
            if all(one is not None for one in readers):
                self.audience = state.audience(
                    connection, frozenset().union(*(one for one in readers if one is not None))
                )

    def row(self, db: int) -> tuple[Any, ...]:
        if len(self.tree) == 1 and not self.tree[self.rev].parents:
            leaves, tree = None, None
        else:
            leaves = json.dumps(self.leaves) if len(self.leaves) > 1 else None
            tree = trees.encode(self.tree)
        return (self.number, db, self.id, self.seq, self.rev, int(self.deleted), self.body, self.audience, leaves, tree)


class Batch:
    """Applies writes to one database. `kept` holds, for each item with attachments, those whose bytes are already in files."""

    def __init__(self, connection: sqlite3.Connection, state: State, db: str, audience_of: AudienceOf) -> None:
        self._connection = connection
        self._state = state
        self._name = db
        self._standing = state.standing(db)
        self._audience_of = audience_of
        self._docs: dict[str, Doc] = {}
        self._seq = self._standing.update_seq
        self._new: list[tuple[Any, ...]] = []
        self._bodies: list[tuple[Any, ...]] = []
        self._attachments: list[tuple[Any, ...]] = []

    def add(self, items: Sequence[Write | Edit], kept: Mapping[int, Mapping[str, Attachment]]) -> list[Result]:
        ids = {item.id for item in items}
        self._docs = load(self._connection, self._standing.db, ids)
        once = len(ids) == len(items)
        results: list[Result] = []
        for at, item in enumerate(items):
            if (
                once
                and type(item) is Write
                and len(item.path) == 1
                and not item.attachments
                and item.id not in self._docs
            ):
                results.append(self._add_new(item))
                continue
            try:
                results.append(self._add(item, kept.get(at)))
            except FieldbookError as error:
                results.append(error)
        self._flush()
        return results

    def _add_new(self, item: Write) -> Written:
        """The first revision of a document that nothing else in the batch is about: there is nothing to compare it with, to merge
        or to stem. So is most of what tablets push."""
        state = self._state
        number, body, rev, deleted = state.next_doc, state.next_body, item.path[0], item.deleted
        audience = state.audience(self._connection, self._audience_of(self._name, item.content))
        state.next_doc, state.next_body = number + 1, body + 1
        self._seq += 1
        self._bodies.append((body, number, 0, item.body))
        self._new.append((number, self._standing.db, item.id, self._seq, rev, deleted, body, audience, None, None))
        return Written(item.id, rev)

    def _add(self, item: Write | Edit, kept: Mapping[str, Attachment] | None) -> Written:
        doc = self._docs.get(item.id)
        tree: Tree = {} if doc is None else doc.tree
        if isinstance(item, Write):
            path: Sequence[str] = item.path
            known = tree.get(path[0])
            if known is not None and known.body:
                return Written(item.id, path[0], fresh=False)
            attachments = self._resolve(item, path, tree, kept) if item.attachments else {}
        else:
            parent = _parent_for(item, doc)
            above = [] if parent is None else trees.ancestry(tree, parent)
            attachments = self._resolve(item, ["0-", *above], tree, kept) if item.attachments else {}
            rev = new_rev(item, parent, attachments)
            path = [rev, *above]
            if rev in tree:
                return Written(item.id, rev, fresh=False)
        if doc is None:
            doc = self._docs[item.id] = Doc(self._state.next_doc, item.id)
            self._state.next_doc += 1
        self._graft(doc, item, path, attachments)
        return Written(item.id, path[0])

    def _graft(self, doc: Doc, item: Write | Edit, path: Sequence[str], attachments: Mapping[str, Attachment]) -> None:
        body = self._state.next_body
        self._state.next_body += 1
        readers = self._audience_of(self._name, item.content)
        if item.deleted and readers is not None:
            # A tombstone is read by those who could read what it ends (decision 4): it may hold nothing to tell by.
            above = next((doc.tree[rev].audience for rev in path[1:] if rev in doc.tree and doc.tree[rev].body), 0)
            readers |= self._state.readers_of(above) or frozenset()
        audience = self._state.audience(self._connection, readers)
        trees.graft(doc.tree, path, Node((), body, item.deleted, audience))
        doc.tree = trees.stem(doc.tree, self._standing.revs_limit)
        doc.settle(self._state, self._connection)
        self._seq += 1
        doc.seq = self._seq
        doc.changed = True
        self._bodies.append((body, doc.number, len(attachments), item.body))
        generation = int(path[0].partition("-")[0])
        for name, at in attachments.items():
            facts = (
                at.content_type,
                at.digest,
                at.length,
                at.revpos or generation,
                at.encoding,
                at.encoded_length,
                at.blob,
            )
            self._attachments.append((body, name, *facts))

    def _resolve(
        self, item: Write | Edit, path: Sequence[str], tree: Tree, kept: Mapping[str, Attachment] | None
    ) -> dict[str, Attachment]:
        """Stubs become the attachments that they name: of the parent first, then of any revision of this document."""
        resolved: dict[str, Attachment] = {}
        older: list[dict[str, Attachment]] | None = None
        for name, given in item.attachments.items():
            if isinstance(given, Attachment):
                resolved[name] = given
            elif isinstance(given, NewAttachment):
                resolved[name] = (kept or {})[name]
            else:
                if older is None:
                    revs = [rev for rev in path[1:] if rev in tree] + [rev for rev in tree if rev not in path]
                    bodies = [tree[rev].body for rev in revs if tree[rev].body]
                    held = attachments_of(self._connection, bodies)
                    older = [held[body] for body in bodies if body in held] + self._pending(bodies)
                found = next(
                    (one[name] for one in older if name in one and given.digest in (None, one[name].digest)), None
                )
                if found is None:
                    raise PreconditionFailed(f"Invalid attachment stub in {item.id} for {name}")
                resolved[name] = found
        return resolved

    def _pending(self, bodies: Sequence[int]) -> list[dict[str, Attachment]]:
        """Attachments of revisions that came earlier in this same batch."""
        pending: dict[int, dict[str, Attachment]] = {}
        for body, name, *facts in self._attachments:
            if body in bodies:
                pending.setdefault(body, {})[name] = _attachment(facts)
        return list(pending.values())

    def _flush(self) -> None:
        standing = self._standing
        changed = [doc for doc in self._docs.values() if doc.changed]
        if not changed and not self._new:
            return
        insert(self._connection, _BODY_INSERT, self._bodies)
        insert(self._connection, _ATTACHMENT_INSERT, self._attachments)
        insert(self._connection, _DOC_INSERT, self._new + [doc.row(standing.db) for doc in changed])
        ended = sum([row[5] for row in self._new])
        standing.deleted += ended
        standing.documents += len(self._new) - ended
        self._state.touched.setdefault(self._name, set()).update([row[7] for row in self._new])
        count(self._connection, self._state, self._name, changed, self._seq)


def load(connection: sqlite3.Connection, db: int, ids: Collection[str]) -> dict[str, Doc]:
    docs: dict[str, Doc] = {}
    columns = "doc, id, seq, rev, deleted, body, audience, tree"
    rows = connection.execute(f"SELECT {columns} FROM doc WHERE db=? AND {among('id', len(ids))}", [db, named(ids)])
    for number, doc_id, seq, rev, deleted, body, audience, tree in rows.fetchall():
        doc = docs[doc_id] = Doc(number, doc_id)
        doc.seq, doc.rev, doc.deleted, doc.body, doc.audience = seq, rev, bool(deleted), body, audience
        doc.tree = tree_of(rev, deleted, body, audience, tree)
        doc.fresh, doc.was_alive = False, not deleted
    return docs


def among(column: str, count: int) -> str:
    """The condition that a column is among the values that `named` passes. One value is compared: a list costs 10 µs to open."""
    return f"{column}=?" if count == 1 else f"{column} IN (SELECT value FROM json_each(?))"


def named(values: Collection[str]) -> str:
    return next(iter(values)) if len(values) == 1 else encode(list(values)).decode()


def tree_of(rev: str, deleted: int, body: int, audience: int, tree: bytes | None) -> Tree:
    return {rev: Node((), body, bool(deleted), audience)} if tree is None else trees.decode(tree)


def count(connection: sqlite3.Connection, state: State, db: str, changed: Sequence[Doc], seq: int) -> None:
    """Bring the database's counts and position up to date and note who is to be told."""
    standing = state.standing(db)
    for doc in changed:
        if doc.fresh:
            standing.documents += not doc.deleted
            standing.deleted += doc.deleted
        elif doc.was_alive != (not doc.deleted):
            standing.documents += 1 if doc.was_alive is False else -1
            standing.deleted += -1 if doc.was_alive is False else 1
    standing.update_seq = seq
    connection.execute(
        "UPDATE db SET update_seq=?, documents=?, deleted=? WHERE db=?",
        [standing.update_seq, standing.documents, standing.deleted, standing.db],
    )
    state.touched.setdefault(db, set()).update(doc.audience for doc in changed)


def insert(connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    at = 0
    for size in _ROWS:
        while len(rows) - at >= size:
            chunk = rows[at : at + size]
            connection.execute(_of_rows(statement, len(chunk[0]), size), list(chain.from_iterable(chunk)))
            at += size


@lru_cache(maxsize=64)
def _of_rows(statement: str, columns: int, rows: int) -> str:
    places = "(" + ",".join("?" * columns) + ")"
    return statement % ",".join([places] * rows)


def attachments_of(connection: sqlite3.Connection, bodies: Sequence[int]) -> dict[int, dict[str, Attachment]]:
    held: dict[int, dict[str, Attachment]] = {}
    if not bodies:
        return held
    rows = connection.execute(
        f"SELECT {_ATTACHMENT} FROM attachment WHERE body IN (SELECT value FROM json_each(?))",
        [json.dumps(list(bodies))],
    )
    for body, name, *facts in rows.fetchall():
        held.setdefault(body, {})[name] = _attachment(facts)
    return held


def _attachment(facts: Sequence[Any]) -> Attachment:
    content_type, digest, length, revpos, encoding, encoded_length, blob = facts
    return Attachment(content_type, digest, length, revpos, encoding, encoded_length, blob)


def _parent_for(edit: Edit, doc: Doc | None) -> str | None:
    """The leaf that an edit goes onto, as CouchDB decides it. Raises Conflict."""
    if doc is None:
        if edit.parent is not None:
            raise Conflict
        return None
    leaves = trees.leaves(doc.tree)
    if edit.parent is None:
        if not doc.tree[leaves[0]].deleted:
            raise Conflict
        return leaves[0]
    if edit.parent not in leaves:
        raise Conflict
    return edit.parent
