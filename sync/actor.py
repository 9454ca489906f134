"""Decide who is asking: a name, what it may administer, and the principals that it holds."""

from dataclasses import dataclass, field
from typing import Literal

from sync.stores.contract import Readers

Role = Literal["administrator", "committee", "secretary", "deputy", "member"]
ROLES: tuple[Role, ...] = ("administrator", "committee", "secretary", "deputy", "member")


@dataclass(frozen=True, slots=True)
class Actor:
    """`principals` are what reading and writing are decided by (decision 4); `device` is the tablet that speaks, if one does."""

    name: str
    role: Role
    principals: Readers = field(default_factory=frozenset)
    member: str | None = None
    branch: str | None = None
    device: str | None = None

    @property
    def administrator(self) -> bool:
        return self.role == "administrator"

    @property
    def reader(self) -> Readers | None:
        """What reads are narrowed to; None: nothing is hidden. An administrator runs replications, which must be whole."""
        return None if self.administrator else self.principals
