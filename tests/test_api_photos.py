"""AP: how photos come in and are shown, over the whole application."""

import hashlib
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from server import photos
from server.photos import PART_BYTES_MAX, shrink
from sync.errors import BadRequest
from tests.builders import record
from tests.desk import LI, SECRETARY, ZHANG, Desk, desk
from tests.working import visit


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path / "data") as made:
        yield made


def picture(width: int = 900, height: int = 600, *, exif: bool = False) -> bytes:
    made = io.BytesIO()
    told = Image.Exif()
    if exif:
        told[0x0112], told[0x010E] = 6, "家里的照片"
    Image.new("RGB", (width, height), (200, 30, 30)).save(made, "JPEG", exif=told)
    return made.getvalue()


async def photo_of(here: Desk, data: bytes) -> str:
    """A visit with a photo whose document has come and whose bytes have not. Returns the photo's id."""
    body = visit("m0117")
    digest = f"sha256-{hashlib.sha256(data).hexdigest()}"
    photo = record("photo", fields={"record": body["_id"], "digest": digest, "size": len(data)})
    await here.push("m0117", body, photo)
    await here.until(lambda: here.get(LI, f"/photos/{photo['_id']}/parts"), bool)
    return str(photo["_id"])


async def send(here: Desk, photo: str, number: int, data: bytes, status: int = 200, who: tuple[str, str] = LI) -> Any:
    async with here.here.as_(who) as client:
        answer = await client.put(f"/api/v1/photos/{photo}/parts/{number}", content=data)
    assert answer.status_code == status, answer.text
    return answer.json()


def finish(parts: int, data: bytes) -> dict[str, Any]:
    return {"parts": parts, "digest": f"sha256-{hashlib.sha256(data).hexdigest()}"}


async def test_ap13_parts_come_in_any_order_and_again_and_are_kept_when_their_digest_is_right(here: Desk) -> None:
    data = picture()
    photo = await photo_of(here, data)
    third = len(data) // 3
    parts = [data[:third], data[third : 2 * third], data[2 * third :]]
    await send(here, photo, 2, parts[2])
    await send(here, photo, 0, b"broken")
    assert (await here.get(LI, f"/photos/{photo}/parts"))["parts"] == {"0": 6, "2": len(parts[2])}
    refused = await here.post(LI, f"/photos/{photo}/complete", finish(3, data), 400)
    assert refused["error"] == "parts_missing"
    await send(here, photo, 1, parts[1])
    refused = await here.post(LI, f"/photos/{photo}/complete", finish(3, data), 400)
    assert refused["error"] == "bad_digest"
    assert (await here.get(LI, f"/photos/{photo}/parts"))["parts"] == {}, "they are to be sent again"
    for number, part in enumerate(parts):
        await send(here, photo, number, part)
    assert (await here.post(LI, f"/photos/{photo}/complete", finish(3, data), 200))["complete"]
    assert (await here.post(LI, f"/photos/{photo}/complete", finish(3, data), 200))["complete"], "asked again"
    assert list((here.services.settings.directory / "uploads").iterdir()) == []
    (found,) = (await here.services.store.changes("photos-b03")).changes
    assert found.id == photo


async def test_ap13_only_who_took_a_photo_sends_it_and_not_more_than_a_photo(here: Desk) -> None:
    data = picture()
    photo = await photo_of(here, data)
    await send(here, photo, 0, data, 403, SECRETARY)
    await send(here, photo, 0, data, 404, ZHANG)
    await send(here, "photo:unknown", 0, data, 404)
    assert (await send(here, photo, 0, bytes(PART_BYTES_MAX + 1), 413))["error"] == "part_too_large"
    assert (await send(here, photo, 100_000, data, 400))["error"] == "bad_part"
    assert (await send(here, photo, 0, b"", 400))["error"] == "bad_part"
    other = {**finish(1, data), "digest": f"sha256-{'0' * 64}"}
    assert (await here.post(LI, f"/photos/{photo}/complete", other, 400))["error"] == "bad_digest"
    await here.get(SECRETARY, f"/photos/{photo}", 404)


async def test_ap14_a_photo_is_a_download_and_its_thumbnail_holds_nothing_but_the_picture(here: Desk) -> None:
    data = picture(exif=True)
    photo = await photo_of(here, data)
    await send(here, photo, 0, data)
    await here.post(LI, f"/photos/{photo}/complete", finish(1, data), 200)
    async with here.here.as_(SECRETARY) as client:
        answer = await client.get(f"/api/v1/photos/{photo}")
        assert (answer.status_code, answer.content) == (200, data)
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
        for _ in range(2):
            small = await client.get(f"/api/v1/photos/{photo}/thumbnail")
            assert (small.status_code, small.headers["content-type"]) == (200, "image/jpeg")
            with Image.open(io.BytesIO(small.content)) as shown:
                assert shown.size == (320, 480), "upright, as it was held"
                assert not shown.getexif()
    (found,) = (await here.services.store.changes("photos-b03", bodies=True)).changes
    assert sorted(found.attachments or {}) == ["photo", "thumbnail"]
    async with here.here.as_(ZHANG) as client:
        assert (await client.get(f"/api/v1/photos/{photo}")).status_code == 404
    lines = (await here.get(("admin", SECRETARY[1]), "/audit?kind=read"))["lines"]
    assert any(photo in line["records"] for line in lines)


async def test_ap14_what_is_no_picture_has_no_thumbnail(here: Desk) -> None:
    data = b"<script>alert(1)</script>" * 100
    photo = await photo_of(here, data)
    await send(here, photo, 0, data)
    await here.post(LI, f"/photos/{photo}/complete", finish(1, data), 200)
    assert (await here.get(SECRETARY, f"/photos/{photo}/thumbnail", 400))["error"] == "no_picture"


def test_ap14_a_picture_that_unpacks_too_large_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "PIXELS_MAX", 1000)
    with pytest.raises(BadRequest):
        shrink(picture(100, 100))
    for damaged in (picture()[:200], b"GIF89a" + bytes(100), b""):
        with pytest.raises(BadRequest):
            shrink(damaged)


def test_ap14_a_picture_with_transparency_lies_on_white() -> None:
    made = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(made, "PNG")
    with Image.open(io.BytesIO(shrink(made.getvalue()))) as shown:
        assert shown.getpixel((25, 25)) == (255, 255, 255)
