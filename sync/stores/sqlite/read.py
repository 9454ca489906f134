"""Decide how the file answers questions. Every function takes a connection of a reading thread and returns values."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from sync import tree as trees
from sync.documents import encode
from sync.errors import NotFound
from sync.stores.contract import (
    LEAVES,
    NONE_ATTACHED,
    Attachment,
    Change,
    Found,
    Info,
    Missing,
    Page,
    Range,
    Readers,
    Row,
    Stored,
    Want,
)
from sync.stores.sqlite.state import State
from sync.stores.sqlite.write import among, attachments_of, named, tree_of

SCAN_MAX = 2_000
"""Up to so many changes are read and those of others left out here; beyond that SQLite does it, which costs a list of audiences."""


def info(connection: sqlite3.Connection, state: State, db: str) -> Info:
    row = connection.execute("SELECT created, update_seq, documents, deleted FROM db WHERE name=?", [db]).fetchone()
    if row is None:
        raise NotFound("Database does not exist.", database=db)
    pages = connection.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()").fetchone()[
        0
    ]
    created, update_seq, documents, deleted = row
    return Info(db, documents, deleted, str(update_seq), pages, created)


def missing(
    connection: sqlite3.Connection, state: State, db: str, revs: Mapping[str, Sequence[str]]
) -> dict[str, Missing]:
    """Documents asked about by just the winner that is held, which is almost all of them, never leave SQLite."""
    standing = state.standing(db)
    rows = connection.execute(
        "SELECT j.key, d.rev, d.deleted, d.body, d.audience, d.tree FROM json_each(?) j"
        " LEFT JOIN doc d ON d.db=? AND d.id=j.key WHERE d.rev IS NULL OR j.value<>json_array(d.rev)",
        [encode(revs).decode(), standing.db],
    )
    answer: dict[str, Missing] = {}
    for doc, rev, deleted, body, audience, stored in rows.fetchall():
        asked = list(revs[doc])
        if rev is None:
            if asked:
                answer[doc] = Missing(asked, [])
            continue
        tree = tree_of(rev, deleted, body, audience, stored)
        missed = trees.missing(tree, asked)
        if missed:
            answer[doc] = Missing(missed, trees.possible_ancestors(tree, missed))
    return answer


def get(connection: sqlite3.Connection, state: State, db: str, wants: Sequence[Want], bodies: bool) -> list[Found]:
    """The winner's body comes along with its row: it is what is asked for nearly always."""
    standing = state.standing(db)
    source, text = (
        ("doc d LEFT JOIN body b ON b.body = d.body", "b.text, b.attached") if bodies else ("doc d", "NULL, 0")
    )
    rows = connection.execute(
        f"SELECT d.id, d.seq, d.rev, d.deleted, d.body, d.audience, d.tree, {text} FROM {source}"
        f" WHERE d.db=? AND {among('d.id', len(wants))}",
        [standing.db, named([want.id for want in wants])],
    )
    held = {row[0]: row for row in rows.fetchall()}
    found: list[Found] = []
    waiting: list[tuple[Found, list[str]]] = []
    texts: dict[int, tuple[bytes, int]] = {}
    for want in wants:
        row = held.get(want.id)
        if row is None:
            absent = [] if want.revs is None or isinstance(want.revs, str) else list(want.revs)
            found.append(Found(want.id, {}, "0", None, [], absent))
            continue
        doc, seq, rev, deleted, body, audience, stored, text, attached = row
        tree = tree_of(rev, deleted, body, audience, stored)
        one = Found(doc, tree, str(seq), state.readers_of(audience), [], [])
        found.append(one)
        if stored is None and text is not None and not attached and _means_only(want.revs, rev):
            one.revisions.append(Stored(rev, deleted == 1, text, NONE_ATTACHED))
            continue
        if text is not None:
            texts[body] = (text, attached)
        revs, one.absent = _choose(tree, want)
        waiting.append((one, revs))
    if waiting:
        _fill(connection, waiting, bodies, texts)
    return found


