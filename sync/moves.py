"""Decide what is kept of a member's time in the branch that the member leaves (DI3): so that what was recorded there before is still taken
there after the move. Pure."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

EARLIEST = "1950-01-01"


class NoSuchDay(ValueError):
    """The last day in the former branch lies between `first` and today."""

    def __init__(self, first: str) -> None:
        super().__init__(f"The last day in the former branch lies between {first} and today.")
        self.first = first


def stay(held: Mapping[str, Any], moved: date | None, today: date, item: str) -> dict[str, Any]:
    """What is written beside the new branch: the one that a member leaves, from the day after the last one before it, or from when the
    member joined. `moved`: the last day there, today where it is not said; `item`: the id of what is kept. Raises NoSuchDay."""
    # The day of a move belongs to both branches: what was recorded that morning is still on the tablet.
    last = moved or today
    ends = [
        str(value[1])
        for path, value in held.items()
        if path.startswith("belonged/") and path.endswith("/days") and isinstance(value, list) and value[1]
    ]
    first = str(held.get("joined") or EARLIEST)
    if ends:
        first = (date.fromisoformat(max(ends)) + timedelta(days=1)).isoformat()
    if moved is None:
        # Moved twice on one day, perhaps since the first was a slip.
        first = min(first, last.isoformat())
    if last > today or last.isoformat() < first:
        raise NoSuchDay(first)
    return {f"belonged/{item}/branch": held["branch"], f"belonged/{item}/days": [first, last.isoformat()]}
