"""DX: activity records and the ledger leave as documents, over the whole application with its worker at work."""

import csv
import io
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from server.reports.rendering import NoChineseFont, Rendering, _in_process
from server.reports.report import encoded
from tests.builders import record, write
from tests.desk import COMMITTEE, SECRETARY, ZHANG, Desk
from tests.serving import ADMIN, PASSWORD, command
from tests.test_reports import line, needs_font, report
from tests.working import edited, visit

HOUSEHOLD = "household:01K8Q2M4T6V8C0N2B4X6D8E0F1"
MONTH = "/activity-records/b03/2026-11"
DOCUMENT = f"{MONTH}/document?format="


async def fetch(here: Desk, who: tuple[str, str], path: str, status: int = 200, **headers: str) -> httpx.Response:
    async with here.here.as_(who, **headers) as client:
        answer = await client.get(f"/api/v1{path}")
    assert answer.status_code == status, answer.text
    return answer


async def the_month(here: Desk, activities: int) -> Any:
    return await here.until(
        lambda: here.get(SECRETARY, MONTH), lambda told: len(told["activities"]) == activities and told["seen"]
    )


async def approved(here: Desk, number: int) -> Any:
    month = await here.until(lambda: here.get(SECRETARY, MONTH), lambda told: bool(told["seen"]))
    await here.post(COMMITTEE, "/reviews", {"record": month["id"], "decision": "approve", "seen": month["seen"]})
    await here.until(
        lambda: here.get(SECRETARY, MONTH), lambda one: one["state"] == "approved" and one["number"] == number
    )
    return month


def household() -> dict[str, Any]:
    return record("subject", fields={"name": "青石村四组6号户"}) | {"_id": HOUSEHOLD}


async def test_dx4_a_version_gives_the_same_bytes_whatever_came_later(here: Desk) -> None:
    body = visit("m0117", problems__01K9AAAA__text="屋顶漏雨")
    await here.push("m0117", body)
    await the_month(here, 1)
    before = (await fetch(here, SECRETARY, DOCUMENT + "json")).json()
    assert (before["digest"], before["stands"], before["approvals"][0]["version"]) == ("未审核", "未审核", 0)
    month = await approved(here, 1)
    forms = ("xlsx", "csv", "json")
    now = {form: await fetch(here, SECRETARY, DOCUMENT + form) for form in forms}
    told = now["json"].json()
    assert (told["digest"], told["stands"], told["stamp"]) == (month["seen"], "已审核", told["approvals"][0]["at"])
    assert [one["problems"] for one in told["lines"]] == [1]
    late = visit("m0117", period=["2026-11-20T06:00:00Z", "2026-11-20T07:00:00Z"])
    await here.push("m0117", late)
    longer = edited(body, "period", ["2026-11-20T00:03:12Z", "2026-11-20T01:40:00Z"])
    await here.services.store.add("branch-b03", [write(longer, "2-b", "1-a")])
    await the_month(here, 2)
    await here.until(
        lambda: fetch(here, SECRETARY, DOCUMENT + "json"),
        lambda one: {line["end"] for line in one.json()["lines"]} == {"09:40", "15:00"},
    )
    open_again = (await fetch(here, SECRETARY, DOCUMENT + "json")).json()
    assert (open_again["digest"], open_again["stands"]) == ("未审核", "审核后有变动，待审核")
    for form in forms:
        again = await fetch(here, SECRETARY, f"{DOCUMENT}{form}&version=1")
        assert again.content == now[form].content, form
        assert again.headers["etag"] == now[form].headers["etag"]
    await fetch(here, SECRETARY, f"{DOCUMENT}xlsx&version=2", 404)
    await fetch(here, SECRETARY, "/activity-records/b03/2026-10/document?format=csv", 404)
    await fetch(here, SECRETARY, "/activity-records/b03/2026-13/document?format=csv", 400)
    await fetch(here, SECRETARY, f"{DOCUMENT}docx", 400)


