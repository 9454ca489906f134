"""The audit: searched by who, what, about whom and when, over the API and on the desk; and taken out."""

import io
import re
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from playwright.async_api import expect

from server.audit_index import FIRST, LAST, id_of, mark_of
from server.audit_kinds import KINDS
from sync.actor import Actor
from tests.access import axe
from tests.browser import needed, until
from tests.builders import record
from tests.desk import COMMITTEE, LI, SECRETARY, Desk
from tests.desk_browser import desk, manage, some_visit
from tests.serving import ADMIN, PASSWORD, Served

ROOT = Path(__file__).parent.parent
SONG = Actor("secretary", "secretary", frozenset(), "m0001", "b03")
WANG = Actor("wang", "member", frozenset(), "m0042", "b03", "t234567")


async def found(here: Desk, query: str) -> list[dict[str, Any]]:
    told = await here.get(ADMIN, f"/audit?{query}")
    return [one for one in told["lines"] if one["kind"] not in ("login", "login_failed")]


def test_ad9_every_kind_that_is_written_has_words_in_both_languages() -> None:
    text = "\n".join(path.read_text() for path in (ROOT / "server").rglob("*.py"))
    written = set(re.findall(r"audit\.(?:write|note)\(\s*\"(\w+)\"", text)) | set(
        re.findall(r"self\.(?:note|_line)\(\"(\w+)\"", text)
    )
    patterns = re.findall(r"audit\.(?:write|note)\(\s*f\"(\w+)\{act\}\"", text)
    assert patterns == ["tablet_"]
    written |= {f"tablet_{act}" for act in ("lock", "unlock", "wipe")}
    assert written == set(KINDS)
    assert all(zh and en and zh != en for zh, en in KINDS.values())


def test_ad10_a_mark_of_the_index_leads_back_to_its_line() -> None:
    line = "audit:01795320000000-000012-9f3c1a2b"
    mark = mark_of(line)
    assert mark is not None
    assert id_of(mark) == line
    later = mark_of("audit:01795320000000-000013-00000000")
    assert later is not None
    assert mark < later
    assert mark_of("audit:0001") is None


async def test_ad8_lines_are_found_by_who_what_about_whom_where_and_words(here: Desk) -> None:
    audit = here.services.audit
    await audit.write("decision", SONG, record="visit:1", decision="approve", review="review:1")
    await audit.write("read", SONG, records=["visit:1", "visit:2"])
    audit.delivery(WANG, "branch-b03", "0", "9-x", 9)
    await audit.write("erase", SONG, database="branch-b03", count=1, reason="本人要求删除")
    await audit.write("tablet_lock", SONG, of="t234567")
    kinds = {
        "who=secretary": ["tablet_lock", "erase", "read", "decision"],
        "who=m0042": ["delivery"],
        "kind=read&who=secretary": ["read"],
        "about=visit:1": ["read", "decision"],
        "about=visit:2": ["read"],
        "database=branch-b03": ["erase", "delivery"],
        "tablet=t234567": ["tablet_lock", "delivery"],
        "text=要求": ["erase"],
        "about=visit:1&text=APPROVE": ["decision"],
        "about=visit:1&who=m0042": [],
    }
    for query, wanted in kinds.items():
        assert [one["kind"] for one in await found(here, query)] == wanted, query
    today = here.services.now().astimezone(here.services.ledger.zone).date().isoformat()
    assert len(await found(here, f"first={today}&last={today}")) == 5
    assert await found(here, "last=2020") == []
    await here.get(ADMIN, f"/audit?first={today}&last=2020-01-01", 400)
    await here.get(ADMIN, "/audit?after=ff", 400)


async def test_ad8_a_subject_by_its_name_finds_what_was_done_about_its_records(here: Desk) -> None:
    home = record("subject", author="m0117")
    home = {**home, "_id": "household:01K9ZJ6Q3T8M4V7C2N5B1H0001", "fields": {"kind": "household", "name": "王秀英户"}}
    visit = record("visit", author="m0117")
    visit["fields"] |= {"subject": home["_id"], "participants/m0117": True}
    await here.push("m0117", home, visit)
    await here.until(lambda: here.get(SECRETARY, f"/records/{visit['_id']}"), bool)
    lines = await here.until(lambda: found(here, "about=王秀英"), bool)
    assert lines[0]["records"] == [visit["_id"]]
    assert (await here.get(ADMIN, f"/audit?about={home['_id']}"))["lines"][0]["kind"] == "read"


