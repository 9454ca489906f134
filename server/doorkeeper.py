"""Decide who is asking, from the headers of a request (AU4 to AU9).

Basic, a bearer token or a session cookie. What has been proved is remembered for some minutes under a keyed hash, so that a
sync costs one look-up; it is forgotten the moment that the account, token or tablet behind it changes.
"""

import asyncio
import base64
import binascii
import hashlib
import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple, Protocol

from server import passes, secret, tablets
from server.accounts import Accounts, Known, check_name
from server.audit import Audit
from server.office import Office
from server.passes import Passes
from server.secret import Secret
from server.tablets import Tablet, Tablets, check_state
from server.throttle import Throttle
from sync.actor import Actor
from sync.databases import OFFICE
from sync.directory import Directory
from sync.errors import BadRequest, Forbidden, Unauthenticated

ADDRESS: ContextVar[str] = ContextVar("address", default="")
"""Where the request that is being answered came from."""

COOKIE = "AuthSession"
REMEMBER_SECONDS = 600.0
REMEMBERED_MAX = 50_000
WAKE_SECONDS = 0.5
LOGGED_SECONDS = 3600.0
"""Basic proves itself anew all the time: one line an hour on the audit is enough."""

_FED = ("account:", "tablet:")
_WATCHED = (*_FED, "session:", "token:")

log = logging.getLogger(__name__)


class Asking(Protocol):
    """What of a request is looked at. `headers` have lower-case names."""

    @property
    def method(self) -> str: ...

    @property
    def scheme(self) -> str: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


class _Proved(NamedTuple):
    actor: Actor
    until: float
    rights: int
    """Version of the directory that the principals come from."""
    documents: tuple[str, ...]
    """Whose change ends it."""


