"""What tests of the desk look at: records as tablets bring them that are merged, amended, returned, doubtful or refused."""

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import httpx
from PIL import Image

from sync.reconcile.edit import edit
from tests.builders import stamp
from tests.filling import as_admin, documents, household, put, visit
from tests.serving import PASSWORD, Served

SUBJECT = household("")["_id"]
SOUND = {"place": [300310501, 1101259855, 12], "privacy": "notice", "keep_until": "2028-11-20"}


def as_member(staffed: Served, name: str) -> httpx.Client:
    return httpx.Client(base_url=staffed.url, auth=(name, PASSWORD))


def push(staffed: Served, *bodies: dict[str, Any], who: str = "admin") -> None:
    """Revisions as a replication brings them: each body bears `_rev` and, where it has a parent, `_parent`."""
    docs = []
    for body in bodies:
        path = [one for one in (body["_rev"], body.get("_parent")) if one]
        ids = [one.partition("-")[2] for one in path]
        sent = {name: value for name, value in body.items() if name != "_parent"}
        docs.append({**sent, "_revisions": {"start": int(path[0].partition("-")[0]), "ids": ids}})
    with as_member(staffed, who) as client:
        answer = client.post("/sync/branch-b03/_bulk_docs", json={"docs": docs, "new_edits": False})
        assert answer.status_code == 201, answer.text


def sound_visit(
    staffed: Served, number: int, told: str = "谈了低保", author: str = "m0042", **fields: Any
) -> dict[str, Any]:
    """About the household of `some_visit`, with nothing doubtful in it, as its first revision."""
    put(staffed, "branch-b03", household("李桂兰"))
    body = visit(number, {author: True}) | {"author": author, "stamps": {"": stamp(author, "t1")}}
    hour = number % 9
    period = [f"2026-11-2{number // 9 % 3}T0{hour}:00:00Z", f"2026-11-2{number // 9 % 3}T0{hour}:40:00Z"]
    body["fields"] |= {"subject": SUBJECT, "narrative": told, "period": period, **SOUND, **fields}
    push(staffed, {**body, "_rev": "1-a"})
    return body


def later(
    body: dict[str, Any], rev: str, parent: str, member: str = "m0042", device: str = "t1", **fields: Any
) -> dict[str, Any]:
    """The body after an edit made now on a tablet that had seen it."""
    changes = {path.replace("__", "/"): value for path, value in fields.items()}
    made = edit([body], changes, stamp(member, device, datetime.now(UTC)))
    return {**made, "_id": body["_id"], "_rev": rev, "_parent": parent}


def merged_visit(staffed: Served, number: int = 1) -> dict[str, Any]:
    """Two tablets edited it apart: `narrative` is in dispute."""
    body = sound_visit(staffed, number, "原来的话")
    push(
        staffed,
        later(body, "2-b", "1-a", device="t1", narrative="甲说的话", outcome="低保已申请"),
        later(body, "2-c", "1-a", member="m0117", device="t2", narrative="乙说的话"),
    )
    return body


def in_words(staffed: Served, kind: str, who: str = "song") -> list[dict[str, Any]]:
    """What of a kind waits for somebody."""
    with as_member(staffed, who) as client:
        return list(client.get("/api/v1/inbox", params={"kind": kind}).json()["items"])


def decide(staffed: Served, record: str, decision: str, who: str = "song", **more: Any) -> None:
    with as_member(staffed, who) as client:
        told = client.get(f"/api/v1/records/{record}").json()
        answer = client.post(
            "/api/v1/reviews", json={"record": record, "decision": decision, "seen": told["seen"], **more}
        )
        assert answer.status_code == 201, answer.text


def photo(staffed: Served, record: str, number: int, caption: str) -> None:
    """A picture of a record of m0042, with its bytes."""
    from hashlib import sha256

    out = BytesIO()
    Image.new("RGB", (800, 600), (60 + 60 * number, 120, 180 - 40 * number)).save(out, "JPEG")
    data = out.getvalue()
    digest = f"sha256-{sha256(data).hexdigest()}"
    doc = f"photo:01K9ZJ6Q3T8M4V7C2N5B1P{number:04d}"
    fields = {"record": record, "digest": digest, "size": len(data), "media": "image/jpeg", "width": 800, "height": 600}
    fields |= {"at": "2026-11-20T00:10:00Z", "caption": caption}
    envelope = {
        "type": "photo",
        "version": 1,
        "branch": "b03",
        "author": "m0042",
        "device": "t1",
        "zone": "Asia/Shanghai",
    }
    put(
        staffed,
        "branch-b03",
        {"_id": doc, **envelope, "fields": fields, "stamps": {"": stamp("m0042", "t1")}, "replaced": []},
    )
    with as_admin(staffed) as admin:
        for _ in range(100):
            if admin.put(f"/api/v1/photos/{doc}/parts/0", content=data).status_code == 200:
                break
        done = admin.post(f"/api/v1/photos/{doc}/complete", content=json.dumps({"parts": 1, "digest": digest}))
        assert done.status_code == 200, done.text


def kept(staffed: Served, kind: str) -> list[dict[str, Any]]:
    return documents(staffed, "branch-b03", kind)