async def test_ad10_without_its_index_a_page_says_how_far_it_looked(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        here.services.audit.note("export", SONG if number else WANG, number=number)
    await here.services.audit.flush()
    whole = [one["number"] for one in await found(here, "kind=export&limit=1000")]
    monkeypatch.setattr("server.audit_search._STEP", 5)
    monkeypatch.setattr("server.audit_search.LOOKED_MAX", 10)

    async def not_yet() -> bool:
        return False

    monkeypatch.setattr(here.services.audit_index, "fresh", not_yet)
    told = await here.get(ADMIN, "/audit?who=wang")
    assert told["lines"] == []
    assert told["looked"]
    numbers: list[int] = []
    after = ""
    while True:
        told = await here.get(ADMIN, f"/audit?kind=export&limit=4{after}")
        numbers += [one["number"] for one in told["lines"]]
        if told["next"] is None:
            break
        after = f"&after={told['next']}"
    assert numbers == whole == list(range(29, -1, -1))


async def test_ad10_the_index_is_made_again_when_it_is_gone_or_damaged(here: Desk) -> None:
    await here.services.audit.write("export", SONG, number=1)
    assert len(await found(here, "kind=export")) == 1
    index = here.services.audit_index
    await index.close()
    path = here.services.settings.directory / "audit-index.sqlite3"
    path.write_bytes(b"no database")
    made = type(index)(path, here.services.store)
    while not await made.fresh():
        pass
    marks, _ = await made.find([["kind:export"]], FIRST, LAST, 9)
    assert len(marks) == 1
    await made.close()


async def test_ad11_administrators_and_the_committee_read_it_and_nobody_else(here: Desk) -> None:
    for path in ("/audit", "/audit/kinds", "/audit/document?format=csv"):
        await here.get(SECRETARY, path, 403)
        await here.get(LI, path, 403)
    assert "lines" in await here.get(COMMITTEE, "/audit")
    assert (await here.get(COMMITTEE, "/audit/kinds"))["read"] == {"zh": "查看", "en": "Read"}


async def test_ad12_what_was_found_leaves_as_a_table_and_that_is_on_the_audit(here: Desk) -> None:
    await here.services.audit.write("erase", SONG, database="branch-b03", reason="=1+1", count=1)
    async with here.here.as_(COMMITTEE) as client:
        csv = await client.get("/api/v1/audit/document?format=csv&kind=erase")
        xlsx = await client.get("/api/v1/audit/document?format=xlsx&kind=erase")
    assert csv.content.startswith(b"\xef\xbb\xbf")
    assert "永久删除" in csv.text
    rows = list(openpyxl.load_workbook(io.BytesIO(xlsx.content)).worksheets[0].iter_rows(values_only=True))
    assert len(rows) == 2
    assert rows[1][1] == "secretary"
    exports = [one for one in await found(here, "kind=export") if one["of"] == "audit"]
    assert [(one["format"], one["lines"], one["asked"]) for one in exports] == [
        ("xlsx", 1, {"kind": "erase"}),
        ("csv", 1, {"kind": "erase"}),
    ]


def reads(staffed: Served, seen: str) -> bool:
    """The secretary opens a record, once it is counted."""
    with httpx.Client(base_url=staffed.url, auth=("song", PASSWORD)) as song:
        return song.get(f"/api/v1/records/{seen}").status_code == 200


@needed
@pytest.mark.browser
async def test_dk94_the_audit_is_searched_opened_and_taken_out(staffed: Served) -> None:
    """DK95 too."""
    seen = some_visit(staffed, 1, "谈了低保")
    await until(lambda: reads(staffed, seen))
    async with desk(staffed, "admin") as page:
        await manage(page, "审计")
        await page.get_by_label("涉及", exact=True).fill("李桂兰")
        await page.get_by_role("button", name="查找", exact=True).click()
        await expect(page.get_by_role("table", name="审计").locator("tbody tr").first).to_contain_text("查看")
        assert "about=" in page.url
        assert await axe(page) == []
        async with page.expect_download() as coming:
            await page.get_by_role("button", name="导出 CSV").click()
        assert (await coming.value).suggested_filename == "审计.csv"
        await page.get_by_role("button", name="清除").click()
        await page.get_by_label("事项").select_option("export")
        await expect(page.get_by_role("table", name="审计").locator("tbody tr")).to_have_count(1)
        await page.get_by_label("任意文字").fill("没有的话")
        await page.get_by_role("button", name="查找", exact=True).click()
        await expect(page.get_by_text("没有这样的记录")).to_be_visible()
