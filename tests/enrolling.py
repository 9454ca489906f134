"""What a tablet does to enrol, for tests: codes and tokens, and its cryptography as a browser does it (tests/tablets/crypto.mjs)."""

import base64
import json
import subprocess
from typing import Any

from tests.pouchdb import HERE, NODE
from tests.serving import ADMIN, PASSWORD, Here

KEY = base64.b64encode(bytes(range(32))).decode()


async def code(server: Here, account: str = "li") -> str:
    answer = await server.as_(ADMIN).post("/api/v1/tablets", json={"account": account})
    return str(answer.json()["code"])


async def enrol(server: Here, status: int = 201, **asked: Any) -> dict[str, Any]:
    answer = await server.as_().post("/api/v1/tablets/enrol", json=asked)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def by_password(server: Here, account: str = "li", **more: Any) -> dict[str, Any]:
    return await enrol(server, name=account, password=PASSWORD, **more)


async def audited(server: Here, kind: str) -> list[dict[str, Any]]:
    answer = await server.as_(ADMIN).get(f"/api/v1/audit?kind={kind}")
    lines: list[dict[str, Any]] = answer.json()["lines"]
    return lines


def wrapped(recovery: dict[str, Any], account: str = "li", key: str = KEY) -> dict[str, str]:
    told: dict[str, str] = _crypto(recovery, wrap={"account": account, "key": key})["wrapped"]
    return told


def rescue_file(recovery: dict[str, Any], content: dict[str, Any], branch: str = "b03") -> bytes:
    return base64.b64decode(_crypto(recovery, file={"branch": branch, "content": content})["rescue"])


def _crypto(recovery: dict[str, Any], **asked: Any) -> dict[str, Any]:
    done = subprocess.run(
        [str(NODE), "crypto.mjs"], cwd=HERE, input=json.dumps({**recovery, **asked}), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told
