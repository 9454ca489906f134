"""A centre at work, for tests: a server with its worker, people who log in, and tablets that push."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from server.app import make_worker
from sync.actor import Actor
from tests.builders import write
from tests.serving import PASSWORD, Here, here

SECRETARY, COMMITTEE, LI, ZHANG = (
    ("secretary", PASSWORD),
    ("committee", PASSWORD),
    ("li", PASSWORD),
    ("zhang", PASSWORD),
)
PEOPLE = (
    ("secretary", "secretary", "m0001", "b03"),
    ("committee", "committee", "m0200", None),
    ("zhang", "member", "m0042", "b03"),
    ("other", "member", "m0300", "b04"),
)


class Desk:
    def __init__(self, made: Here) -> None:
        self.here = made
        self.services = made.services

    async def push(self, member: str, *bodies: dict[str, Any], db: str = "branch-b03", branch: str = "b03") -> None:
        """As a tablet of this member, each body a new document."""
        role = "secretary" if member == "m0001" else "committee" if member == "m0200" else "member"
        principals = self.services.admission.directory.principals(member, role, branch)
        actor = Actor(member, role, principals, member, branch, f"t{member}")
        for result in await self.services.admission.push(actor, db, [write(body) for body in bodies]):
            if isinstance(result, Exception):
                raise result

    async def get(self, who: tuple[str, str], path: str, status: int = 200) -> Any:
        async with self.here.as_(who) as client:
            answer = await client.get(f"/api/v1{path}")
        assert answer.status_code == status, answer.text
        return answer.json()

    async def post(self, who: tuple[str, str], path: str, data: Any, status: int = 201) -> Any:
        async with self.here.as_(who) as client:
            answer = await client.post(f"/api/v1{path}", json=data)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def until(self, ask: Callable[[], Coroutine[Any, Any, Any]], holds: Callable[[Any], bool]) -> Any:
        """Ask again until it holds: the worker works beside."""
        answer: Any = None
        for _ in range(200):
            try:
                answer = await ask()
                if holds(answer):
                    return answer
            except (AssertionError, httpx.HTTPError) as error:
                answer = error
            await asyncio.sleep(0.05)
        raise AssertionError(f"it never came to hold: {answer}")


@asynccontextmanager
async def desk(directory: Path, store: str = "sqlite") -> AsyncIterator[Desk]:
    async with here(directory, tasks=[lambda services: make_worker(services, 0.05)], store=store) as made:
        services = made.services
        for name, role, member, branch in PEOPLE:
            if await services.accounts.find(name) is None:
                await services.accounts.add(name, role, PASSWORD, member=member, branch=branch)
        for db in ("branch-b03", "branch-b04"):
            if db not in await services.store.databases():
                await services.store.create(db)
        yield Desk(made)