class Doorkeeper:
    def __init__(
        self,
        office: Office,
        accounts: Accounts,
        passes: Passes,
        tablets: Tablets,
        audit: Audit,
        throttle: Throttle,
        directory: Directory,
        clock: Callable[[], float],
        key: bytes,
        process: Secret,
        origins: frozenset[str] = frozenset(),
    ) -> None:
        """`clock`: monotonic seconds. `key`: random, of this process. `process`: the token of the command line on this machine.
        `origins`: where tablet apps are served from besides here."""
        self._origins = origins
        self._office = office
        self._accounts = accounts
        self._passes = passes
        self._tablets = tablets
        self._audit = audit
        self._throttle = throttle
        self._directory = directory
        self._clock = clock
        self._key = key
        self._process = process
        self._proved: dict[bytes, _Proved] = {}
        self._depend: dict[str, set[bytes]] = {}
        self._testing: dict[bytes, asyncio.Task[Actor]] = {}
        self._logged: dict[tuple[str, str], float] = {}
        self._marks: dict[str, int] = {}
        self._waking: asyncio.TimerHandle | None = None
        self._forgotten = 0
        office.listeners.append(self.forget)

    async def actor(self, asking: Asking) -> Actor | None:
        """None for nobody known. Raises Unauthenticated, Forbidden, TooManyAttempts."""
        header = asking.headers.get("authorization")
        if header is not None:
            key = self._digest(header)
            actor = self._recall(key) or await self._by_header(header, key)
            if actor is not None:
                # A browser that was told a password sends it along by itself, as it does a cookie; a token it does not.
                if asking.method not in ("GET", "HEAD") and header[:6].lower() == "basic ":
                    check_origin(asking, self._origins)
                return actor
        shown = _cookie(asking.headers.get("cookie"))
        if shown is None:
            return None
        key = self._digest(shown)
        actor = self._recall(key) or await self._by_session(shown, key)
        if actor is not None and asking.method not in ("GET", "HEAD"):
            check_origin(asking)
        return actor

    async def tablet(self, asking: Asking) -> tuple[Tablet, Actor]:
        """The tablet that asks, also when it is locked or to be wiped. Raises Unauthenticated."""
        shown = _bearer(asking.headers.get("authorization", ""))
        if shown is None or shown.kind != secret.TABLET:
            raise Unauthenticated("Only an enrolled tablet asks this, with its token.")
        return await self._tablet(shown)

    async def by_tablet(self, text: str) -> Actor | None:
        """Who speaks by this token of a tablet, found in a file; None where it is not good any more."""
        shown = secret.parse(text)
        if shown is None or shown.kind != secret.TABLET:
            return None
        try:
            tablet, actor = await self._tablet(shown)
            check_state(tablet)
        except (Unauthenticated, Forbidden):
            return None
        return actor

    async def test(self, name: str, password: str) -> Known:
        """The account, when the password is right. Raises Unauthenticated, TooManyAttempts; throttled and on the audit (AU6, AU7)."""
        address = ADDRESS.get()
        try:
            name = check_name(name)
        except BadRequest:
            name = ""
        self._throttle.attempt(name, address)
        known = await self._accounts.find(name) if name else None
        if not await self._accounts.matches(known, password) or known is None:
            self._audit.note("login_failed", None, account=name, address=address)
            raise Unauthenticated
        self._throttle.succeeded(name, address)
        check_open(known)
        return known

    async def open_session(self, asking: Asking, name: str, password: str, lasts: timedelta) -> tuple[Actor, str]:
        """The actor and the `Set-Cookie` of a new session."""
        check_origin(asking)
        known = await self.test(name, password)
        made, _ = await self._passes.make("session", known, lasts)
        actor = self._actor(known)
        await self._audit.write("login", actor, address=ADDRESS.get(), by="session")
        return actor, _set_cookie(made.text, int(lasts.total_seconds()), asking.scheme)

    async def end_session(self, asking: Asking) -> str:
        """End the session that the request shows, if it shows one; the `Set-Cookie` that removes it."""
        check_origin(asking)
        shown = secret.parse(_cookie(asking.headers.get("cookie")) or "")
        if shown is not None and shown.kind == secret.SESSION and await self._passes.find(shown) is not None:
            await self._passes.end("session", shown.id)
        return _set_cookie("", 0, asking.scheme)

    def forget(self, document: str) -> None:
        """This account, session, token or tablet changed: what it proved has to be proved again, and feeds that are open look
        whether they may go on."""
        self._forgotten += 1
        for key in list(self._depend.get(document, ())):
            self._drop(key)
        if document.startswith(_FED):
            self._marks[document] = self._marks.get(document, 0) + 1
            if self._waking is None:
                # All who wait look up at once, so many changes in a row are told of together.
                self._waking = asyncio.get_running_loop().call_later(WAKE_SECONDS, self._wake)

    def mark(self, actor: Actor) -> int:
        """A number that changes when the account or tablet behind this actor does. Whoever serves a request for long, as a feed
        does, compares it with what it was at the start (AU11, TB3)."""
        return self._marks.get(f"account:{actor.name}", 0) + self._marks.get(f"tablet:{actor.device}", 0)

    def forget_all(self) -> None:
        self._forgotten += 1
        self._accounts.outdate()
        self._proved.clear()
        self._depend.clear()

    def _wake(self) -> None:
        self._waking = None
        self._office.store.wake()

    async def run(self) -> None:
        """Follow `office`, where replication or another server may change accounts too, for as long as the server runs."""
        store, at = self._office.store, "now"
        while True:
            try:
                page = await store.changes(OFFICE, at)
                for change in page.changes:
                    if change.id.startswith("account:"):
                        self._accounts.outdate()
                    # What has just been made was behind nothing yet.
                    made = len(change.leaves) == 1 and change.leaves[0].startswith("1-")
                    if change.id.startswith(_WATCHED) and not made:
                        self.forget(change.id)
                at = page.last
                await store.wait(OFFICE, at, None, 60)
            except Exception:
                log.exception("the accounts cannot be followed: nothing is remembered meanwhile")
                self.forget_all()
                await asyncio.sleep(1)

    async def _by_header(self, header: str, key: bytes) -> Actor | None:
        basic = _basic(header)
        if basic is not None:
            return await self._together(key, *basic)
        shown = _bearer(header)
        if shown is None:
            if header[:7].lower() == "bearer ":
                raise _unknown_token()
            return None
        before = self._forgotten
        if shown.kind == secret.PROCESS:
            if not secret.same(shown.text, self._process.text):
                raise _unknown_token()
            return Actor("(command line)", "administrator", self._directory.principals(None, "administrator", None))
        if shown.kind == secret.TABLET:
            tablet, actor = await self._tablet(shown)
            check_state(tablet)
            documents: tuple[str, ...] = (tablets.document(tablet.id), f"account:{actor.name}")
        else:
            actor, documents = await self._by_pass(shown)
        self._remember(key, actor, documents, before)
        return actor

    async def _together(self, key: bytes, name: str, password: str) -> Actor:
        """A tablet opens several connections at once: one test of its password serves them all."""
        task = self._testing.get(key)
        if task is None:
            task = self._testing[key] = asyncio.ensure_future(self._by_password(key, name, password))
            task.add_done_callback(lambda done: self._tested(key, done))
        return await asyncio.shield(task)

    def _tested(self, key: bytes, done: asyncio.Task[Actor]) -> None:
        self._testing.pop(key, None)
        if not done.cancelled():
            # Looked at even if everybody who asked has gone, or asyncio would log it as never retrieved.
            done.exception()

    async def _by_password(self, key: bytes, name: str, password: str) -> Actor:
        before = self._forgotten
        known = await self.test(name, password)
        actor = self._actor(known)
        who = (known.account.name, ADDRESS.get())
        if self._clock() - self._logged.get(who, -LOGGED_SECONDS) >= LOGGED_SECONDS:
            if len(self._logged) > REMEMBERED_MAX:
                self._logged.clear()
            self._logged[who] = self._clock()
            self._audit.note("login", actor, address=who[1], by="basic")
        self._remember(key, actor, (f"account:{known.account.name}",), before)
        return actor

    async def _by_session(self, text: str, key: bytes) -> Actor | None:
        """A cookie that is not known or has ended is as none: the browser goes on sending it."""
        shown = secret.parse(text)
        if shown is None or shown.kind != secret.SESSION:
            return None
        before = self._forgotten
        try:
            actor, documents = await self._by_pass(shown)
        except Unauthenticated:
            return None
        self._remember(key, actor, documents, before)
        return actor

    async def _by_pass(self, shown: Secret) -> tuple[Actor, tuple[str, ...]]:
        found = await self._passes.find(shown)
        known = await self._accounts.find(found[0].account) if found else None
        if found is None or known is None or known.password_stamp != found[1]:
            raise _unknown_token()
        check_open(known)
        return self._actor(known), (passes.document(found[0].kind, found[0].id), f"account:{known.account.name}")

    async def _tablet(self, shown: Secret) -> tuple[Tablet, Actor]:
        tablet = await self._tablets.find(shown)
        known = await self._accounts.find(tablet.account) if tablet else None
        if tablet is None or known is None:
            raise _unknown_token()
        if tablet.state == "active":
            check_open(known)
        return tablet, self._actor(known, tablet.id)

    def _actor(self, known: Known, device: str | None = None) -> Actor:
        of = known.account
        principals = self._directory.principals(of.member, of.role, of.branch)
        return Actor(of.name, of.role, principals, of.member, of.branch, device)

    def _recall(self, key: bytes) -> Actor | None:
        """The one look-up that a request costs whose right is proved already."""
        proved = self._proved.get(key)
        if proved is None or proved.until <= self._clock():
            return None
        if proved.rights == self._directory.version:
            return proved.actor
        was = proved.actor
        actor = replace(was, principals=self._directory.principals(was.member, was.role, was.branch))
        self._proved[key] = proved._replace(actor=actor, rights=self._directory.version)
        return actor

    def _remember(self, key: bytes, actor: Actor, documents: tuple[str, ...], before: int) -> None:
        """Not what was read before something was forgotten: it may be what changed."""
        if before != self._forgotten:
            return
        while len(self._proved) >= REMEMBERED_MAX:
            self._drop(next(iter(self._proved)))
        self._proved[key] = _Proved(actor, self._clock() + REMEMBER_SECONDS, self._directory.version, documents)
        for document in documents:
            self._depend.setdefault(document, set()).add(key)

    def _drop(self, key: bytes) -> None:
        for document in self._proved.pop(key).documents:
            keys = self._depend.get(document, set())
            keys.discard(key)
            if not keys:
                self._depend.pop(document, None)

    def _digest(self, text: str) -> bytes:
        return hashlib.blake2s(text.encode(errors="surrogatepass"), key=self._key, digest_size=16).digest()


