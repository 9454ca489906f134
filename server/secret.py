"""Decide how the tokens that the server gives out look, and what it keeps of them: a hash, never the token (AU8).

`<kind>.<id>.<secret>`: the id finds the document, the secret proves the right to it.
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import NamedTuple

NewSecret = Callable[[int], str]
"""(bytes of randomness) -> text of letters, digits, `-` and `_`; `secrets.token_urlsafe`."""

SESSION, TOKEN, TABLET, PROCESS = "fbs", "fbt", "fbd", "fbp"
_KINDS = (SESSION, TOKEN, TABLET, PROCESS)
_CHARACTERS_MAX = 200


class Secret(NamedTuple):
    kind: str
    id: str
    secret: str

    @property
    def text(self) -> str:
        return f"{self.kind}.{self.id}.{self.secret}"

    @property
    def hash(self) -> str:
        """A plain hash is enough: the secret is 256 random bits, which nobody guesses."""
        return hash_of(self.secret)


def parse(text: str) -> Secret | None:
    parts = text.split(".")
    if len(text) > _CHARACTERS_MAX or len(parts) != 3 or parts[0] not in _KINDS or not parts[1].isascii():
        return None
    return Secret(*parts)


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def same(one: str, other: str) -> bool:
    """Compares in a time that tells nothing."""
    return hmac.compare_digest(one.encode(), other.encode())
