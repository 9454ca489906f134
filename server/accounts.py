"""Decide what an account is and how it comes to be, changes and is locked: a document `account:<name>` in `office` (AU1).

Nothing here decides who is asking: see `doorkeeper`.
"""

import re
import unicodedata
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

import msgspec

from schemas.kinds import is_identifier
from server.office import Office
from server.passwords import Passwords
from sync.actor import ROLES, Role
from sync.errors import AlreadyExists, BadRequest, Conflict, NotFound

PREFIX = "account"
NAME_CHARACTERS_MAX = 64
_NAME = re.compile(r"[\w.@-]+")
_OF_A_BRANCH = ("secretary", "deputy", "member")


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What of an account may be shown: never its hash."""

    name: str
    role: Role
    member: str | None = None
    branch: str | None = None
    locked: bool = False
    changed: str = ""
    """When, in UTC."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """An account with what proves a password. `password_stamp` changes with the password and ends what was opened by it (AU9)."""

    account: Account
    hash: str
    password_stamp: str


class Accounts:
    def __init__(self, office: Office, passwords: Passwords, now: Callable[[], datetime]) -> None:
        self._office = office
        self._passwords = passwords
        self._now = now
        self._version = 0
        self._listed: tuple[int, list[Account]] | None = None

    async def add(
        self, name: str, role: Role, password: str, *, member: str | None = None, branch: str | None = None
    ) -> Account:
        """`member`: the id of the person; where none is given the account's name, if it can be one. Raises BadRequest,
        AlreadyExists."""
        if member is None and role != "administrator" and is_identifier(name):
            member = name
        account = Account(name=check_name(name), role=role, member=member, branch=branch, changed=self._stamp())
        _check(account)
        content = {
            "type": PREFIX,
            "version": 1,
            **msgspec.to_builtins(account),
            "hash": await self._passwords.hash(password),
            "password_stamp": account.changed,
        }
        try:
            await self._office.make(f"{PREFIX}:{account.name}", content)
        except Conflict:
            raise AlreadyExists(f"There is an account {account.name} already.", code="account_exists") from None
        self.outdate()
        return account

    async def change(self, name: str, **changes: Any) -> Account:
        """Change role, member, branch or locked. Raises NotFound, BadRequest."""

        def change(content: dict[str, Any]) -> None:
            content |= changes | {"changed": self._stamp()}
            _check(msgspec.convert(content, Account))

        return await self._change(name, change)

    async def set_password(self, name: str, password: str) -> Account:
        hashed = await self._passwords.hash(password)
        stamp = self._stamp()
        return await self._change(
            name, lambda content: content.update(hash=hashed, password_stamp=stamp, changed=stamp)
        )

    async def find(self, name: str) -> Known | None:
        """None also for what cannot be an account: its document was written by something else."""
        held = await self._office.find(f"{PREFIX}:{name}")
        if held is None:
            return None
        try:
            account = msgspec.convert(held.content, Account)
            return Known(account=account, hash=held.content["hash"], password_stamp=held.content["password_stamp"])
        except (msgspec.ValidationError, KeyError):
            return None

    async def all(self) -> AsyncIterator[Account]:
        async for held in self._office.all(PREFIX):
            try:
                yield msgspec.convert(held.content, Account)
            except msgspec.ValidationError:
                continue

    async def listed(self) -> list[Account]:
        """All of them, by name: kept in memory until one is written."""
        if self._listed is None or self._listed[0] != self._version:
            version = self._version
            found = sorted([one async for one in self.all()], key=lambda one: one.name)
            self._listed = (version, found)
        return self._listed[1]

    def outdate(self) -> None:
        """An account was written, here or by replication: lists are read again."""
        self._version += 1

    async def matches(self, known: Known | None, password: str) -> bool:
        return await self._passwords.matches(known.hash if known else None, password)

    async def _change(self, name: str, change: Callable[[dict[str, Any]], None]) -> Account:
        try:
            content = await self._office.change(f"{PREFIX}:{name}", change)
        except NotFound:
            raise NotFound(f"There is no account {name}.", account=name) from None
        self.outdate()
        return msgspec.convert(content, Account)

    def _stamp(self) -> str:
        return self._now().isoformat(timespec="microseconds").replace("+00:00", "Z")


def check_name(name: str) -> str:
    """The name in its one spelling. A colon would end it in HTTP Basic; Raises BadRequest."""
    name = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(name) or len(name) > NAME_CHARACTERS_MAX:
        what = f"An account name has 1 to {NAME_CHARACTERS_MAX} letters, digits or . _ @ -: {name!r} has others."
        raise BadRequest(what, code="bad_account")
    return name


def _check(account: Account) -> None:
    if account.role not in ROLES:
        raise BadRequest(f"There is no role {account.role}: {', '.join(ROLES)}.", code="bad_account")
    if account.role in _OF_A_BRANCH and not account.branch:
        raise BadRequest(f"A {account.role} belongs to a branch: name it.", code="bad_account")
    for what in (account.member, account.branch):
        if what is not None and not is_identifier(what):
            raise BadRequest(f"{what!r} is not an id of a member or branch.", code="bad_account")
    if account.branch and account.branch != account.branch.lower():
        raise BadRequest(
            f"{account.branch!r}: the id of a branch is in small letters, as its database's name.", code="bad_account"
        )
