"""Decide what state a tablet is in: invited with a code, active with a token of its own, locked, to be wiped, wiped (TB…).

A tablet is a document `tablet:<id>` in `office`; one write of it moves it on, so a code works once even if two tablets try it.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from server import secret
from server.office import Office
from server.secret import NewSecret, Secret
from sync.actor import Actor
from sync.admission import Admission
from sync.errors import Conflict, FieldbookError, Forbidden, NotFound, Unauthenticated
from sync.stores.contract import Store

PREFIX, REPORT = "tablet", "tablet-report"
State = Literal["invited", "active", "locked", "wipe", "wiped"]

_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_CODE_LENGTH = 8
REPORT_AGE = timedelta(minutes=15)


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


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a tablet last said of itself."""

    unsent: int
    oldest: str | None = None
    at: str = ""


class Tablets:
    """`choose(letters, count)` draws letters at random."""

    def __init__(
        self, office: Office, now: Callable[[], datetime], new_secret: NewSecret, choose: Callable[[str, int], str]
    ) -> None:
        self._office = office
        self._now = now
        self._new_secret = new_secret
        self._choose = choose

    async def invite(self, account: str, label: str, lasts: timedelta) -> tuple[Tablet, str]:
        """A new tablet and the code that enrols it, `<tablet>-<code>`, which is told here and never again."""
        while True:
            tablet = "t" + self._choose(_CODE_LETTERS, 6).lower()
            code, proof = self._code(tablet, lasts)
            content = {"type": PREFIX, "version": 1, "id": tablet, "account": account, "label": label}
            content |= {"state": "invited", "made": _text(self._now()), **proof}
            try:
                await self._office.make(document(tablet), content)
            except Conflict:
                continue
            return msgspec.convert(content, Tablet), code

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

    async def exchange(self, code: str, lasts: timedelta) -> tuple[Tablet, Secret]:
        """A token for a code, once. Raises Unauthenticated for one that is wrong, used or past its time."""
        tablet, _, proof = code.strip().partition("-")
        tablet = tablet.lower()
        given = secret.hash_of(proof.replace("-", "").upper())
        token = Secret(secret.TABLET, tablet, self._new_secret(32))
        now = self._now()

        def change(content: dict[str, Any]) -> None:
            known = content.get("code_hash")
            if not known or not secret.same(known, given) or content["code_expires"] <= _text(now):
                raise _wrong_code()
            del content["code_hash"]
            content |= {"state": "active", "enrolled": _text(now), "code_expires": ""}
            content |= {"token_hash": token.hash, "token_expires": _text(now + lasts)}

        try:
            return await self._change(tablet, change), token
        except NotFound:
            raise _wrong_code() from None

    async def find(self, shown: Secret) -> Tablet | None:
        """The tablet whose token this is, in whatever state it is; None when the token is wrong or past its time."""
        held = await self._office.find(document(shown.id))
        if held is None or not secret.same(held.content.get("token_hash", ""), shown.hash):
            return None
        return msgspec.convert(held.content, Tablet) if held.content["token_expires"] > _text(self._now()) else None

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

    async def all(self) -> AsyncIterator[tuple[Tablet, Report | None]]:
        reports = {held.id.partition(":")[2]: held.content async for held in self._office.all(REPORT)}
        async for held in self._office.all(PREFIX):
            report = reports.get(held.id.partition(":")[2])
            yield msgspec.convert(held.content, Tablet), None if report is None else msgspec.convert(report, Report)

    async def report(self, tablet: str, report: Report) -> None:
        """Keep what the tablet says; nothing is written when it said the same a little while ago."""
        now = self._now()
        doc_id = f"{REPORT}:{tablet}"
        content: dict[str, Any] = {"type": REPORT, "version": 1, "tablet": tablet, "at": _text(now)}
        content |= {"unsent": report.unsent, "oldest": report.oldest}
        held = await self._office.find(doc_id)
        if held is None:
            await self._office.make(doc_id, content)
        elif (held.content.get("unsent"), held.content.get("oldest")) != (report.unsent, report.oldest) or (
            held.content.get("at", "") < _text(now - REPORT_AGE)
        ):
            await self._office.change(doc_id, lambda known: known.update(content))

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


async def arrived(
    store: Store, admission: Admission, actor: Actor, held: Mapping[str, Mapping[str, Sequence[str]]]
) -> dict[str, dict[str, list[str]]]:
    """Which of the revisions that a tablet holds the store knows; a database it may not enter has none (TB7)."""
    known: dict[str, dict[str, list[str]]] = {}
    for db, revs in held.items():
        try:
            admission.enter(actor, db)
            lacking = await store.missing(db, revs)
        except FieldbookError:
            continue
        there = {doc: _without(asked, lacking[doc].missing if doc in lacking else ()) for doc, asked in revs.items()}
        known[db] = {doc: found for doc, found in there.items() if found}
    return known


def check_state(tablet: Tablet) -> None:
    """Raises Forbidden unless the tablet may sync."""
    if tablet.state == "locked":
        raise Forbidden("This tablet is locked: ask the administrator of your centre.", code="tablet_locked")
    if tablet.state != "active":
        raise Forbidden("This tablet is to be wiped: it may no longer sync.", code="tablet_wiped")


def document(tablet: str) -> str:
    return f"{PREFIX}:{tablet}"


def _without(revs: Sequence[str], missing: Sequence[str]) -> list[str]:
    return [rev for rev in revs if rev not in missing]


def _wrong_code() -> Unauthenticated:
    return Unauthenticated(
        "This code is wrong, was used already, or its time is past: ask for a new one.", code="bad_code"
    )


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
