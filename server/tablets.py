"""Decide what state a tablet is in: invited with a code, active with a token of its own, locked, to be wiped, wiped (TB…).

A tablet is a document `tablet:<id>` in `office`; one write of it moves it on, so a code works once even if two tablets try it.
"""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from server import secret
from server.office import Office
from server.secret import NewSecret, Secret
from server.tablet_reports import Report, Reports
from sync.databases import OFFICE
from sync.documents import content_of
from sync.errors import Conflict, Forbidden, NotFound, Unauthenticated
from sync.stores.contract import Want

PREFIX = "tablet"
State = Literal["invited", "active", "locked", "wipe", "wiped"]

_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_CODE_LENGTH = 8


class Tablet(msgspec.Struct, frozen=True, kw_only=True):
    """What of a tablet may be shown."""

    id: str
    account: str
    state: State
    label: str = ""
    made: str = ""
    code_expires: str = ""
    enrolled: str = ""
    token_expires: str = ""


class Tablets:
    """`choose(letters, count)` draws letters at random."""

    def __init__(
        self, office: Office, now: Callable[[], datetime], new_secret: NewSecret, choose: Callable[[str, int], str]
    ) -> None:
        self._office = office
        self._now = now
        self._new_secret = new_secret
        self._choose = choose
        self.reports = Reports(office, now)

    async def invite(self, account: str, label: str, lasts: timedelta) -> tuple[Tablet, str]:
        """A new tablet and the code that enrols it, `<tablet>-<code>`, which is told here and never again."""
        codes: dict[str, str] = {}

        def begin(tablet: str) -> dict[str, str]:
            codes[tablet], proof = self._code(tablet, lasts)
            return {"state": "invited", **proof}

        made = await self._make(account, label, begin)
        return made, codes[made.id]

    async def enrol(self, account: str, label: str, lasts: timedelta) -> tuple[Tablet, Secret]:
        """A new tablet of an account that has proved itself, with its token, which is told here and never again."""
        tokens: dict[str, Secret] = {}

        def begin(tablet: str) -> dict[str, str]:
            tokens[tablet] = token = self._token(tablet)
            return self._enrolled(token, lasts)

        made = await self._make(account, label, begin)
        return made, tokens[made.id]

    async def renew(self, tablet: str, account: str, lasts: timedelta) -> tuple[Tablet, Secret]:
        """A new token for a tablet of this account; the old one ends. Raises Forbidden for a tablet that is locked, to be wiped, wiped,
        not known, or another account's."""
        token = self._token(tablet)

        def change(content: dict[str, Any]) -> None:
            _check_renewal(content, account)
            content.pop("code_hash", None)
            content |= {"code_expires": "", **self._enrolled(token, lasts)}

        try:
            return await self._change(tablet, change), token
        except NotFound:
            raise _not_yours() from None

    async def check_renewal(self, tablet: str, account: str) -> None:
        """Raises what `renew` would."""
        held = await self._office.find(document(tablet))
        if held is None:
            raise _not_yours()
        _check_renewal(held.content, account)

    async def invite_again(self, tablet: str, lasts: timedelta) -> tuple[Tablet, str]:
        """A new code for a tablet that lost its token. The old token ends. Raises NotFound."""
        code, proof = self._code(tablet, lasts)

        def change(content: dict[str, Any]) -> None:
            if content["state"] == "wipe":
                # Its token is what tells the tablet to erase what it holds.
                raise Conflict(f"Tablet {tablet} has still to be wiped: enrol another.", code="tablet_state")
            content.pop("token_hash", None)
            content |= {"state": "invited", "token_expires": "", **proof}

        return await self._change(tablet, change), code

    async def check_code(self, code: str) -> Tablet:
        """Whose code this is; it stays good. Raises Unauthenticated for one that is wrong, used or past its time."""
        tablet, given = _parts(code)
        held = await self._office.find(document(tablet))
        if held is None:
            raise _wrong_code()
        self._check_code(held.content, given)
        return msgspec.convert(held.content, Tablet)

    async def exchange(self, code: str, lasts: timedelta) -> tuple[Tablet, Secret]:
        """A token for a code, once. Raises Unauthenticated for one that is wrong, used or past its time."""
        tablet, given = _parts(code)
        token = self._token(tablet)

        def change(content: dict[str, Any]) -> None:
            self._check_code(content, given)
            del content["code_hash"]
            content |= {"code_expires": "", **self._enrolled(token, lasts)}

        try:
            return await self._change(tablet, change), token
        except NotFound:
            raise _wrong_code() from None

    async def spend(self, code: str) -> None:
        """Use a code up for a tablet that is known by another id: the one that was made for it goes. Raises Unauthenticated."""
        tablet, given = _parts(code)

        def change(content: dict[str, Any]) -> None:
            self._check_code(content, given)
            del content["code_hash"]
            content |= {"state": "wiped", "code_expires": ""}

        try:
            await self._change(tablet, change)
        except NotFound:
            raise _wrong_code() from None
        await self._office.erase(document(tablet))

    async def find(self, shown: Secret) -> Tablet | None:
        """The tablet whose token this is, in whatever state it is; None when the token is wrong or past its time."""
        held = await self._office.find(document(shown.id))
        if held is None or not secret.same(held.content.get("token_hash", ""), shown.hash):
            return None
        return msgspec.convert(held.content, Tablet) if held.content["token_expires"] > _text(self._now()) else None

    async def beacon(self, tablet: str, shown: str) -> State:
        """What was decided of a tablet, for one that is closed and shows only what follows from its token. Raises Unauthenticated."""
        held = await self._office.find(document(tablet))
        token_hash = "" if held is None else held.content.get("token_hash", "")
        if held is None or not token_hash or not secret.same(secret.hash_of(f"beacon.{token_hash}"), shown):
            raise Unauthenticated("This tablet is not known.", code="unknown_tablet")
        return msgspec.convert(held.content, Tablet).state

    async def lock(self, tablet: str) -> Tablet:
        """Nothing goes to it or comes from it until it is unlocked. Raises NotFound, Conflict."""
        return await self._move(tablet, "locked", ("active", "invited", "locked"))

    async def unlock(self, tablet: str) -> Tablet:
        return await self._move(tablet, "active", ("locked", "active"))

    async def wipe(self, tablet: str) -> Tablet:
        """It is told at its next contact to erase all that it holds."""
        return await self._move(tablet, "wipe", ("active", "invited", "locked", "wipe"))

    async def wiped(self, tablet: str) -> Tablet:
        """The tablet says that it has done so: its token ends."""

        def change(content: dict[str, Any]) -> None:
            if content["state"] != "wipe":
                raise Conflict("This tablet has not been told to erase what it holds.")
            content.pop("token_hash", None)
            content |= {"state": "wiped", "token_expires": ""}

        return await self._change(tablet, change)

    async def account_of(self, tablet: str) -> str | None:
        held = await self._office.find(document(tablet))
        return str(held.content["account"]) if held else None

    async def one(self, tablet: str) -> tuple[Tablet, Report | None]:
        """With what it last said of itself. Raises NotFound."""
        held = await self._office.find(document(tablet))
        if held is None:
            raise NotFound(f"There is no tablet {tablet}.", tablet=tablet)
        return msgspec.convert(held.content, Tablet), await self.reports.find(tablet)

    async def known(self, tablets: Collection[str]) -> dict[str, tuple[str, str]]:
        """{tablet: (label, account)} of those that there are."""
        found = await self._office.store.get(OFFICE, [Want(document(one)) for one in sorted(tablets)])
        contents = [content_of(one.body) for held in found for one in held.revisions if not one.deleted]
        return {str(one.get("id")): (str(one.get("label", "")), str(one.get("account", ""))) for one in contents}

    async def all(self) -> AsyncIterator[tuple[Tablet, Report | None]]:
        """Each with what it last said of itself."""
        reports = {tablet: report async for tablet, report in self.reports.all()}
        async for held in self._office.all(PREFIX):
            yield msgspec.convert(held.content, Tablet), reports.get(held.id.partition(":")[2])

    async def _make(self, account: str, label: str, begin: Callable[[str], dict[str, str]]) -> Tablet:
        """`begin`: what a new tablet of this id starts with."""
        while True:
            tablet = "t" + self._choose(_CODE_LETTERS, 6).lower()
            content = {"type": PREFIX, "version": 1, "id": tablet, "account": account, "label": label}
            content |= {"made": _text(self._now()), **begin(tablet)}
            try:
                await self._office.make(document(tablet), content)
            except Conflict:
                continue
            return msgspec.convert(content, Tablet)

    def _token(self, tablet: str) -> Secret:
        return Secret(secret.TABLET, tablet, self._new_secret(32))

    def _enrolled(self, token: Secret, lasts: timedelta) -> dict[str, str]:
        now = self._now()
        known = {"token_hash": token.hash, "token_expires": _text(now + lasts)}
        return {"state": "active", "enrolled": _text(now), **known}

    def _check_code(self, content: dict[str, Any], given: str) -> None:
        known = content.get("code_hash")
        if not known or not secret.same(known, given) or content["code_expires"] <= _text(self._now()):
            raise _wrong_code()

    def _code(self, tablet: str, lasts: timedelta) -> tuple[str, dict[str, str]]:
        letters = self._choose(_CODE_LETTERS, _CODE_LENGTH)
        proof = {"code_hash": secret.hash_of(letters), "code_expires": _text(self._now() + lasts)}
        return f"{tablet}-{letters[:4]}-{letters[4:]}", proof

    async def _move(self, tablet: str, state: State, from_states: Sequence[State]) -> Tablet:
        def change(content: dict[str, Any]) -> None:
            if content["state"] not in from_states:
                raise Conflict(f"Tablet {tablet} is {content['state']}: it cannot become {state}.", code="tablet_state")
            # One that was locked before it was enrolled goes back to waiting for its code.
            content["state"] = "invited" if state == "active" and "token_hash" not in content else state
            if state == "wipe" and "token_hash" not in content:
                content["state"] = "wiped"
            if state in ("locked", "wipe"):
                content.pop("code_hash", None)

        return await self._change(tablet, change)

    async def _change(self, tablet: str, change: Callable[[dict[str, Any]], None]) -> Tablet:
        try:
            return msgspec.convert(await self._office.change(document(tablet), change), Tablet)
        except NotFound:
            raise NotFound(f"There is no tablet {tablet}.", tablet=tablet) from None


def check_state(tablet: Tablet) -> None:
    """Raises Forbidden unless the tablet may sync."""
    if tablet.state == "locked":
        raise Forbidden("This tablet is locked: ask the administrator of your centre.", code="tablet_locked")
    if tablet.state != "active":
        raise Forbidden("This tablet is to be wiped: it may no longer sync.", code="tablet_wiped")


def document(tablet: str) -> str:
    return f"{PREFIX}:{tablet}"


def _parts(code: str) -> tuple[str, str]:
    """(tablet, hash of the rest), however it was typed."""
    tablet, _, proof = code.strip().partition("-")
    return tablet.lower(), secret.hash_of(proof.replace("-", "").upper())


def _check_renewal(content: dict[str, Any], account: str) -> None:
    if content.get("account") != account:
        raise _not_yours()
    if content["state"] != "invited":
        check_state(msgspec.convert(content, Tablet))


def _not_yours() -> Forbidden:
    return Forbidden("This account has no such tablet: enrol as a new one.", code="bad_tablet")


def _wrong_code() -> Unauthenticated:
    return Unauthenticated(
        "This code is wrong, was used already, or its time is past: ask for a new one.", code="bad_code"
    )


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
