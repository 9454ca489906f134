"""What tests put on a server for tablets to find there, as an administrator puts it."""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx

from tests.builders import stamp
from tests.serving import ADMIN, Served


def in_days(number: int) -> str:
    """The day so many days after today at the centre, where the day begins hours before it does on a machine that keeps UTC."""
    return (datetime.now(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=number)).isoformat()


def as_admin(staffed: Served) -> httpx.Client:
    return httpx.Client(base_url=staffed.url, auth=ADMIN)


def put(staffed: Served, db: str, body: dict[str, Any]) -> None:
    """A document, or its next revision."""
    with as_admin(staffed) as admin:
        path = f"/sync/{db}/{quote(body['_id'], safe='')}"
        held = admin.get(path).json()
        rev = {"_rev": held["_rev"]} if "_rev" in held else {}
        answer = admin.put(path, content=json.dumps({**body, **rev}))
        assert answer.status_code == 201, answer.text


def documents(staffed: Served, db: str, kind: str) -> list[dict[str, Any]]:
    """What the server holds of a kind."""
    with as_admin(staffed) as admin:
        asked = {"include_docs": "true", "startkey": f'"{kind}:"', "endkey": f'"{kind};"'}
        return [row["doc"] for row in admin.get(f"/sync/{db}/_all_docs", params=asked).json()["rows"]]


def household(name: str, number: int = 1) -> dict[str, Any]:
    return _by_wang(f"household:01K9ZJ6Q3T8M4V7C2N5B1H{number:04d}", "subject", 1, {"kind": "household", "name": name})


def visit(number: int, participants: dict[str, bool]) -> dict[str, Any]:
    """By m0042."""
    fields: dict[str, Any] = {
        "period": ["2026-11-20T00:03:12Z", "2026-11-20T00:40:00Z"],
        "kind": "other",
        **{f"participants/{who}": there for who, there in participants.items()},
    }
    return _by_wang(f"visit:01K9ZJ6Q3T8M4V7C2N5B1X{number:04d}", "visit", 2, fields)


def member(name: str, branch: str) -> dict[str, Any]:
    fields = {"name": f"同志{name[1:]}", "branch": branch, "role": "member", "active": True}
    return {"_id": f"member:{name}", "type": "member", "version": 1, "fields": fields}


def _by_wang(doc: str, kind: str, version: int, fields: dict[str, Any]) -> dict[str, Any]:
    envelope = {"type": kind, "version": version, "branch": "b03", "author": "m0042", "zone": "Asia/Shanghai"}
    return {"_id": doc, **envelope, "fields": fields, "stamps": {"": stamp("m0042", "t9")}, "replaced": []}
