"""Decide where a reader's feed goes on: a `since` token names a position, the store's incarnation and the reader's rights (TK…).

"<position>-<incarnation>.<rights>". A token of another incarnation (the store was restored from a backup) or of other rights
(something older has become readable) counts as 0: the tablet starts again, and `_revs_diff` spares it what it holds (TK2, TK3).
On CouchDB the position itself is opaque: "<number>-<incarnation>.<rights>.<opaque>".
"""

import hashlib

from sync.errors import BadRequest
from sync.stores.contract import Readers


class Tokens:
    """Tokens of one reader at one store."""

    def __init__(self, incarnation: str, reader: Readers | None) -> None:
        self._mark = f"{incarnation}.{epoch(reader)}"

    def token(self, position: str) -> str:
        number, dash, opaque = position.partition("-")
        return f"{number}-{self._mark}.{opaque}" if dash else f"{number}-{self._mark}"

    def own(self, since: str) -> str | None:
        """The position of a token that was made here for these rights; None for any other."""
        number, _, rest = since.partition("-")
        if not (number.isascii() and number.isdigit()):
            return None
        if rest == self._mark:
            return number
        return f"{number}-{rest[len(self._mark) + 1 :]}" if rest.startswith(self._mark + ".") else None

    def position(self, since: object) -> str:
        """The store's position to go on from: "0", "now", or where the token was made. Raises BadRequest."""
        if since is None or since in ("0", 0, ""):
            return "0"
        if since == "now":
            return "now"
        if isinstance(since, int) and not isinstance(since, bool) and since > 0:
            return str(since)
        if isinstance(since, str):
            number, dash, _ = since.partition("-")
            if number.isascii() and number.isdigit():
                return (self.own(since) or "0") if dash else str(int(number))
        raise BadRequest("Malformed sequence supplied in 'since' parameter.")


def epoch(reader: Readers | None) -> str:
    """Short hash of a reader's principals: it changes when they do."""
    if reader is None:
        return "0"
    return hashlib.blake2s("\n".join(sorted(reader)).encode(), digest_size=6).hexdigest()