async def test_dx5_a_title_that_is_not_the_approved_one_any_more_is_left_out(here: Desk) -> None:
    body = record("event", author="m0117", fields={"title": "主题党日"})
    await here.push("m0117", body)
    await the_month(here, 1)
    await approved(here, 1)
    path = f"{DOCUMENT}json&version=1"
    (line,) = (await fetch(here, SECRETARY, path)).json()["lines"]
    assert (line["title"], line["title_changed"]) == ("主题党日", False)
    (held,) = (await here.services.ledger.read(lambda sql: sql.execute("SELECT fields FROM version").fetchall()))[0]
    assert "主题党日" not in bytes(held).decode(), "a version keeps no words, which can be redacted"
    await here.services.store.add("branch-b03", [write(edited(body, "title", "联合活动"), "2-b", "1-a")])
    changed = await here.until(
        lambda: fetch(here, SECRETARY, path), lambda one: one.json()["lines"][0]["title_changed"]
    )
    assert changed.json()["lines"][0]["title"] == ""
    text = (await fetch(here, SECRETARY, f"{DOCUMENT}csv&version=1")).content.decode("utf-8-sig")
    assert "审核后有改动" in text


async def test_dx6_who_may_not_read_a_record_gets_no_document_and_nobody_a_name_that_is_hidden(here: Desk) -> None:
    await here.push("m0117", household(), visit("m0117", subject=HOUSEHOLD))
    await the_month(here, 1)
    other = ("other", PASSWORD)
    await fetch(here, other, DOCUMENT + "xlsx", 403)
    await fetch(here, other, "/ledger/document?format=csv&from=2026-11&to=2026-11&branch=b03", 403)
    async with here.here.as_(None) as nobody:
        assert (await nobody.get(f"/api/v1{DOCUMENT}csv")).status_code == 401
    (line,) = (await fetch(here, ZHANG, DOCUMENT + "json")).json()["lines"]
    assert line["subject_name"] == line["subject_told"] == "青石村四组6号户", "the branch's members read its households"
    for form in ("csv", "json"):
        seen = (await fetch(here, COMMITTEE, DOCUMENT + form)).content.decode()
        assert "户（姓名从略）" in seen
        assert "青石村" not in seen
    ledger = (await fetch(here, other, "/ledger/document?format=json&from=2026-11&to=2026-11")).json()
    assert ledger["lines"] == []


