"""Decide whether a removal is in force: only while it knew everything that it takes away.

Removing is a write like any other, at `withdrawn` for the record and at `<item>/withdrawn` for an item; its value lists
in `over` the stamps of the live writes in its scope. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sync.reconcile.writes import Write

REMOVED: Final = "withdrawn"


@dataclass(frozen=True, slots=True)
class Removal:
    """Who removed a record or an item (live writes), and the live writes that none of them had known."""

    removed_by: tuple[Write, ...]
    unaware: tuple[Write, ...]

    @property
    def in_force(self) -> bool:
        """Whether it is hidden; else it shows, with who removed it and who had not known."""
        return bool(self.removed_by) and not self.unaware


def removal_path(item: str = "") -> str:
    """The path of the removal of an item (`problems/01K9…`), or of the whole record."""
    return f"{item}/{REMOVED}" if item else REMOVED


def removal_value(writes: Iterable[Write], item: str, reason: str) -> dict[str, Any]:
    """The value that removes an item, or the whole record, as these writes show it."""
    over: dict[str, Any] = {"over": sorted({write.stamp for write in _in_scope(writes, item)})}
    return {**over, "reason": reason} if reason else over


def removal(writes: Iterable[Write], item: str = "") -> Removal:
    """What these writes say about the removal of an item, or of the whole record."""
    writes = list(writes)
    path = removal_path(item)
    removed_by = tuple(write for write in writes if write.path == path and write.live and is_removal(write))
    known = {stamp for write in removed_by for stamp in write.value["over"] if isinstance(stamp, str)}
    unaware = [write for write in _in_scope(writes, item) if write.stamp not in known] if removed_by else []
    return Removal(removed_by, tuple(unaware))


def is_removal(write: Write) -> bool:
    """Whether the write removes something; at the same path any other value takes a removal back."""
    if write.path != REMOVED and not write.path.endswith("/" + REMOVED):
        return False
    return isinstance(write.value, dict) and isinstance(write.value.get("over"), list)


def _in_scope(writes: Iterable[Write], item: str) -> list[Write]:
    """Live writes of the item, or of the record. Removals are not among them: one removal never brings back another."""
    inside = f"{item}/"
    return [
        write
        for write in writes
        if write.live and (not item or write.path == item or write.path.startswith(inside)) and not is_removal(write)
    ]
