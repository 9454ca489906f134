"""Decide whether an end that somebody brings takes anything away (AM5). Pure.

Merges alone write ends, and a tombstone shows by its id that it may be one; but an id can be worked out by anybody. So what
counts is what the document would say with it.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from schemas import upgrade
from schemas.canonical import NotCanonical
from sync import tree as trees
from sync.documents import content_of
from sync.reconcile.body import Body, Record, read
from sync.stores.contract import Found, Write
from sync.tree import Node, Tree


class Ended:
    """A document before and after an end that is brought."""

    def __init__(self, found: Found | None, end: Write) -> None:
        self._tree: Tree = dict(found.tree) if found else {}
        self._bodies = {one.rev: content_of(one.body) for one in found.revisions} if found else {}
        self._before = trees.leaves(self._tree) if self._tree else []
        self._end = end
        trees.graft(self._tree, end.path, Node((), 1, deleted=True))
        self._bodies.setdefault(end.path[0], dict(end.content))
        self._after = trees.leaves(self._tree)

    def loses_nothing(self) -> bool:
        """Whether a living leaf remains that wins over what is ended, and what is covered is said by the leaves that remain.

        Whoever ends only what another living leaf wins over leaves one alive, also when several do so at the same moment.
        """
        covered = [rev for rev in self._before if rev not in self._after]
        living = [rev for rev in self._after if not self._tree[rev].deleted]
        ended = [trees.order(rev) for rev in covered if not self._tree[rev].deleted]
        if not living or any(trees.order(living[0]) <= one for one in ended):
            return False
        try:
            return self._read(self._after) == self._read([*self._after, *covered])
        except NotCanonical:
            return False

    def contradicts(self) -> bool:
        """Whether the leaf is held and says something else than its end, which no merge writes."""
        leaf = self._end.path[1]
        return leaf in self._before and self._bodies[leaf] != dict(self._end.content)

    def says_nothing_new(self) -> bool:
        """Whether the document holds all that the end's body says, so that nobody's rights are in question."""
        try:
            return self._read(self._before) == self._read([*self._before, self._end.path[0]])
        except NotCanonical:
            return False

    def _read(self, revs: Sequence[str]) -> Record:
        return read(_shaped(self._bodies[rev]) for rev in revs if self._bodies.get(rev))


def taken_as(found: Found | None, end: Write) -> Write:
    """What an end brings: itself, or the leaf that it ends where that would take something away, because the continuation that
    wins over the leaf is not here (a restored server, a batch that was cut off). An end that contradicts a held leaf stays itself.
    """
    ended = Ended(found, end)
    if ended.loses_nothing() or ended.contradicts():
        return end
    return replace(end, path=end.path[1:], deleted=False)


def _shaped(body: Body) -> Body:
    return dict(upgrade(body))
