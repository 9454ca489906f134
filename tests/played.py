"""A demo centre with what a story about its screens needs beside the demo: somebody's tablets, records that stand in different ways, and
decisions on them."""

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from PIL import Image, ImageDraw

from server.demo.centre import Centre, Member, Subject
from server.demo.fill import Demo
from server.demo.tablet import Tablet as Simulated
from tests.browser import until

WHO, COLLEAGUE, BRANCH = "m0051", "m0052", "b03"
DB = f"branch-{BRANCH}"


@dataclass(kw_only=True)
class Played:
    """A filled server. `language`: zh or en; `ids`: records of the story by what became of them."""

    url: str
    demo: Demo
    centre: Centre
    language: str = "zh"
    ids: dict[str, str] = field(default_factory=dict)

    def words(self, zh: str, en: str) -> str:
        return zh if self.language == "zh" else en

    def as_(self, name: str) -> httpx.AsyncClient:
        account = self.demo.account(name)
        return httpx.AsyncClient(base_url=self.url, auth=(account.name, account.password), timeout=60)

    def member(self, name: str) -> Member:
        account = self.demo.account(name)
        return next(one for one in self.centre.members if one.id == account.member)

    def subjects(self, kind: str) -> list[Subject]:
        branch = next(one for one in self.centre.branches if one.id == BRANCH)
        return branch.subjects[kind]


async def simulated(on: Played, name: str, directory: Path, session: aiohttp.ClientSession) -> Simulated:
    account = on.demo.account(name)
    url = on.url.replace("://", f"://{account.name}:{account.password}@")
    made = Simulated(on.member(name), directory / name, session, f"{url}/sync")
    await made.open()
    return made


def visit(subject: Subject, members: list[Member], days: int, kind: str = "assist") -> dict[str, Any]:
    begun = datetime.now(UTC).replace(hour=2, minute=5, second=0, microsecond=0) - timedelta(days=days)
    period = [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (begun, begun + timedelta(minutes=40))]
    fields = {"subject": subject.id, "kind": kind, "period": period, "place": [*subject.place, 12]}
    personal = {"privacy": "notice", "keep_until": f"{begun.year + 3}-12-31"} if kind == "assist" else {}
    return fields | personal | {f"participants/{one.id}": True for one in members}


async def decide(secretary: httpx.AsyncClient, record: str, decision: str, **more: Any) -> None:
    async def told() -> Any:
        answer = await secretary.get(f"/api/v1/records/{record}")
        return answer.json() if answer.status_code == 200 else None

    await decided(secretary, record, decision, (await until(told))["seen"], **more)


async def decided(secretary: httpx.AsyncClient, record: str, decision: str, seen: str, **more: Any) -> None:
    asked = {"record": record, "decision": decision, "seen": seen, **more}

    async def taken() -> bool:
        answer = await secretary.post("/api/v1/reviews", json=asked)
        # The worker writes a month a moment after its records, or has merged meanwhile: what it says now is decided on.
        asked["seen"] = answer.json().get("seen", seen)
        return answer.status_code == 201

    await until(taken)


def photo() -> dict[str, Any]:
    """A picture as a camera gives it, of nobody's house."""
    image = Image.new("RGB", (1600, 1200), "#9db7c9")
    draw = ImageDraw.Draw(image)
    draw.polygon([(200, 620), (800, 260), (1400, 620)], fill="#8f4a3a")
    draw.rectangle([320, 620, 1280, 1020], fill="#d9cdb8")
    draw.rectangle([700, 760, 880, 1020], fill="#6b4f3a")
    for at in (430, 1010):
        draw.rectangle([at, 720, at + 160, 860], fill="#e9f0f3")
    draw.rectangle([0, 1020, 1600, 1200], fill="#7f9a5f")
    into = io.BytesIO()
    image.save(into, "JPEG", quality=85)
    return {"name": "house.jpg", "mimeType": "image/jpeg", "buffer": into.getvalue()}
