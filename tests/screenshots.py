"""`make screenshots`: every screen of the tablet app and of the review desk, each in three sizes, as pictures small enough for the
guides."""

import argparse
import asyncio
import io
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from PIL import Image
from playwright.async_api import Page

from tests import desk_story, screens
from tests.browser import LANDSCAPE, PHONE, PORTRAIT

TABLET = (LANDSCAPE, PORTRAIT, PHONE)
DESK = (desk_story.DESK, (1024, 768), (1920, 1080))
INTO = Path(__file__).parent.parent / "deploy/images"
COLOURS = 64
ENGLISH = (
    "inbox-record",
    "month-open",
    "centre",
    "activity-joined",
    "imports-preview",
    "forms",
    "committee-former",
    "joint-announced",
)
"""Screens of the desk that have their picture in English too."""


async def run(into: Path, of: str, only: str = "") -> None:
    with tempfile.TemporaryDirectory(prefix="fieldbook-screens-") as directory:
        if of != "desk":
            async with screens.stage(Path(directory)) as on:
                await follow(screens.story(on), on, into / "tablet", TABLET, only)
        for language in ("zh", "en") if of != "tablet" else ():
            async with desk_story.office(Path(directory) / language, language) as office:
                among = ENGLISH if language == "en" else ()
                await follow(desk_story.story(office), office, into / "desk", DESK, only, among)


async def follow(
    story: AsyncIterator[str],
    on: "screens.Stage | desk_story.Office",
    into: Path,
    sizes: tuple[tuple[int, int], ...],
    only: str,
    among: tuple[str, ...] = (),
) -> None:
    """`among`: take these alone, as the pictures of the other language."""
    async for name in story:
        if only in name and (not among or name in among):
            await take(on.page, f"{name}-{on.language}" if among else name, into, sizes)
        print(name, flush=True)


async def take(page: Page, name: str, into: Path, sizes: tuple[tuple[int, int], ...]) -> None:
    """One picture for each size; few colours, as drawings have."""
    for width, height in sizes:
        await page.set_viewport_size({"width": width, "height": height})
        await page.wait_for_timeout(250)
        shot = Image.open(io.BytesIO(await page.screenshot(animations="disabled", caret="hide")))
        small = shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        small.save(into / f"{name}-{width}x{height}.png", optimize=True)
    width, height = sizes[0]
    await page.set_viewport_size({"width": width, "height": height})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--into", type=Path, default=INTO)
    parser.add_argument("--of", choices=("tablet", "desk", "both"), default="both")
    parser.add_argument("--only", default="", help="screens whose name holds this")
    asked = parser.parse_args()
    for of in ("tablet", "desk"):
        (asked.into / of).mkdir(parents=True, exist_ok=True)
    asyncio.run(run(asked.into, asked.of, asked.only))
