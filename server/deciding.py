"""Decide who was first when two people decide about one thing at once: decisions are taken one at a time, and what the ledger has not taken
in yet is remembered here (IX9).

Of two servers on one CouchDB each remembers its own; then both decisions stand and the later one holds (AP17).
"""

import asyncio
from collections import OrderedDict
from typing import NamedTuple

REMEMBERED_MAX = 1_000


class Latest(NamedTuple):
    """The latest decision about something: its document, who took it, and what it says. All "" where there is none."""

    id: str = ""
    member: str = ""
    decision: str = ""


class Deciding:
    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self._recent: OrderedDict[str, Latest] = OrderedDict()

    def note(self, record: str, latest: Latest) -> None:
        self._recent[record] = latest
        self._recent.move_to_end(record)
        while len(self._recent) > REMEMBERED_MAX:
            self._recent.popitem(last=False)

    def recent(self, record: str) -> Latest | None:
        """The one taken last on this server, whether or not the ledger has it."""
        return self._recent.get(record)
