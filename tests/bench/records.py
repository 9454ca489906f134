"""The documents that are measured with: visits of about 1 KB, as a tablet pushes them, each with a revision of its own."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas import example

_WORDS = [
    "走访",
    "群众",
    "帮扶",
    "困难",
    "屋顶",
    "漏雨",
    "医保",
    "缴费",
    "政策",
    "讲解",
    "就业",
    "培训",
    "孩子",
    "上学",
    "老人",
    "身体",
    "生产",
    "生活",
    "水电",
    "道路",
    "村里",
    "干部",
    "联系",
    "解决",
    "登记",
    "反馈",
]


def visits(count: int, member: str, branch: str, seed: int) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    made = []
    for number in range(count):
        body: dict[str, Any] = dict(example("visit"))
        # Ids are ordered by time, as tablets make them.
        body["_id"] = f"visit:01K{seed:05d}{number:08d}{rng.getrandbits(48):012X}"[:32]
        body |= {"branch": branch, "author": member}
        # Spread over households and over the year, as real visits are.
        day = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(
            days=number * 7 % 300, hours=1 + number % 8, minutes=number % 50
        )
        period = [moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (day, day + timedelta(minutes=40))]
        subject = f"household:01K8{rng.randrange(count // 3 + 1):022d}"
        text = "".join(rng.choice(_WORDS) for _ in range(60))
        body["fields"] = {**body["fields"], "narrative": text, "period": period, "subject": subject}
        body.pop("replaced", None)
        milliseconds = 1_795_000_000_000 + number
        body["stamps"] = {"": f"{milliseconds:015d}.0000-t5d2c-{member}-{rng.getrandbits(16):04x}"}
        digest = f"{rng.getrandbits(128):032x}"
        body |= {"_rev": f"1-{digest}", "_revisions": {"start": 1, "ids": [digest]}}
        made.append(body)
    return made


def batches(docs: list[dict[str, Any]], size: int) -> list[bytes]:
    return [
        json.dumps(
            {"docs": docs[at : at + size], "new_edits": False}, ensure_ascii=False, separators=(",", ":")
        ).encode()
        for at in range(0, len(docs), size)
    ]