def check_open(known: Known) -> None:
    """Raises Unauthenticated for an account that is locked."""
    if known.account.locked:
        raise Unauthenticated("This account is locked: ask the administrator of your centre.", code="account_locked")


def check_origin(asking: Asking, allowed: frozenset[str] = frozenset()) -> None:
    """A page of another origin may make a browser send a cookie, so writing with one is for the own pages alone. What sends neither
    header is no browser. `allowed`: other origins that may. Raises Forbidden (AU10)."""
    if allowed and asking.headers.get("origin") in allowed:
        return
    site = asking.headers.get("sec-fetch-site")
    if site is not None:
        if site in ("same-origin", "none"):
            return
    else:
        origin = asking.headers.get("origin")
        if origin is None or origin.partition("://")[2] == asking.headers.get("host"):
            return
    raise Forbidden("A page of another origin may not do this with your log-in.", code="cross_origin")


def _basic(header: str) -> tuple[str, str] | None:
    """Name and password; None for what is malformed: PouchDB sends such a header on GET / and expects to be nobody."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (name, password) if colon and name else None


def _bearer(header: str) -> Secret | None:
    scheme, _, rest = header.partition(" ")
    return secret.parse(rest.strip()) if scheme.lower() == "bearer" else None


def _cookie(header: str | None) -> str | None:
    if header is None:
        return None
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE and value:
            return value.strip('"')
    return None


def _set_cookie(text: str, seconds: int, scheme: str) -> str:
    secure = "; Secure" if scheme == "https" else ""
    return f"{COOKIE}={text}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


def _unknown_token() -> Unauthenticated:
    return Unauthenticated("This token is not known here or has ended: log in or enrol again.", code="unknown_token")