def leaves(connection: sqlite3.Connection, state: State, db: str, ids: Sequence[str]) -> dict[str, Found]:
    rows = connection.execute(
        f"SELECT id FROM doc WHERE db=? AND {among('id', len(ids))}",
        [state.standing(db).db, named(ids)],
    ).fetchall()
    wants = [Want(doc, LEAVES) for (doc,) in rows]
    return {one.id: one for one in get(connection, state, db, wants, True)} if wants else {}


def changes(
    connection: sqlite3.Connection,
    state: State,
    db: str,
    since: int,
    limit: int | None,
    descending: bool,
    bodies: bool,
    ids: Sequence[str] | None,
    reader: Readers | None,
) -> Page:
    standing = state.standing(db)
    connection.execute("BEGIN")
    try:
        (upto,) = connection.execute("SELECT update_seq FROM db WHERE db=?", [standing.db]).fetchone() or (0,)
        sees = None if reader is None else state.seen_by(reader)
        source = "doc d" if not bodies else "doc d JOIN body b ON b.body = d.body"
        columns = "d.seq, d.id, d.rev, d.deleted, d.leaves, d.audience, d.body" + (
            ", b.text, b.attached" if bodies else ""
        )
        values: list[Any]
        where, values = "d.db=? AND d.seq>?", [standing.db, 0 if descending else since]
        if ids is not None:
            where += " AND d.id IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(list(ids)))
        if sees is not None and (limit is not None or upto - since > SCAN_MAX):
            where += " AND d.audience IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(list(sees)))
            sees = None
        order = "DESC" if descending else "ASC"
        rows = connection.execute(
            f"SELECT {columns} FROM {source} WHERE {where} ORDER BY d.seq {order} LIMIT ?",
            [*values, -1 if limit is None else limit],
        ).fetchall()
        if sees is not None:
            rows = [row for row in rows if row[5] in sees]
        page = [_change(state, row, bodies) for row in rows]
        if bodies and any(row[8] for row in rows):
            held = attachments_of(connection, [row[6] for row in rows if row[8]])
            page = [change._replace(attachments=held.get(row[6], {})) for change, row in zip(page, rows, strict=True)]
        if limit is None or len(page) < limit:
            return Page(page, str(upto), 0)
        last = rows[-1][0] if rows else since
        beyond = "d.seq<?" if descending else "d.seq>?"
        pending = connection.execute(
            f"SELECT count(*) FROM doc d WHERE {where} AND {beyond}",
            [*values, last],
        ).fetchone()[0]
        return Page(page, str(last), pending)
    finally:
        connection.execute("COMMIT")


def listing(
    connection: sqlite3.Connection, state: State, db: str, span: Range, bodies: bool, reader: Readers | None
) -> tuple[list[Row], int, int]:
    standing = state.standing(db)
    values: list[Any]
    where, values = "d.db=? AND d.deleted=0", [standing.db]
    if reader is not None:
        where += " AND d.audience IN (SELECT value FROM json_each(?))"
        values.append(json.dumps(list(state.seen_by(reader))))
    total = connection.execute(f"SELECT count(*) FROM doc d WHERE {where}", values).fetchone()[0]
    low, high = (span.end, span.start) if span.descending else (span.start, span.end)
    bounds = ""
    bound_values: list[str] = []
    if low is not None:
        bounds += " AND d.id " + (">=" if not span.descending or span.inclusive_end else ">") + " ?"
        bound_values.append(low)
    if high is not None:
        bounds += " AND d.id " + ("<=" if span.descending or span.inclusive_end else "<") + " ?"
        bound_values.append(high)
    before, before_values = "0", list[Any]()
    if span.start is not None:
        before = f"(SELECT count(*) FROM doc d WHERE {where} AND d.id {'>' if span.descending else '<'} ?)"
        before_values = [*values, span.start]
    offset = connection.execute(f"SELECT {before}", before_values).fetchone()[0] + span.skip  # constants
    source = "doc d" if not bodies else "doc d JOIN body b ON b.body = d.body"
    columns = "d.id, d.rev, d.deleted, d.leaves, d.audience, d.body" + (", b.text, b.attached" if bodies else "")
    rows = connection.execute(
        f"SELECT {columns} FROM {source} WHERE {where}{bounds} ORDER BY d.id {'DESC' if span.descending else 'ASC'} LIMIT ? OFFSET ?",
        [*values, *bound_values, -1 if span.limit is None else span.limit, span.skip],
    ).fetchall()
    held = attachments_of(connection, [row[5] for row in rows if bodies and row[7]])
    return [_row(state, row, bodies, held) for row in rows], total, min(offset, total)


