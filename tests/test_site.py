"""SE19 to SE21: how the tablet app reaches a browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import brotli
import pytest

from server.site import TABLET, Site, policy
from tests.serving import Here, here


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Here]:
    async with here(tmp_path / "data", app_servers=("https://hub.example:8443/", "")) as made:
        yield made


async def test_se19_the_app_is_served_and_nothing_else_of_the_disk(server: Here) -> None:
    client = server.as_()
    page = await client.get("/")
    assert page.status_code == 200
    assert "走访台账" in page.text
    for path in ("/../site.py", "/assets/../../../site.py", "/%2e%2e/site.py", "/no-such-file.js", "/assets"):
        assert (await client.get(path)).status_code == 404


async def test_se19_what_is_not_there_is_not_there_for_any_method(server: Here) -> None:
    client = server.as_()
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        assert (await client.request(method, "/_session")).status_code == 404


async def test_se19_files_with_a_hash_in_their_names_are_kept_and_others_asked_for(server: Here) -> None:
    client = server.as_()
    page = await client.get("/")
    assert page.headers["cache-control"] == "no-cache"
    again = await client.get("/", headers={"if-none-match": page.headers["etag"]})
    assert again.status_code == 304
    assert not again.content
    script = page.text.partition('src="./assets/')[2].partition('"')[0]
    assert "immutable" in (await client.get(f"/assets/{script}")).headers["cache-control"]


async def test_se19_a_browser_that_takes_brotli_gets_it(server: Here) -> None:
    client = server.as_()
    plain = await client.get("/sw.js", headers={"accept-encoding": "identity"})
    packed = await client.get("/sw.js", headers={"accept-encoding": "br"})
    assert (plain.status_code, packed.status_code) == (200, 200)
    assert packed.headers["content-encoding"] == "br"
    # httpx unpacks it where it can.
    assert plain.content in (packed.content, brotli.decompress(packed.content) if packed.content[:1] != b"c" else b"")


async def test_se19_a_file_that_was_built_anew_is_read_anew(tmp_path: Path) -> None:
    site = Site(tmp_path)
    (tmp_path / "index.html").write_text("one")
    first = await site.find("index.html")
    (tmp_path / "index.html").write_text("two")
    second = await site.find("index.html")
    assert first is not None
    assert second is not None
    assert (first.body, second.body) == (b"one", b"two")
    assert first.etag != second.etag


async def test_se20_the_app_may_speak_with_the_servers_that_are_named_and_load_nothing_from_elsewhere(
    server: Here,
) -> None:
    told = (await server.as_().get("/")).headers["content-security-policy"]
    assert "default-src 'self';" in told
    assert "connect-src 'self' https://hub.example:8443;" in told
    assert "frame-ancestors 'none'" in told
    assert "connect-src 'self';" in policy(())
    assert await TABLET.find("index.html") is not None


async def test_se20_the_page_in_which_a_form_is_tried_is_in_the_desk_s_frame_and_speaks_with_nobody(
    server: Here,
) -> None:
    page = await server.as_().get("/desk/tried/index.html")
    policy_of = page.headers["content-security-policy"]
    assert "connect-src 'none'; frame-ancestors 'self';" in policy_of
    assert "form-action 'none'" in policy_of
    assert page.headers["x-frame-options"] == "SAMEORIGIN"
    desk = await server.as_().get("/desk")
    assert "frame-ancestors 'none'" in desk.headers["content-security-policy"]
    assert desk.headers["x-frame-options"] == "DENY"


async def test_se21_the_app_is_told_its_servers(server: Here, tmp_path: Path) -> None:
    assert (await server.as_().get("/app.json")).json() == {"servers": ["https://hub.example:8443/", ""]}
    async with here(tmp_path / "other") as alone:
        assert (await alone.as_().get("/app.json")).json() == {"servers": [""]}
