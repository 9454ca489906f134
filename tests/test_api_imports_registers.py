"""IM: registers over the whole application: previewed, written as edits like any other, completed after a fall, given back where bad."""

import asyncio
import io
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from server import registers
from sync.databases import CENTRE, OFFICE, SHARED
from sync.documents import content_of
from sync.offices import terms
from sync.stores.contract import Range, Want
from tests.builders import record, stamp, write
from tests.desk import COMMITTEE, LI, SECRETARY, Desk, desk
from tests.serving import ADMIN, PASSWORD, command
from tests.test_imports import csv_of

OTHER = ("other", PASSWORD)
MEMBERS = ["工号", "姓名", "所属支部", "党内职务"]
SUBJECTS = ["编号", "类别", "名称", "地址"]
ZHANG = ["东-012", "户", "张三家", "东山村三组12号"]


@pytest.fixture
async def here(store_address: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with _centre(tmp_path / "data", store_address) as made:
        yield made


@asynccontextmanager
async def _centre(directory: Path, store: str = "sqlite") -> AsyncIterator[Desk]:
    async with desk(directory, store) as made:
        for doc, kind, fields in (
            ("branch:b03", "branch", {"name": "第三党支部"}),
            ("branch:b04", "branch", {"name": "第四党支部"}),
            ("member:m0117", "member", {"name": "李明", "branch": "b03", "role": "member", "joined": "2024-03-01"}),
        ):
            await made.services.store.add(CENTRE, [write({**record(kind, fields=fields), "_id": doc})])
        await made.services.admission.directory.load()
        yield made


async def send(
    here: Desk, kind: str, rows: list[list[Any]], query: str = "", who: tuple[str, str] = ADMIN, status: int = 200
) -> Any:
    async with here.here.as_(who) as client:
        path = f"/api/v1/imports/registers/{kind}?name=名册.csv&branch=b03{query}"
        answer = await client.post(path, content=csv_of(rows))
    assert answer.status_code == status, answer.text
    return answer.json()


async def body(here: Desk, db: str, doc: str) -> dict[str, Any]:
    (found,) = await here.services.store.get(db, [Want(doc)])
    return dict(content_of(found.revisions[0].body))


async def count(here: Desk, db: str, kind: str) -> int:
    rows, _, _ = await here.services.store.rows(db, Range(f"{kind}:", f"{kind};"))
    return len(rows)


async def test_im18_a_preview_writes_nothing_and_the_import_writes_what_was_previewed(here: Desk) -> None:
    rows = [
        MEMBERS,
        ["m0117", "李明", "第四党支部", "副书记"],
        ["m0900", "新人", "第三党支部", ""],
        ["x y", "坏", "", ""],
    ]
    tried = await send(here, "members", rows, "&dry_run=true")
    assert (tried["outcome"], tried["counts"]) == (
        "tried",
        {"new": 1, "changed": 0, "moved": 1, "left": 0, "unchanged": 0, "flagged": 1, "warned": 0},
    )
    assert [one["row"] for one in tried["rows"]] == [4, 2, 3]
    assert [(one["zh"], one["before"], one["after"]) for one in tried["rows"][1]["changes"]] == [
        ("所属支部", "第三党支部", "第四党支部"),
        ("职务", "党员", "副书记"),
    ]
    assert tried["lines"][0] == {"row": 2, "cells": ["m0117", "李明", "第四党支部", "副书记"]}
    assert await count(here, CENTRE, "member") == 1
    assert (await here.get(ADMIN, "/imports/registers"))["imports"] == []
    done = await send(here, "members", rows, f"&previewed={tried['previewed']}")
    assert (done["outcome"], done["failed"]) == ("imported", {})
    told = await body(here, CENTRE, "member:m0117")
    assert (told["fields"]["branch"], told["fields"]["role"]) == ("b04", "deputy")
    assert (await send(here, "members", rows))["outcome"] == "unchanged"


async def test_im18_an_import_that_would_not_do_what_was_previewed_is_refused_and_does_nothing(here: Desk) -> None:
    rows = [MEMBERS, ["m0900", "新人", "第三党支部", ""]]
    tried = await send(here, "members", rows, "&dry_run=true")
    await send(here, "members", [MEMBERS, ["m0900", "新人", "第四党支部", ""]])
    refused = await send(here, "members", rows, f"&previewed={tried['previewed']}", status=409)
    assert (refused["error"], "请重新预览" in refused["reason"]) == ("changed_since", True)
    assert (await body(here, CENTRE, "member:m0900"))["fields"]["branch"] == "b04"


async def test_dk116_whom_a_file_moves_or_says_to_have_left_leaves_the_committee(here: Desk) -> None:
    await send(here, "members", [MEMBERS, ["m0900", "新人", "第三党支部", ""]])
    for member, office in (("m0117", "organisation"), ("m0900", "discipline")):
        async with here.here.as_(ADMIN) as admin:
            told = {"member": member, "office": office, "first": "2024-03-01"}
            answer = await admin.post("/api/v1/branches/b03/offices", json=told)
        assert answer.status_code == 201, answer.text
    columns = [*MEMBERS, "调动日期", "离岗日期"]
    moved = ["m0117", "李明", "第四党支部", "", "2026-11-10", ""]
    await send(here, "members", [columns, moved, ["m0900", "新人", "第三党支部", "", "", "2026-11-15"]])
    ends = {one.member: one.last for one in terms((await body(here, CENTRE, "branch:b03"))["fields"])}
    assert ends | {"m0117": "2026-11-10", "m0900": "2026-11-15"} == ends


async def test_im18_of_two_who_import_at_once_the_second_is_told(here: Desk) -> None:
    rows = [SUBJECTS, ZHANG]
    tried = await send(here, "subjects", rows, "&dry_run=true")
    asked = [send(here, "subjects", rows, f"&previewed={tried['previewed']}"), _status(here, rows, tried["previewed"])]
    first, second = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted([isinstance(first, BaseException), second == 409]) in ([False, True], [True, True])
    assert await count(here, "branch-b03", "household") == 1


async def _status(here: Desk, rows: list[list[Any]], previewed: str) -> Any:
    async with here.here.as_(ADMIN) as client:
        path = f"/api/v1/imports/registers/subjects?branch=b03&previewed={previewed}"
        return (await client.post(path, content=csv_of(rows))).status_code


async def test_im19_what_a_tablet_wrote_stays_in_the_history_beside_what_the_import_writes(here: Desk) -> None:
    await send(here, "subjects", [SUBJECTS, ZHANG], who=SECRETARY)
    rows, _, _ = await here.services.store.rows("branch-b03", Range("household:", "household;"), bodies=True)
    doc = rows[0].id
    held = dict(content_of(rows[0].body or b"{}"))
    mark = stamp("m0042", "t9", here.services.now() + timedelta(seconds=1))
    typed = {
        **held,
        "fields": {**held["fields"], "address": "西山村1号"},
        "stamps": {**held["stamps"], "address": mark},
    }
    typed["replaced"] = [
        {"path": "address", "value": held["fields"]["address"], "stamp": held["stamps"][""], "by": mark}
    ]
    async with here.here.as_(("zhang", PASSWORD)) as tablet:
        answer = await tablet.put(f"/sync/branch-b03/{doc}", content=json.dumps({**typed, "_rev": rows[0].rev}))
        assert answer.status_code == 201, answer.text
    (entry,) = (await send(here, "subjects", [SUBJECTS, ZHANG], who=SECRETARY))["rows"]
    assert [(one["before"], one["after"]) for one in entry["changes"]] == [("西山村1号", "东山村三组12号")]
    told = await body(here, "branch-b03", doc)
    assert told["fields"]["address"] == "东山村三组12号"
    assert {"path": "address", "value": "西山村1号", "stamp": mark} == {
        name: one[name] for one in told["replaced"] if one["stamp"] == mark for name in ("path", "value", "stamp")
    }
    assert told["stamps"]["address"].split("-")[1:3] == ["desk", "m0001"]


async def test_im16_a_subject_that_is_shared_with_the_branch_is_changed_where_it_lies(here: Desk) -> None:
    fields = {"kind": "enterprise", "name": "甲公司", "credit_code": "91370000MA3C0AAAA1", "branches/b03": True}
    body_there = {**record("subject", branch="b04", fields=fields), "_id": "enterprise:01K9ZJ6Q3T8M4V7C2N5B1X0001"}
    await here.services.store.add(SHARED, [write(body_there)])
    rows = [["类别", "名称", "信用代码", "地址"], ["企业", "甲公司", "91370000MA3C0AAAA1", "东路1号"]]
    told = await send(here, "subjects", rows, who=SECRETARY)
    assert (told["counts"]["changed"], told["failed"]) == (1, {})
    assert (await body(here, SHARED, body_there["_id"]))["fields"]["address"] == "东路1号"


async def test_im20_administrators_import_members_and_a_secretary_the_subjects_of_the_own_branch(here: Desk) -> None:
    people, subjects = [MEMBERS, ["m0900", "新人", "第三党支部", ""]], [SUBJECTS, ZHANG]
    for who in (SECRETARY, COMMITTEE, LI):
        await send(here, "members", people, "&dry_run=true", who, 403)
    for who in (COMMITTEE, LI, OTHER):
        await send(here, "subjects", subjects, "&dry_run=true", who, 403)
    await send(here, "subjects", subjects, who=SECRETARY)
    (run,) = (await here.get(SECRETARY, "/imports/registers"))["imports"]
    assert (run["kind"], run["branch"], run["by"], run["counts"]["new"]) == ("subjects", "b03", "secretary", 1)
    told = await here.get(SECRETARY, f"/imports/registers/{run['id']}")
    assert [(one["row"], one["outcome"], one["name"]) for one in told["rows"]] == [(2, "new", "张三家")]
    assert (await here.get(COMMITTEE, "/imports/registers"))["imports"] == []
    await here.get(COMMITTEE, f"/imports/registers/{run['id']}", 404)
    assert (await here.get(ADMIN, "/imports/registers"))["imports"] == [run]


async def test_im21_an_import_that_stopped_half_way_is_completed_by_the_same_file_and_says_so(
    here: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [SUBJECTS, *([f"东-{n}", "户", f"第{n}家", f"东山村{n}号"] for n in range(5))]
    monkeypatch.setattr(registers, "_BATCH", 2)
    whole, writes = registers._write, []

    async def falls(*given: Any) -> dict[int, str]:
        writes.append(given)
        if len(writes) == 2:
            raise OSError("the machine fell")
        return await whole(*given)

    monkeypatch.setattr(registers, "_write", falls)
    await send(here, "subjects", rows, status=500)
    assert await count(here, "branch-b03", "household") == 2
    (run,) = (await here.get(ADMIN, "/imports/registers"))["imports"]
    assert run["state"] == "begun"
    done = await send(here, "subjects", rows)
    assert (done["outcome"], done["counts"]["new"], done["counts"]["unchanged"]) == ("completed", 3, 2)
    assert await count(here, "branch-b03", "household") == 5
    (run,) = (await here.get(ADMIN, "/imports/registers"))["imports"]
    assert (run["state"], run["counts"]["new"]) == ("done", 5)
    assert (await send(here, "subjects", rows))["outcome"] == "unchanged"


async def test_im22_rows_that_were_not_taken_come_back_as_they_were_with_why_and_can_be_imported_corrected(
    here: Desk,
) -> None:
    rows = [[*MEMBERS, "爱好"], ["m0900", "新人", "第九党支部", "", "=1+1"], ["m0901", "好人", "第三党支部", "", ""]]
    for form in ("xlsx", "csv"):
        async with here.here.as_(ADMIN) as client:
            path = f"/api/v1/imports/registers/members/faults?form={form}"
            answer = await client.post(path, content=csv_of(rows))
        assert answer.status_code == 200, answer.text
        assert "attachment" in answer.headers["content-disposition"]
        if form == "csv":
            assert answer.content.decode("utf-8-sig").splitlines() == [
                "工号,姓名,所属支部,党内职务,爱好,问题",
                "m0900,新人,第九党支部,,'=1+1,第 2 行 所属支部：名录中没有“第九党支部”，请改正或先新建",
            ]
            continue
        book = openpyxl.load_workbook(io.BytesIO(answer.content))
        page = book.active
        assert page is not None
        assert [cell.value for cell in page[1]] == [*MEMBERS, "爱好", "问题"]
        assert page["E2"].value == "=1+1"
        assert page["E2"].data_type == "s"
        page["C2"] = "第四党支部"
        saved = io.BytesIO()
        book.save(saved)
        async with here.here.as_(ADMIN) as client:
            answer = await client.post("/api/v1/imports/registers/members", content=saved.getvalue())
        assert (answer.json()["counts"]["new"], answer.json()["ignored"]) == (1, ["爱好"])


async def test_im22_bad_rows_of_the_hall_come_back_too_even_where_not_one_is_good(here: Desk) -> None:
    rows = [["窗口", "事项", "受理", "办结"], ["没有", "登记", "3", "多"]]
    async with here.here.as_(COMMITTEE) as client:
        answer = await client.post("/api/v1/imports/faults?month=2025-10&form=csv", content=csv_of(rows))
    assert answer.content.decode("utf-8-sig").splitlines() == [
        "窗口,事项,受理,办结,问题",
        "没有,登记,3,多,第 2 行 窗口：名录中没有窗口“没有”；第 2 行 办结：“多”不是非负整数",
    ]


@pytest.mark.parametrize("kind", ["members", "subjects", "matters"])
async def test_im25_a_template_has_every_header_and_an_example_that_no_import_takes(here: Desk, kind: str) -> None:
    async with here.here.as_(ADMIN) as client:
        answer = await client.get(f"/api/v1/imports/templates/{kind}")
        assert answer.status_code == 200
        query = "/imports?month=2025-10&dry_run=true" if kind == "matters" else f"/imports/registers/{kind}?branch=b03"
        taken = await client.post(f"/api/v1{query}", content=answer.content)
    if kind == "matters":
        assert taken.json()["error"] == "no_rows"
    else:
        told = taken.json()
        assert (told["outcome"], told["skipped"], told["ignored"], told["rows"]) == ("unchanged", [2], [], [])


async def test_im26_the_file_is_not_kept_and_the_audit_says_who_imported_what(here: Desk) -> None:
    rows = [[*SUBJECTS, "身份证号"], [*ZHANG, "110105199003071234"]]
    told = await send(here, "subjects", rows, who=SECRETARY)
    assert (told["left_out"], told["lines"][0]["cells"][-1]) == (["身份证号"], "***")
    found, _, _ = await here.services.store.rows(OFFICE, Range("a", "z"), bodies=True)
    assert all(b"110105" not in (row.body or b"") and "张三家".encode() not in (row.body or b"") for row in found)
    lines = [json.loads(row.body or b"{}") for row in found if row.id.startswith("audit:")]
    (line,) = [one for one in lines if one["kind"] == "import"]
    assert (line["account"], line["register"], line["new"]) == ("secretary", "subjects", 1)
    # A preview shows what a household's fields say now.
    await send(here, "subjects", [SUBJECTS, [*ZHANG[:3], "西山村1号"]], "&dry_run=true", SECRETARY)
    await here.services.audit.flush()
    found, _, _ = await here.services.store.rows(OFFICE, Range("audit:", "audit;"), bodies=True)
    read = [one for one in (json.loads(row.body or b"{}") for row in found) if one["kind"] == "read"]
    assert [one["account"] for one in read] == ["secretary"]
    assert read[0]["records"][0].startswith("household:")


async def test_im28_a_file_of_100000_rows_is_refused_with_what_to_do(here: Desk) -> None:
    rows = [SUBJECTS, *([f"东-{n}", "户", f"第{n}家", f"东山村{n}号"] for n in range(100_000))]
    told = await send(here, "subjects", rows, status=413)
    assert (told["error"], "请分成几个文件" in told["reason"]) == ("import_too_large", True)


async def test_im28_others_are_answered_while_a_file_is_read(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    answered, plan = threading.Event(), registers.plan_subjects

    def slow(*given: Any) -> Any:
        assert answered.wait(20)
        return plan(*given)

    monkeypatch.setattr(registers, "plan_subjects", slow)
    sent = asyncio.create_task(send(here, "subjects", [SUBJECTS, ZHANG], "&dry_run=true"))
    await here.get(ADMIN, "/about")
    answered.set()
    assert (await sent)["counts"]["new"] == 1


async def test_im27_the_command_line_imports_registers_and_says_what_is_wrong(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with _centre(data):
        pass
    file = tmp_path / "名册.csv"
    file.write_bytes(csv_of([MEMBERS, ["m0900", "新人", "三", ""], ["m0901", "好人", "第三党支部", ""]]))
    tried = command("import", str(file), "--kind", "members", "--dry-run", data=data)
    assert tried.returncode == 0, tried.stderr
    assert "名录中没有“三”" in tried.stderr
    assert "试读，未导入：新增 1，修改 0" in tried.stdout
    assert "Imported: 1 new" in command("import", str(file), "--kind", "members", data=data).stdout
    file.write_bytes(csv_of([SUBJECTS, ZHANG]))
    asked = ("import", str(file), "--kind", "subjects", "--branch", "b03")
    assert "Imported: 1 new" in command(*asked, data=data).stdout
    assert "nothing has changed: 0 new" in command(*asked, data=data).stdout
    assert command("import", str(file), "--kind", "subjects", "--branch", "b99", data=data).returncode == 1
