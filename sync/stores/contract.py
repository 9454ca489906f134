"""Decide what every store promises, so that nothing above it knows which one it talks to.

A store holds named databases of documents with revision trees, local documents, attachments and a feed of changes. Two
implementations keep this contract: `sqlite` (embedded) and `couchdb`; the same tests (`tests/test_store_contract.py`) run on both.
Rules ST… of SPEC.md.

What a write returns is durable: it survives `kill -9` and the loss of power from then on (ST1).
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import msgspec

from sync.errors import FieldbookError
from sync.tree import Tree

Readers = frozenset[str]
"""Principals, such as `member:m0117` or `branch:b03`: who may read a document, or what a reader holds."""

AudienceOf = Callable[[str, Mapping[str, Any]], Readers | None]
"""(database, content of a revision) -> who may read it; None where a database has no record rules."""

LEAVES = "leaves"
"""Asks for every leaf of a document instead of named revisions."""


@dataclass(slots=True, frozen=True)
class Attachment:
    """An attachment as a store describes it. `length` and `digest` ("md5-<base64>") are those of CouchDB: the digest, and
    `encoded_length`, are of the bytes kept, which are compressed where `encoding` is "gzip"; `length` is of the plain bytes."""

    content_type: str
    digest: str
    length: int
    revpos: int = 0
    encoding: str | None = None
    encoded_length: int | None = None
    blob: str = ""


@dataclass(slots=True, frozen=True)
class NewAttachment:
    """Bytes that arrived with a revision: in memory, or in a spool file that the store may take away."""

    content_type: str
    data: bytes | Path
    digest: str
    length: int
    revpos: int | None = None
    encoding: str | None = None
    encoded_length: int | None = None


@dataclass(slots=True, frozen=True)
class Stub:
    """Names an attachment that an earlier revision of the same document holds."""

    digest: str | None = None
    revpos: int | None = None


Attachments = Mapping[str, Attachment | NewAttachment | Stub]

NONE_ATTACHED: Mapping[str, Any] = MappingProxyType({})
"""What nearly every document has of attachments: one empty mapping for all of them."""


class Write(msgspec.Struct):
    """A revision made elsewhere, stored exactly as it is: `path` is its id and those of its ancestors, newest first."""

    id: str
    path: Sequence[str]
    content: Mapping[str, Any]
    body: bytes
    deleted: bool = False
    attachments: Attachments = {}


class Edit(msgspec.Struct):
    """A revision to be made here, on the leaf `parent` (None: on nothing, or on a deleted winner)."""

    id: str
    parent: str | None
    content: Mapping[str, Any]
    body: bytes
    deleted: bool = False
    attachments: Attachments = {}


class Written(msgspec.Struct, frozen=True):
    id: str
    rev: str
    fresh: bool = True
    """False: the store held this revision already, and nothing changed. A store that does not learn of it says True."""


Result = Written | FieldbookError


class Stored(msgspec.Struct, frozen=True):
    rev: str
    deleted: bool
    body: bytes
    """JSON text of the content: an object without CouchDB's underscored members."""
    attachments: Mapping[str, Attachment]


class Want(msgspec.Struct, frozen=True):
    id: str
    revs: Sequence[str] | str | None = None
    """Revision ids, `LEAVES`, or None for the winner."""
    latest: bool = False
    """Instead of a revision that is no leaf, its leaves."""


class Found(msgspec.Struct):
    """What a store holds of one document. An empty tree: nothing. `revisions` are those asked for whose bodies are held;
    `absent` the revision ids asked for that are not."""

    id: str
    tree: Tree
    seq: str
    """Of its latest change; "0" where the store would have to search for it."""
    audience: Readers | None
    revisions: list[Stored]
    absent: list[str]


class Change(NamedTuple):
    seq: str
    id: str
    leaves: Sequence[str]
    """The winner first."""
    deleted: bool
    """Of the winner."""
    body: bytes | None
    """The winner's, where asked for."""
    attachments: Mapping[str, Attachment] | None
    audience: Readers | None


class Page(NamedTuple):
    changes: list[Change]
    last: str
    """Where to go on: past every change looked at, those that the reader may not see among them."""
    pending: int
    """Changes after `last`; those that the reader may not see are counted too."""


class Row(NamedTuple):
    """One line of the listing of all documents."""

    id: str
    rev: str
    deleted: bool
    leaves: Sequence[str]
    body: bytes | None
    attachments: Mapping[str, Attachment] | None
    audience: Readers | None


