"""Decide which revisions end a conflict: at most one continuation of the winner, and an end for every other live leaf, and for an
ended one that still holds what was redacted.

Pure: takes the leaves of one document, returns what to write. The revision ids follow from the leaves and the content,
so doing it twice, or on two machines, does it once. Ids made from all parents would never come to rest in a ring of
three servers; ends without a body would lose an edit when the merging server is restored from an older backup.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import md5

from schemas.canonical import NotCanonical, canonical
from sync.reconcile.body import Body, content_of, read, written
from sync.reconcile.redaction import holds_any, redacted, without
from sync.reconcile.rules import RuleOf, always_latest
from sync.reconcile.unstamped import adopt_unstamped


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf of a document's revision tree; `body` is empty when it was deleted without one.

    `parent` is the body of the revision before it, when the store still holds it: only a leaf without stamps needs it.
    """

    rev: str
    body: Body
    deleted: bool = False
    parent: Body | None = None


@dataclass(frozen=True, slots=True)
class NewRevision:
    """A revision to write as a child of `parent`; `body` lacks `_id`, `_rev` and `_deleted`."""

    rev: str
    parent: str
    deleted: bool
    body: Body


@dataclass(frozen=True, slots=True)
class MergePlan:
    """What ends the conflict. The continuation must be durable, and sent, before any of the ends is written."""

    continuation: NewRevision | None
    ends: tuple[NewRevision, ...]

    @property
    def nothing(self) -> bool:
        """Whether the document is at rest."""
        return self.continuation is None and not self.ends


@dataclass(frozen=True, slots=True)
class Newer:
    """Left alone: the record is of a newer version than this program knows; a newer program merges it."""

    version: int


@dataclass(frozen=True, slots=True)
class Unmergeable:
    """Left alone: a leaf holds a value without a canonical form, so no two servers would give the same revision."""

    reason: str


def merge(
    leaves: Sequence[Leaf],
    winner_rev: str,
    *,
    version_max: int,
    rule_of: RuleOf = always_latest,
    upgrade: Callable[[Body], Body] = lambda body: body,
) -> MergePlan | Newer | Unmergeable:
    """What to write so that the document says on one leaf what all its leaves say, ended ones included.

    `winner_rev` is the leaf that the store shows (KeyError when it is none of them). `upgrade` brings the body of an
    older version to this program's shape for the join alone; ends keep the bodies as they are.
    """
    winner = {leaf.rev: leaf for leaf in leaves}[winner_rev]
    newest = max(_version(leaf.body) for leaf in leaves)
    if newest > version_max:
        return Newer(newest)
    if winner.deleted:
        return MergePlan(None, ())
    try:
        joined = read(upgrade(_adopted(leaf, rule_of)) for leaf in leaves)
        # Compared by what they hold, not by how it is laid out: two programs of different versions may lay it out
        # differently, and would otherwise go on correcting each other.
        said = joined == read([upgrade(winner.body)])
        continuation = None if said else _continuation(winner, written(joined, rule_of))
        gone = redacted(joined)
        others = sorted((leaf for leaf in leaves if leaf is not winner), key=lambda leaf: leaf.rev)
        ends: list[NewRevision] = []
        for leaf in others:
            if holds_any(upgrade(leaf.body), gone):
                ends.append(end(leaf, without(upgrade(leaf.body), gone, rule_of)))
            elif not leaf.deleted:
                ends.append(end(leaf))
    except NotCanonical as problem:
        return Unmergeable(problem.reason)
    return MergePlan(continuation, tuple(ends))


def _continuation(winner: Leaf, body: Body) -> NewRevision:
    return NewRevision(_next_rev(winner.rev, [winner.rev, body]), winner.rev, False, body)


def is_end(path: Sequence[str], body: Body) -> bool:
    """Whether a tombstone (its revision and ancestors, newest first) ends the leaf before it as a merge does."""
    if len(path) < 2:
        return False
    # Nearly always the first: only then is the body hashed.
    if path[0] == _next_rev(path[1], ["end", path[1]]):
        return True
    try:
        return path[0] == _next_rev(path[1], ["end", path[1], content_of(body)])
    except NotCanonical:
        return False


def end(leaf: Leaf, less: Body | None = None) -> NewRevision:
    """The end of a leaf, with its body, or with what that says less what was redacted: then its id follows from that too."""
    if less is None:
        return NewRevision(_next_rev(leaf.rev, ["end", leaf.rev]), leaf.rev, True, content_of(leaf.body))
    body = content_of(less)
    return NewRevision(_next_rev(leaf.rev, ["end", leaf.rev, body]), leaf.rev, True, body)


def _next_rev(parent: str, hashed: list[object]) -> str:
    generation = int(parent.partition("-")[0]) + 1
    return f"{generation}-{md5(canonical(hashed), usedforsecurity=False).hexdigest()}"


def _adopted(leaf: Leaf, rule_of: RuleOf) -> Body:
    return leaf.body if leaf.parent is None else adopt_unstamped(leaf.parent, leaf.body, rule_of=rule_of)


def _version(body: Body) -> int:
    version = body.get("version")
    return version if type(version) is int else 0
