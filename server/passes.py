"""Decide how long a log-in lasts: a session (cookie) for hours, a token (bearer) until its day; both end at once when told (AU8, AU9)."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from server import secret
from server.accounts import Known
from server.office import Office
from server.secret import NewSecret, Secret
from sync.errors import NotFound

Kind = Literal["session", "token"]
_SHAPES: dict[str, Kind] = {secret.SESSION: "session", secret.TOKEN: "token"}


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """What of a session or token may be shown."""

    id: str
    kind: Kind
    account: str
    label: str = ""
    made: str
    expires: str


class Passes:
    def __init__(self, office: Office, now: Callable[[], datetime], new_secret: NewSecret) -> None:
        self._office = office
        self._now = now
        self._new_secret = new_secret

    async def make(self, kind: Kind, known: Known, lasts: timedelta, label: str = "") -> tuple[Secret, Pass]:
        """The secret is told here and never again."""
        now = self._now()
        shape = next(shape for shape, name in _SHAPES.items() if name == kind)
        made = Secret(shape, self._new_secret(9), self._new_secret(32))
        it = Pass(
            id=made.id, kind=kind, account=known.account.name, label=label, made=_text(now), expires=_text(now + lasts)
        )
        content: dict[str, Any] = {"type": kind, "version": 1, **msgspec.to_builtins(it)}
        content |= {"hash": made.hash, "password_stamp": known.password_stamp}
        await self._office.make(document(kind, made.id), content)
        return made, it

    async def find(self, shown: Secret) -> tuple[Pass, str] | None:
        """The pass and the password stamp that it was opened under; None when it is not known or its time is past."""
        held = await self._office.find(document(_SHAPES[shown.kind], shown.id))
        if held is None or not secret.same(held.content.get("hash", ""), shown.hash):
            return None
        found = msgspec.convert(held.content, Pass)
        return (found, held.content.get("password_stamp", "")) if found.expires > _text(self._now()) else None

    async def end(self, kind: Kind, pass_id: str) -> None:
        """Raises NotFound."""
        if await self._office.find(document(kind, pass_id)) is None:
            raise NotFound(f"There is no {kind} {pass_id}.")
        await self._office.erase(document(kind, pass_id))

    async def all(self, kind: Kind) -> AsyncIterator[Pass]:
        async for held in self._office.all(kind):
            yield msgspec.convert(held.content, Pass)

    async def sweep(self) -> int:
        """Remove what has expired; returns how many."""
        now = _text(self._now())
        kinds: tuple[Kind, ...] = ("session", "token")
        ended = [document(kind, one.id) for kind in kinds async for one in self.all(kind) if one.expires <= now]
        if ended:
            await self._office.erase(*ended)
        return len(ended)


def document(kind: str, pass_id: str) -> str:
    return f"{kind}:{pass_id}"


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