class Range(NamedTuple):
    start: str | None = None
    end: str | None = None
    inclusive_end: bool = True
    descending: bool = False
    skip: int = 0
    limit: int | None = None


class Info(NamedTuple):
    name: str
    documents: int
    deleted: int
    update_seq: str
    size_bytes: int
    instance_start_time: str


class Missing(NamedTuple):
    missing: list[str]
    possible_ancestors: list[str]


class Store(Protocol):
    """All methods raise NotFound("Database does not exist.") for a database that is not there."""

    incarnation: str
    """Changes when the store was restored from a backup: positions of another incarnation mean nothing here (ST9)."""

    async def new_incarnation(self) -> str:
        """The store was restored by other means than its own: positions that were given out before mean nothing any more, and the notes
        of replicators (local documents with a `history`) are forgotten, so that everybody starts from the beginning. Other servers on
        the same store must be stopped: they learn of it when they start."""

    async def open(self) -> None:
        """Raises StoreDamaged, with what to do, when the store cannot be trusted."""

    async def close(self) -> None: ...

    def wake(self) -> None:
        """Whoever waits is answered at once: the server is about to stop."""

    async def databases(self) -> list[str]: ...

    async def create(self, db: str) -> None:
        """Raises AlreadyExists."""

    async def drop(self, db: str) -> None: ...

    async def info(self, db: str) -> Info: ...

    async def add(self, db: str, items: Sequence[Write | Edit]) -> list[Result]:
        """Store revisions; one result for each, in order. A refused one changes nothing and does not hinder the others (ST2)."""

    async def missing(self, db: str, revs: Mapping[str, Sequence[str]]) -> dict[str, Missing]:
        """Which of these revisions are not known; documents of which nothing is missing are left out."""

    async def get(self, db: str, wants: Sequence[Want], *, bodies: bool = True) -> list[Found]:
        """One answer for each, in order."""

    async def leaves(self, db: str, ids: Sequence[str]) -> dict[str, Found]:
        """Of these documents those that are there, each with all its leaves. What is asked of every push: of new documents
        nothing is answered, so that they cost nothing."""

    async def changes(
        self,
        db: str,
        since: str = "0",
        *,
        limit: int | None = None,
        descending: bool = False,
        bodies: bool = False,
        ids: Sequence[str] | None = None,
        reader: Readers | None = None,
    ) -> Page:
        """Documents changed after `since`, each once, at its latest change. `reader` leaves out what it may not read (ST6)."""

    async def wait(self, db: str, since: str, reader: Readers | None, timeout_seconds: float) -> bool:
        """Until something that the reader may read was written after `since`; False when the time is up.

        Spurious True is allowed. Raises NotFound when the database is dropped meanwhile."""

    async def rows(
        self, db: str, span: Range, *, bodies: bool = False, reader: Readers | None = None
    ) -> tuple[list[Row], int, int]:
        """Living documents by id: the rows, how many documents there are in all, and the offset of the first row."""

    async def read_attachment(
        self, db: str, doc: str, attachment: Attachment, name: str, rev: str
    ) -> AsyncIterator[bytes]: ...

    async def local(self, db: str, doc: str) -> tuple[str, bytes] | None:
        """A document that is never replicated: (revision, body)."""

    async def put_local(self, db: str, doc: str, parent: str | None, body: bytes | None) -> str:
        """Write (body None: delete) a local document; returns the new revision "0-N". Raises Conflict, NotFound."""

    async def local_rows(self, db: str) -> list[tuple[str, str, bytes]]:
        """Every local document: (id, revision, body)."""

    async def revs_limit(self, db: str) -> int: ...

    async def set_revs_limit(self, db: str, depth: int) -> None: ...

    async def compact(self, db: str, ids: Sequence[str] | None = None) -> None:
        """Forget the bodies of revisions that are no leaves, and attachments that nothing names any more.

        `ids`: at least those of these documents, for good: what they held is overwritten (by a CouchDB in its own time, CS10)."""

    async def erase(self, db: str, revs: Mapping[str, Sequence[str] | None]) -> dict[str, list[str]]:
        """Remove leaves (None: whole documents) without a trace; returns what was removed. They may come back by
        replication: whoever erases for good keeps a list and refuses them (decision 16)."""
