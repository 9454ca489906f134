"""`make screenshots`: every screen of the tablet app in three sizes, as pictures small enough for the guide."""

import argparse
import asyncio
import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import Page

from tests.browser import LANDSCAPE, PHONE, PORTRAIT
from tests.screens import stage, story

SIZES = (LANDSCAPE, PORTRAIT, PHONE)
INTO = Path(__file__).parent.parent / "deploy/images/tablet"
COLOURS = 64


async def run(into: Path, only: str = "") -> None:
    with tempfile.TemporaryDirectory(prefix="fieldbook-screens-") as directory:
        async with stage(Path(directory)) as on:
            async for name in story(on):
                if only in name:
                    await take(on.page, name, into)
                print(name, flush=True)


async def take(page: Page, name: str, into: Path) -> None:
    """One picture for each size; few colours, as drawings have."""
    for width, height in SIZES:
        await page.set_viewport_size({"width": width, "height": height})
        await page.wait_for_timeout(250)
        shot = Image.open(io.BytesIO(await page.screenshot(animations="disabled", caret="hide")))
        small = shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        small.save(into / f"{name}-{width}x{height}.png", optimize=True)
    width, height = LANDSCAPE
    await page.set_viewport_size({"width": width, "height": height})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--into", type=Path, default=INTO)
    parser.add_argument("--only", default="", help="screens whose name holds this")
    asked = parser.parse_args()
    asked.into.mkdir(parents=True, exist_ok=True)
    asyncio.run(run(asked.into, asked.only))
