"""Decide which revisions of a document are current, from nothing but what its revisions say of their parents.

A revision tree is a set of revisions, each naming its parents. Merging two trees is the union of both sets, so the order
of arrival cannot matter and merging twice is merging once (RT1). A revision that is nobody's parent is a leaf; one leaf,
chosen by a rule that every replica shares, is the winner (RT3); the other leaves are conflicts and are kept.

Normally a revision has one parent. Tools that invent revision ids can make two trees disagree on it; then both parents are
kept, so that the union stays a union and no leaf appears or vanishes (RT2). Old ancestors are forgotten past a depth (RT5).

Pure: no I/O. Revisions are the strings of the wire, "<generation>-<hash>". `body` is the store's key for the revision's
body, 0 where the store holds none; `audience` is the store's key for those who may read it.
"""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from sync.errors import BadRequest


class Node(msgspec.Struct, frozen=True):
    parents: tuple[str, ...] = ()
    body: int = 0
    deleted: bool = False
    audience: int = 0


Tree = dict[str, Node]


def parse_rev(rev: object) -> tuple[int, str]:
    """Return (generation, hash); the hash may be empty, as in CouchDB. Raises BadRequest as CouchDB words it."""
    if isinstance(rev, str):
        generation, dash, digest = rev.partition("-")
        if dash and generation.isascii() and generation.isdigit() and len(generation) <= 15 and int(generation):
            return int(generation), digest
    raise BadRequest("Invalid rev format")


def check_rev(rev: object) -> None:
    """Raises BadRequest for what is no revision id."""
    if rev.__class__ is str and rev[1:2] == "-" and rev[0] in "123456789":
        return
    parse_rev(rev)


def order(rev: str) -> tuple[int, str]:
    """Sort key of revisions: by generation, then by hash as ASCII, which is how PouchDB and CouchDB break ties."""
    generation, _, digest = rev.partition("-")
    return int(generation), digest


def graft(tree: Tree, path: Sequence[str], node: Node) -> bool:
    """Add the revision `path[0]`, whose ancestors are `path[1:]` newest first. Return whether that changed the tree.

    `node.parents` is taken from the path. A revision known only by name so far gets its body; a body is never replaced (RT4).
    """
    rev = path[0]
    parents = tuple(path[1:2])
    known = tree.get(rev)
    if known is None:
        tree[rev] = replace(node, parents=parents)
        changed = True
    elif known.body == 0 and node.body:
        tree[rev] = replace(node, parents=_union(known.parents, parents))
        changed = True
    else:
        changed = _adopt(tree, rev, known, parents)
    for at in range(1, len(path)):
        parents = tuple(path[at + 1 : at + 2])
        known = tree.get(path[at])
        if known is None:
            tree[path[at]] = Node(parents)
            changed = True
        else:
            changed |= _adopt(tree, path[at], known, parents)
    return changed


def merge(one: Tree, other: Tree) -> Tree:
    """The union of two trees (RT1). Where both hold a body, the first tree's key is kept: bodies of one revision are equal."""
    union = dict(one)
    for rev, node in other.items():
        known = union.get(rev)
        if known is None:
            union[rev] = node
        else:
            kept = known if known.body or not node.body else node
            union[rev] = replace(kept, parents=_union(known.parents, node.parents))
    return union


def leaves(tree: Tree) -> list[str]:
    """Revisions without children, the winner first (RT3): living before deleted, then the longest history, then the larger hash."""
    if len(tree) == 1:
        return list(tree)
    inner = {parent for node in tree.values() for parent in node.parents}
    ends = [rev for rev in tree if rev not in inner]
    if len(ends) > 1:
        ends.sort(key=lambda rev: (not tree[rev].deleted, order(rev)), reverse=True)
    return ends


def ancestry(tree: Tree, rev: str) -> list[str]:
    """`rev` and its ancestors, newest first, each one generation older: what `_revisions` lists."""
    path = [rev]
    while parents := tree[path[-1]].parents if path[-1] in tree else ():
        parent = parents[0] if len(parents) == 1 else max(parents, key=order)
        if order(parent)[0] != order(path[-1])[0] - 1:
            break
        path.append(parent)
    return path


def leaves_below(tree: Tree, rev: str) -> list[str]:
    """Leaves that descend from `rev` (itself, if it is one), the winner first: what `latest=true` asks for."""
    below = {rev}
    for child in sorted(tree, key=order):
        if any(parent in below for parent in tree[child].parents):
            below.add(child)
    return [leaf for leaf in leaves(tree) if leaf in below]


def missing(tree: Tree, revs: Iterable[str]) -> list[str]:
    return [rev for rev in revs if rev not in tree]


def possible_ancestors(tree: Tree, missed: Sequence[str]) -> list[str]:
    """Leaves with a body and a lower generation than the newest missing revision: the other side may send against them."""
    newest = max(order(rev)[0] for rev in missed)
    return [leaf for leaf in leaves(tree) if order(leaf)[0] < newest]


def stem(tree: Tree, depth_max: int) -> Tree:
    """Forget ancestors that lie more than `depth_max` revisions above every leaf (RT5). No leaf is ever forgotten."""
    if len(tree) <= depth_max:
        return tree
    keep: set[str] = set()
    for leaf in leaves(tree):
        level = [leaf]
        for _ in range(depth_max):
            keep.update(level)
            level = [parent for rev in level for parent in tree[rev].parents if parent in tree]
            if not level:
                break
    return {
        rev: replace(node, parents=tuple(parent for parent in node.parents if parent in keep))
        for rev, node in tree.items()
        if rev in keep
    }


def prune(tree: Tree, revs: Iterable[str]) -> tuple[Tree, list[str]]:
    """Remove leaves for good, as a purge does (RT6): each named leaf goes with the ancestors that only it had.

    Returns the tree that is left and the leaves that were removed; a named revision that is no leaf is left alone.
    """
    asked = set(revs)
    ends = leaves(tree) if tree else []
    gone = [leaf for leaf in ends if leaf in asked]
    keep: set[str] = set()
    rest = [leaf for leaf in ends if leaf not in asked]
    while rest:
        rev = rest.pop()
        if rev in tree and rev not in keep:
            keep.add(rev)
            rest.extend(tree[rev].parents)
    return {rev: node for rev, node in tree.items() if rev in keep}, gone


def encode(tree: Tree) -> bytes:
    """The tree as a store keeps it: [[rev, body, deleted, audience, parent…] …], oldest first."""
    if len(tree) == 1:
        ((rev, node),) = tree.items()
        return _encoder.encode([[rev, node.body, int(node.deleted), node.audience, *node.parents]])
    return _encoder.encode(
        [
            [rev, node.body, int(node.deleted), node.audience, *node.parents]
            for rev, node in sorted(tree.items(), key=lambda item: order(item[0]))
        ]
    )


def decode(stored: bytes | str) -> Tree:
    return {row[0]: Node(tuple(row[4:]), row[1], bool(row[2]), row[3]) for row in _decoder.decode(stored)}


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[list])  # type: ignore[type-arg]  # rows are [str, int, int, int, *str]: no type says so


def _union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    if one == other or not other:
        return one
    return tuple(sorted({*one, *other}, key=order))


def _adopt(tree: Tree, rev: str, known: Node, parents: tuple[str, ...]) -> bool:
    if not parents or parents[0] in known.parents:
        return False
    tree[rev] = replace(known, parents=_union(known.parents, parents))
    return True
