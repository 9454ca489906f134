"""Decide what a document with several leaves says, and whether a tombstone is the end that a merge writes.

The bridge between what a store holds of a document and the pure merge core.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from schemas import canonical, rule_of
from sync.documents import content_of
from sync.reconcile.body import join
from sync.stores.contract import Found


def joined(found: Found) -> dict[str, Any]:
    """The join of all leaves held, ended ones too; `found` was asked for with LEAVES. Empty where no body is held.

    A single leaf is taken as it is: nothing is parsed that no conflict asks for.
    """
    living = [content_of(stored.body) for stored in found.revisions if not stored.deleted or len(stored.body) > 2]
    if len(living) == 1:
        return living[0]
    return join(living, rule_of) if living else {}


def is_end(path: Sequence[str]) -> bool:
    """Whether a tombstone ends the leaf before it as a merge does: its id follows from that leaf alone."""
    if len(path) < 2:
        return False
    generation = int(path[1].partition("-")[0]) + 1
    digest = hashlib.md5(canonical(["end", path[1]]), usedforsecurity=False).hexdigest()
    return path[0] == f"{generation}-{digest}"
