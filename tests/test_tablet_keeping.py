"""What a tablet keeps, which app it runs and which clock it goes by."""

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser import APP, Tablet, needed, until
from tests.filling import household, put, visit
from tests.pouchdb import NODE, WEB
from tests.serving import Served, served

pytestmark = [needed, pytest.mark.browser]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass

    def end_headers(self) -> None:
        self.send_header("cache-control", "no-cache")
        super().end_headers()


@contextmanager
def plain_files(directory: Path) -> Iterator[str]:
    """The app on a plain file server, as somebody else may host it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(directory)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


async def test_tu1_a_new_version_of_the_app_takes_over_between_records_and_never_in_the_middle_of_one(
    make: Callable[..., Tablet], staffed: Served, tmp_path: Path
) -> None:
    shutil.copytree(APP.parent, tmp_path / "app")
    (tmp_path / "app/app.json").write_text(f'{{"servers": ["{staffed.url}"]}}')
    put(staffed, "branch-b03", household("李桂兰"))
    staffed.stop()
    with plain_files(tmp_path / "app") as url:
        port = staffed.url.rpartition(":")[2]
        with served(tmp_path / "data", "--port", port, "--origins", url):
            tablet = make("t1", url=url)
            await tablet.start()
            await tablet.enrol("li")
            await tablet.synced()
            await tablet.begin_visit("李桂兰", "写到一半")
            worker = tmp_path / "app/sw.js"
            worker.write_text(worker.read_text().replace('VERSION = "', 'VERSION = "another'))
            page = tablet.page
            await page.evaluate(
                "window.old = true; navigator.serviceWorker.getRegistration().then((one) => one.update())"
            )
            await until(
                lambda: page.evaluate("navigator.serviceWorker.getRegistration().then((one) => one.waiting !== null)")
            )
            await expect(page.get_by_label("情况记录")).to_have_value("写到一半")
            assert await page.evaluate("window.old")
            await page.evaluate("location.hash = '#/'")
            await tablet.sees("输入数字密码")
            assert await page.evaluate("window.old === undefined")
            await tablet.unlock()
            await tablet.page.locator("a.record-row", has_text="李桂兰").first.click()
            await expect(page.get_by_label("情况记录")).to_have_value("写到一半")


async def test_tu2_a_wrong_clock_is_said_in_words_and_hinders_nothing(
    make: Callable[..., Tablet], staffed: Served
) -> None:
    put(staffed, "branch-b03", household("李桂兰"))
    tablet = make("t1")
    await tablet.start()
    await tablet.page.clock.install(time=datetime.now(UTC) + timedelta(minutes=20))
    await tablet.page.reload()
    await tablet.enrol("li")
    await tablet.sees("本机时钟快了 20 分钟")
    await tablet.visit("李桂兰", "时钟不准")
    await tablet.home()
    await tablet.synced()


async def test_tu3_a_setting_bounds_how_long_synced_records_stay_on_a_tablet(
    make: Callable[..., Tablet], staffed: Served, tmp_path: Path
) -> None:
    old = visit(1, {"m0042": True, "m0117": True})
    old["fields"]["period"] = ["2026-01-05T00:03:12Z", "2026-01-05T00:40:00Z"]
    owed = visit(2, {"m0042": True, "m0117": True})
    owed["fields"] |= {
        "period": old["fields"]["period"],
        "problems/p0000001/text": "路灯不亮",
        "problems/p0000001/state": "open",
    }
    new = visit(3, {"m0042": True, "m0117": True})
    now = datetime.now(UTC)
    new["fields"]["period"] = [f"{now - timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}", f"{now:%Y-%m-%dT%H:%M:%SZ}"]
    for one in (old, owed, new):
        put(staffed, "branch-b03", one)
    port = staffed.url.rpartition(":")[2]
    staffed.stop()
    with served(tmp_path / "data", "--port", port, "--tablet-keep-days", "30"):
        tablet = make("t1")
        await tablet.start()
        await tablet.enrol("li")
        await tablet.synced()
        held = set(await tablet.cards("visit"))
    assert held == {owed["_id"], new["_id"]}, "what waits for somebody stays, however old"


@pytest.mark.parametrize(
    ("agent", "secure", "able", "words"),
    [
        ("Chrome/96.0", True, False, "Chromium 111"),
        ("Chrome/150.0", False, False, "https"),
        ("Chrome/150.0", True, True, ""),
    ],
)
def test_tu4_an_older_browser_is_told_which_version_it_takes(agent: str, secure: bool, able: bool, words: str) -> None:
    script = f"""
      const shown = {{ textContent: "" }};
      globalThis.window = {{ isSecureContext: {str(secure).lower()}, indexedDB: {str(able).lower()}, crypto: {{ subtle: {{}} }} }};
      Object.defineProperty(globalThis, "navigator", {{ value: {{ userAgent: "{agent}", locks: {{}} }} }});
      globalThis.document = {{ getElementById: () => shown }};
      (0, eval)(require("fs").readFileSync("tablet/public/oldest.js", "utf8"));
      process.stdout.write(shown.textContent);
    """
    done = subprocess.run([str(NODE), "-e", script], cwd=WEB, capture_output=True, text=True, check=True)
    assert words in done.stdout
    assert bool(words) == bool(done.stdout)