async def test_dx7_a_document_has_a_chinese_name_and_a_tag_by_which_it_is_not_sent_twice(here: Desk) -> None:
    await here.push("m0117", visit("m0117"))
    await the_month(here, 1)
    answer = await fetch(here, SECRETARY, DOCUMENT + "csv")
    told = answer.headers["content-disposition"]
    assert told.startswith("attachment; filename=\"activity-record-b03-2026-11.csv\"; filename*=UTF-8''")
    assert unquote(told.partition("UTF-8''")[2]).endswith("2026年11月活动台账（未审核）.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    tag = answer.headers["etag"]
    again = await fetch(here, SECRETARY, DOCUMENT + "csv", 304, **{"if-none-match": tag})
    assert again.content == b""
    assert (await fetch(here, SECRETARY, DOCUMENT + "json")).headers["etag"] != tag
    await here.push("m0117", visit("m0117", period=["2026-11-20T06:00:00Z", "2026-11-20T07:00:00Z"]))
    await the_month(here, 2)
    await fetch(here, SECRETARY, DOCUMENT + "csv", 200, **{"if-none-match": tag})


async def test_dx8_what_left_is_on_the_audit_trail(here: Desk) -> None:
    await here.push("m0117", household(), visit("m0117", subject=HOUSEHOLD))
    await the_month(here, 1)
    await fetch(here, SECRETARY, DOCUMENT + "xlsx")
    await fetch(here, COMMITTEE, "/ledger/document?format=csv&from=2026&to=2026")
    ledger, month = (await here.get(ADMIN, "/audit?kind=export"))["lines"]
    assert (month["account"], month["of"], month["format"]) == ("secretary", "activity_record:b03:2026-11", "xlsx")
    assert (month["lines"], month["persons"], month["digest"]) == (1, 1, "未审核")
    assert (ledger["account"], ledger["of"]) == ("committee", "ledger:2026-01-01:2026-12-31")
    assert (ledger["format"], ledger["persons"]) == ("csv", 0)


async def test_dx9_a_pdf_comes_from_a_process_of_its_own(here: Desk) -> None:
    needs_font()
    await here.push("m0117", visit("m0117"))
    await the_month(here, 1)
    await approved(here, 1)
    made = await fetch(here, SECRETARY, DOCUMENT + "pdf")
    assert made.content.startswith(b"%PDF-")
    assert made.headers["content-type"] == "application/pdf"
    assert (await fetch(here, SECRETARY, f"{DOCUMENT}pdf&version=1")).content == made.content


async def test_dx9_a_machine_without_a_chinese_font_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = encoded(report(line(1)))
    assert (await Rendering().render(told, "csv")).startswith(b"\xef\xbb\xbf")
    # The program as it is on a machine whose fonts are all of other scripts.
    bare = "import server.reports.page as one, server.reports.render as all; one.FONTS = (); sys.exit(all._main('pdf'))"
    monkeypatch.setattr("server.reports.rendering._PROGRAM", ("-c", f"import sys; {bare}"))
    with pytest.raises(NoChineseFont, match="fonts-noto-cjk"):
        await _in_process(told, "pdf")


async def test_dx10_the_ledger_of_a_period_says_how_each_month_stands(here: Desk) -> None:
    await here.push("m0117", visit("m0117"))
    await the_month(here, 1)
    month = await approved(here, 1)
    await here.push("m0117", visit("m0117", period=["2026-10-20T06:00:00Z", "2026-10-20T07:00:00Z"]))
    await here.until(
        lambda: here.get(SECRETARY, "/activity-records/b03/2026-10"), lambda one: len(one["activities"]) == 1
    )

    async def both() -> Any:
        return (await fetch(here, COMMITTEE, "/ledger/document?format=json&from=2026-10&to=2026-11-30")).json()

    # An activity is counted a moment before its month is written.
    told = await here.until(both, lambda one: len(one["approvals"]) == 2)
    assert (told["first"], told["last"]) == ("2026-10-01", "2026-11-30")
    stands = [(one["branch"], one["month"], one["version"], one["digest"]) for one in told["approvals"]]
    assert stands == [("b03", "2026-10", 0, "未审核"), ("b03", "2026-11", 1, month["seen"])]
    assert [one["day"] for one in told["lines"]] == ["2026-10-20", "2026-11-20"]
    assert next(one["value"] for one in told["figures"] if one["code"] == "activities") == 2
    text = (await fetch(here, COMMITTEE, "/ledger/document?format=csv&from=2026-10&to=2026-11")).content
    rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))
    assert any(row[-1:] == [month["seen"]] for row in rows)
    await fetch(here, COMMITTEE, "/ledger/document?format=csv&from=2026-11&to=2026-10", 400)
    await fetch(here, COMMITTEE, "/ledger/document?format=csv&from=2026-11", 400)


def test_dx11_the_command_line_writes_a_record_to_a_file(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "台账.xlsx"
    done = command("demo", "--records", "200", data=data)
    assert done.returncode == 0, done.stderr
    done = command("rebuild", data=data)
    assert done.returncode == 0, done.stderr
    done = command("export", "b01", "2026-10", "-o", str(out), data=data)
    assert done.returncode == 0, done.stderr
    assert out.read_bytes().startswith(b"PK")
    done = command("export", "b01", "1999-01", "--format", "csv", "-o", str(tmp_path / "no.csv"), data=data)
    assert done.returncode != 0
    assert not (tmp_path / "no.csv").exists()