def local(connection: sqlite3.Connection, state: State, db: str, doc: str) -> tuple[str, bytes] | None:
    row = connection.execute("SELECT rev, body FROM local WHERE db=? AND id=?", [state.standing(db).db, doc]).fetchone()
    return None if row is None else (f"0-{row[0]}", bytes(row[1]))


def local_rows(connection: sqlite3.Connection, state: State, db: str) -> list[tuple[str, str, bytes]]:
    rows = connection.execute("SELECT id, rev, body FROM local WHERE db=? ORDER BY id", [state.standing(db).db])
    return [(doc, f"0-{rev}", bytes(body)) for doc, rev, body in rows.fetchall()]


def _change(state: State, row: Sequence[Any], bodies: bool) -> Change:
    leaves = (row[2],) if row[4] is None else json.loads(row[4])
    return Change(str(row[0]), row[1], leaves, bool(row[3]), row[7] if bodies else None, None, state.readers_of(row[5]))


def _row(state: State, row: Sequence[Any], bodies: bool, held: Mapping[int, Mapping[str, Attachment]]) -> Row:
    doc, rev, deleted, leaves, audience, body = row[:6]
    text, attachments = (row[6], held.get(body, {})) if bodies else (None, None)
    known = [rev] if leaves is None else json.loads(leaves)
    return Row(doc, rev, bool(deleted), known, text, attachments, state.readers_of(audience))


def _means_only(revs: Sequence[str] | str | None, rev: str) -> bool:
    """Whether a want means the one revision that a document has, and nothing else."""
    return revs is None or revs == LEAVES or (len(revs) == 1 and revs[0] == rev)


def _choose(tree: trees.Tree, want: Want) -> tuple[list[str], list[str]]:
    """The revisions of a document that a want means, and those that are not held."""
    if want.revs is None:
        return trees.leaves(tree)[:1], []
    if want.revs == LEAVES:
        return trees.leaves(tree), []
    revs: list[str] = []
    absent: list[str] = []
    for rev in want.revs:
        if want.latest and rev in tree:
            revs += [leaf for leaf in trees.leaves_below(tree, rev) if leaf not in revs]
        elif rev in tree and tree[rev].body:
            revs.append(rev)
        else:
            absent.append(rev)
    return revs, absent


def _fill(
    connection: sqlite3.Connection,
    waiting: Sequence[tuple[Found, Sequence[str]]],
    bodies: bool,
    texts: dict[int, tuple[bytes, int]],
) -> None:
    """Put the chosen revisions in; bodies that are not in `texts` yet are read in one statement."""
    if not bodies:
        for one, revs in waiting:
            one.revisions = [Stored(rev, one.tree[rev].deleted, b"", NONE_ATTACHED) for rev in revs]
        return
    numbers = [one.tree[rev].body for one, revs in waiting for rev in revs]
    lacking = [body for body in numbers if body not in texts]
    if lacking:
        rows = connection.execute(
            "SELECT body, text, attached FROM body WHERE body IN (SELECT value FROM json_each(?))",
            [encode(lacking).decode()],
        ).fetchall()
        texts |= {body: (text, attached) for body, text, attached in rows}
    held = attachments_of(connection, [body for body in numbers if body in texts and texts[body][1]])
    for one, revs in waiting:
        for rev in revs:
            node = one.tree[rev]
            if node.body in texts:
                one.revisions.append(Stored(rev, node.deleted, texts[node.body][0], held.get(node.body, {})))
            else:
                one.absent.append(rev)
