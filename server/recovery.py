"""Decide how the key that opens what a tablet wrapped for its branch is made, kept and used: when a PIN was forgotten, or a rescue file
comes in (TB11, RF…).

One RSA key pair a branch, the document `recovery:<branch>` in `office`. The private part is never answered to anybody; it lies in
backups and replications of `office`, as password hashes do.
"""

import asyncio
import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from server.office import Held, Office
from sync.errors import BadRequest, Conflict

PREFIX = "recovery"
BITS = 3072
_OAEP = OAEP(MGF1(SHA256()), SHA256(), None)


class Public(msgspec.Struct, frozen=True):
    """What a tablet wraps with: `jwk` as WebCrypto imports it, for RSA-OAEP with SHA-256."""

    id: str
    jwk: dict[str, str]


class Wrapped(msgspec.Struct, frozen=True):
    """A tablet's data key as the tablet keeps it: wrapped with the recovery key `id`."""

    id: str
    data: bytes


class _DataKey(msgspec.Struct, frozen=True):
    account: str
    key: bytes


class Private(NamedTuple):
    branch: str
    key: rsa.RSAPrivateKey

    def open(self, data: bytes) -> bytes | None:
        """What was wrapped with the public part; None for what was not, or is damaged."""
        try:
            return self.key.decrypt(data, _OAEP)
        except ValueError:
            return None


class Recovery:
    """`new_id`: so many random bytes, as hex."""

    def __init__(self, office: Office, now: Callable[[], datetime], new_id: Callable[[int], str]) -> None:
        self._office = office
        self._now = now
        self._new_id = new_id
        self._making = asyncio.Lock()

    async def public(self, branch: str | None) -> Public | None:
        """The branch's key to wrap with, made when it is first asked for; None for whoever belongs to no branch."""
        if not branch:
            return None
        held = await self._office.find(f"{PREFIX}:{branch}")
        if held is None:
            async with self._making:
                held = await self._office.find(f"{PREFIX}:{branch}") or await self._make(branch)
        return Public(held.content["id"], held.content["jwk"])

    async def private(self, key_id: str) -> Private | None:
        """The key with this id; None for one that was never made here, or that a restored store no longer has."""
        branch = key_id.rpartition(".")[0]
        held = await self._office.find(f"{PREFIX}:{branch}") if branch else None
        if held is None or held.content.get("id") != key_id:
            return None
        key = await asyncio.to_thread(_load, held.content["private"])
        return Private(branch, key)

    async def data_key(self, wrapped: Wrapped, account: str) -> bytes:
        """The data key that a tablet of this account wrapped. Raises BadRequest `bad_wrapped`."""
        private = await self.private(wrapped.id)
        if private is None:
            raise _bad("This branch has no such recovery key: what was wrapped with it cannot be opened here.")
        opened = private.open(wrapped.data)
        try:
            found = msgspec.json.decode(opened or b"", type=_DataKey)
        except msgspec.DecodeError:
            raise _bad("The wrapped key is damaged.") from None
        if found.account != account:
            raise _bad("The wrapped key belongs to another account.")
        if len(found.key) != 32:
            raise _bad("The wrapped key is damaged.")
        return found.key

    async def _make(self, branch: str) -> Held:
        doc_id = f"{PREFIX}:{branch}"
        key = await asyncio.to_thread(rsa.generate_private_key, 65537, BITS)
        key_id = f"{branch}.{self._new_id(6)}"
        text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        content: dict[str, Any] = {"type": PREFIX, "version": 1, "branch": branch, "id": key_id, "jwk": _jwk(key)}
        content |= {"private": text, "made": self._now().isoformat(timespec="seconds").replace("+00:00", "Z")}
        try:
            await self._office.make(doc_id, content)
        except Conflict:
            # Another server on the same store was faster.
            held = await self._office.find(doc_id)
            if held is not None:
                return held
            raise
        return Held(doc_id, "", content)


def _jwk(key: rsa.RSAPrivateKey) -> dict[str, str]:
    """RFC 7518, 6.3.1."""
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "alg": "RSA-OAEP-256", "use": "enc", "n": _number(numbers.n), "e": _number(numbers.e)}


def _number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8)).rstrip(b"=").decode()


def _load(text: str) -> rsa.RSAPrivateKey:
    # It was made here: looking for small factors again would take longer than all else.
    key = load_pem_private_key(text.encode(), None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _bad(reason: str) -> BadRequest:
    return BadRequest(reason, code="bad_wrapped")
