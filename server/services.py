"""Decide what the parts of a server are and how they hold together; `app` makes one of these, the routes use it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from server.accounts import Accounts
from server.audit import Audit
from server.audit_index import AuditIndex
from server.deciding import Deciding
from server.doorkeeper import Doorkeeper
from server.edge import Counters
from server.erasing import Erasing
from server.forgetting import Forgetting
from server.live import Live
from server.office import Office
from server.passes import Passes
from server.passwords import Passwords
from server.photos import Photos
from server.recovery import Recovery
from server.reports.rendering import Rendering
from server.roster import Roster
from server.secret import Secret
from server.settings import Settings
from server.tablets import Tablets
from server.throttle import Throttle
from sync.admission import Admission
from sync.ledger.ledger import Ledger
from sync.stores.contract import Store


class Task(Protocol):
    """Work in the background, for as long as the server runs."""

    async def run(self) -> None: ...

    async def close(self) -> None: ...


MakeTask = Callable[["Services"], Task]


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    store: Store
    admission: Admission
    office: Office
    passwords: Passwords
    accounts: Accounts
    roster: Roster
    passes: Passes
    tablets: Tablets
    recovery: Recovery
    forgetting: Forgetting
    audit: Audit
    audit_index: AuditIndex
    throttle: Throttle
    doorkeeper: Doorkeeper
    counters: Counters
    process: Secret
    """The token by which the command line on this machine administers this process."""
    stopping: asyncio.Event
    now: Callable[[], datetime]
    ledger: Ledger
    live: Live
    deciding: Deciding
    photos: Photos
    erasing: Erasing
    rendering: Rendering
    reading: asyncio.Lock
    """Files that are brought are read one at a time: each takes memory and processor while it is read."""
    importing: asyncio.Lock
    """Registers are imported one at a time, so that each finds what its preview showed."""
    random_hex: Callable[[int], str]
    """So many random bytes, as hex."""
