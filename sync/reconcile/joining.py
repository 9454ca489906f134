"""Decide what a document with several leaves says.

The bridge between what a store holds of a document and the pure merge core.
"""

from typing import Any

from schemas import rule_of
from schemas.canonical import NotCanonical
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
    try:
        return join(living, rule_of) if living else {}
    except NotCanonical:
        # Such leaves cannot be merged either (MG24), so what shows is all that can be gone by.
        return living[0]
