"""Decide what is let in: who may reach a database, who may write a document, and what becomes of what is refused."""

from collections.abc import Sequence

from sync.actor import Actor
from sync.errors import FieldbookError, Forbidden
from sync.stores.contract import Edit, Readers, Result, Store, Write


class Admission:
    def __init__(self, store: Store) -> None:
        self._store = store

    def enter(self, actor: Actor, db: str) -> None:
        """Raises Forbidden where the actor has no business in this database."""
        if not actor.administrator:
            raise Forbidden(f"You are not allowed to access the database {db}.", database=db)

    def reader(self, db: str, actor: Actor) -> Readers | None:
        return actor.reader

    async def push(self, actor: Actor, db: str, items: Sequence[Write | Edit]) -> list[Result]:
        refusals = [self._refusal(actor, item) for item in items]
        let_in = [item for item, refusal in zip(items, refusals, strict=True) if refusal is None]
        results = iter(await self._store.add(db, let_in) if let_in else [])
        return [next(results) if refusal is None else refusal for refusal in refusals]

    def _refusal(self, actor: Actor, item: Write | Edit) -> FieldbookError | None:
        if item.id.startswith("_design/") and not actor.administrator:
            return Forbidden("Only administrators write design documents.", document=item.id)
        return None
