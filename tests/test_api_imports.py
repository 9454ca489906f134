"""IM: files of monthly rows over the whole application: brought in, counted, corrected, taken back, and opened from a figure."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sync.databases import CENTRE, SHARED
from sync.ledger.digest import digest
from sync.ledger.rebuild import rebuild
from sync.stores.contract import Range
from tests.builders import record, write
from tests.desk import COMMITTEE, LI, SECRETARY, Desk, desk
from tests.serving import PASSWORD, command
from tests.test_imports import HEADER, csv_of, xlsx_of
from tests.working import visit

ADMIN, OTHER = ("admin", PASSWORD), ("other", PASSWORD)
ROWS: list[list[Any]] = [
    ["市场监管窗口", "企业登记", 310, 300, 297, 150, 200, 199],
    ["市场监管窗口", "食品许可", 90, 100, None, None, None, None],
    ["税务窗口", "纳税申报", 1200, 1200, 1200, 900, None, 1190],
]


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    async with _hall(tmp_path / "data", "sqlite") as made:
        yield made


@pytest.fixture
async def on_both(store_address: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with _hall(tmp_path / "data", store_address) as made:
        yield made


@asynccontextmanager
async def _hall(directory: Path, store: str) -> AsyncIterator[Desk]:
    async with desk(directory, store) as made:
        windows = [("w01", "市场监管窗口", "1", "b03", "u1"), ("w12", "税务窗口", "12", "b04", "u2")]
        for window, name, number, branch, unit in windows:
            fields = {"name": name, "number": number, "branch": branch, "unit": f"unit:{unit}"}
            body = {**record("window", fields=fields), "_id": f"window:{window}"}
            await made.services.store.add(CENTRE, [write(body)])
        yield made


async def send(here: Desk, data: bytes, query: str = "", who: tuple[str, str] = COMMITTEE, status: int = 201) -> Any:
    async with here.here.as_(who) as client:
        answer = await client.post(f"/api/v1/imports?month=2025-10&name=十月.csv{query}", content=data)
    assert answer.status_code == status, answer.text
    return answer.json()


async def figures(
    here: Desk, query: str = "first=2025-10&last=2025-10", who: tuple[str, str] = COMMITTEE
) -> dict[str, Any]:
    groups = await here.get(who, f"/figures?{query}")
    return {
        group["group"]: {
            code.removeprefix("hall_"): value
            for code, value in group["figures"].items()
            if code.startswith("hall_") and value
        }
        for group in groups
    }


async def accepted(here: Desk, wanted: int, query: str = "first=2025-10&last=2025-10") -> None:
    await here.until(lambda: figures(here, query), lambda told: told[""].get("accepted", 0) == wanted)


async def test_im6_imported_rows_are_counted_by_window_unit_branch_kind_and_month(here: Desk) -> None:
    taken = await send(here, csv_of([HEADER, *ROWS]))
    assert (taken["outcome"], taken["months"], taken["counted"], taken["flagged"]) == ("imported", ["2025-10"], 3, 0)
    await accepted(here, 1600)
    assert (await figures(here))[""] == {
        "rows": 3,
        "accepted": 1600,
        "concluded": 1600,
        "timed": 1500,
        "on_time": 1497,
        "timed_early": 1500,
        "early": 1050,
        "rated": 1400,
        "satisfied": 1389,
        "on_time_share": 99.8,
        "early_share": 70.0,
        "satisfied_share": 99.21,
    }

    async def by(column: str) -> dict[str, Any]:
        told = await figures(here, f"first=2025-10&last=2025-10&by={column}")
        return {group: values.get("accepted") for group, values in told.items() if values}

    assert await by("window") == {"window:w01": 400, "window:w12": 1200}
    assert await by("unit") == {"unit:u1": 400, "unit:u2": 1200}
    assert await by("branch") == {"b03": 400, "b04": 1200}
    assert await by("kind") == {"企业登记": 310, "食品许可": 90, "纳税申报": 1200}
    assert await by("month") == {"2025-10": 1600}
    assert await by("member") == await by("subject") == await by("day") == {}
    assert (await figures(here, "first=2025-10&last=2025-10&window=window:w12&kind=纳税申报"))[""]["accepted"] == 1200


async def test_im6_a_months_rows_count_in_periods_that_hold_all_of_it(here: Desk) -> None:
    await send(here, csv_of([HEADER, *ROWS]))
    for period in ("first=2025&last=2025", "first=2025-10-01&last=2025-10-31", "period=quarter&at=2025-12-31", ""):
        await accepted(here, 1600, period)
    for period in ("first=2025-10-02&last=2025", "first=2025-10-01&last=2025-10-30", "period=week&at=2025-10-31"):
        assert "accepted" not in (await figures(here, period))[""]


async def test_im6_growth_on_the_year_before(here: Desk) -> None:
    later = csv_of([["2026年10月办件"], HEADER, [*ROWS[0][:2], 341, 300]])
    await send(here, csv_of([HEADER, ROWS[0]]))
    async with here.here.as_(COMMITTEE) as client:
        assert (await client.post("/api/v1/imports", content=later)).status_code == 201
    await accepted(here, 651, "first=2025&last=2026")
    told = await here.get(COMMITTEE, "/figures/compared?period=month&at=2026-10-31")
    assert told["groups"][0]["figures"]["hall_accepted"]["growth_year"] == 10.0


async def test_im6_of_a_month_of_which_nothing_was_imported_nothing_is_known(here: Desk) -> None:
    await send(here, csv_of([HEADER, ROWS[0]]))
    await accepted(here, 310)
    unknown = ("hall_accepted", "hall_concluded", "hall_on_time", "hall_on_time_share")
    told = (await here.get(COMMITTEE, "/figures/compared?period=month&at=2025-11-30"))["groups"][0]["figures"]
    assert [told[code]["value"] for code in unknown] == [None] * 4
    assert [told[code]["before"] for code in unknown[:2]] == [310, 300]
    assert [told[code]["growth"] for code in unknown] == [None] * 4
    assert told["hall_rows"] == {"value": 0, "before": 1, "growth": -100.0, "year_before": 0, "growth_year": None}
    over = "codes=hall_accepted,hall_rows&over=month&period=quarter&at=2025-12-31"
    (line,) = (await here.get(COMMITTEE, f"/figures/series?{over}"))["groups"]
    assert line["figures"] == {"hall_accepted": [310, None, None], "hall_rows": [1, 0, 0]}
    assert (await here.get(COMMITTEE, "/figures/hall_accepted/contributions?first=2025-11&last=2025-11"))[
        "value"
    ] is None


async def test_im6_they_are_kept_apart_from_the_records_of_the_field_and_from_activity_records(here: Desk) -> None:
    await here.push(
        "m0117", visit("m0117", period=["2025-10-20T01:00:00Z", "2025-10-20T02:00:00Z"], keep_until="2029-01-01")
    )
    await here.until(lambda: here.get(SECRETARY, "/activity-records/b03/2025-10"), lambda month: month["seen"])
    before = await here.get(SECRETARY, "/activity-records/b03/2025-10")
    await send(here, csv_of([HEADER, *ROWS]))
    await accepted(here, 1600)
    assert await here.get(SECRETARY, "/activity-records/b03/2025-10") == before
    (group,) = await here.get(COMMITTEE, "/figures?first=2025-10&last=2025-10")
    assert (group["figures"]["visits"], group["figures"]["matters"], group["figures"]["promises"]) == (1, 0, 0)


async def test_im7_the_same_file_again_changes_nothing_and_a_corrected_one_takes_its_place(here: Desk) -> None:
    first = await send(here, csv_of([HEADER, *ROWS]))
    await accepted(here, 1600)
    again = await send(here, csv_of([HEADER, *ROWS]), status=200)
    assert (again["outcome"], again["id"]) == ("unchanged", first["id"])
    corrected = csv_of([HEADER, [*ROWS[0][:2], 320, *ROWS[0][3:]], *ROWS[1:]])
    second = await send(here, corrected)
    assert second["supersedes"] == [first["id"]]
    await accepted(here, 1610)
    former = await here.get(COMMITTEE, f"/imports/{first['id']}")
    assert former["about"]["states"] == {"2025-10": "superseded"}
    assert [row["accepted"] for row in former["rows"]] == [310, 90, 1200]
    third = await send(here, csv_of([HEADER, *ROWS]))
    assert third["id"] not in (first["id"], second["id"])
    await accepted(here, 1600)
    other = await send(here, csv_of([HEADER, [*ROWS[0][:2], 5, 5]]), "&source=乡镇")
    assert other["supersedes"] == []
    await accepted(here, 1605)
    told = await here.get(COMMITTEE, "/imports?limit=3")
    assert [one["id"] for one in told["imports"]] == [other["id"], third["id"], second["id"]]
    rest = await here.get(COMMITTEE, f"/imports?limit=3&after={told['next']}")
    assert [one["id"] for one in rest["imports"]] == [first["id"]]


async def test_im7_one_that_is_withdrawn_counts_no_more_and_the_former_counts_again(on_both: Desk) -> None:
    here = on_both
    first = await send(here, csv_of([HEADER, *ROWS]))
    second = await send(here, csv_of([HEADER, [*ROWS[0][:2], 1, 1]]))
    await accepted(here, 1)
    for _ in range(2):
        await here.post(COMMITTEE, f"/imports/{second['id']}/withdraw", {"reason": "报错了"}, 200)
    await accepted(here, 1600)
    told = (await here.get(COMMITTEE, f"/imports/{second['id']}"))["about"]
    assert (told["withdrawn"], told["reason"], told["states"]) == (True, "报错了", {"2025-10": "withdrawn"})
    await here.post(ADMIN, f"/imports/{first['id']}/withdraw", {"reason": "x"}, 200)
    await accepted(here, 0)
    assert (await send(here, csv_of([HEADER, *ROWS])))["outcome"] == "imported"
    await accepted(here, 1600)


async def test_im8_tried_first_it_is_told_row_by_row_and_nothing_is_kept(here: Desk) -> None:
    bad = csv_of([HEADER, *ROWS, ["没有的窗口", "甲", 1, 1], ["税务窗口", "乙", "一", 1]])
    tried = await send(here, bad, "&dry_run=true", status=200)
    assert (tried["outcome"], tried["id"], tried["counted"], tried["flagged"]) == ("tried", "", 3, 2)
    assert [(one["row"], one["column"], one["code"]) for one in tried["problems"]] == [
        (5, "窗口", "window_unknown"),
        (6, "受理数", "number"),
    ]
    rows, _, _ = await here.services.store.rows(SHARED, Range("import", "import~"))
    assert rows == []
    refused = await send(here, csv_of([HEADER, ["没有的窗口", "甲", 1, 1]]), status=400)
    assert (refused["error"], refused["problems"][0]["field"]) == ("no_rows", "2")
    assert "名录中没有窗口" in refused["problems"][0]["problem"]
    assert "the directory has no window" in refused["problems"][0]["problem"]
    assert (await send(here, b"", status=400))["error"] == "no_file"
    assert (await send(here, b"x" * (10 * 1024 * 1024 + 1), status=413))["error"] == "import_too_large"


async def test_im8_a_flagged_row_is_kept_and_repaired_by_a_correction_or_by_the_directory(here: Desk) -> None:
    data = csv_of([HEADER, *ROWS, ["医保窗口", "报销", 40, 40]])
    first = await send(here, data)
    await accepted(here, 1600)
    told = await here.get(COMMITTEE, f"/imports/{first['id']}?flagged=true")
    (row,) = told["rows"]
    assert (row["row"], row["cells"]["窗口"], row["problems"][0]["code"]) == (5, "医保窗口", "window_unknown")
    body = {**record("window", fields={"name": "医保窗口", "number": "7", "branch": "b04"}), "_id": "window:w07"}
    await here.services.store.add(CENTRE, [write(body)])
    assert (await send(here, data))["supersedes"] == [first["id"]]
    await accepted(here, 1640)


async def test_im9_a_figure_opens_to_the_row_of_its_file(on_both: Desk) -> None:
    here = on_both
    data = xlsx_of([["十月"], HEADER, *ROWS])
    taken = await send(here, data)
    await accepted(here, 1600)
    opened = await here.get(COMMITTEE, "/figures/hall_accepted/contributions?first=2025-10&last=2025-10")
    rows = [(one["record"], one["item"], one["branch"], one["kind"], one["value"]) for one in opened["contributions"]]
    assert rows == [
        (taken["id"], "3", "b03", "企业登记", 310),
        (taken["id"], "4", "b03", "食品许可", 90),
        (taken["id"], "5", "b04", "纳税申报", 1200),
    ]
    assert opened["value"] == sum(row[-1] for row in rows)
    told = await here.get(COMMITTEE, f"/imports/{taken['id']}?row=4&limit=1")
    assert (told["rows"][0]["row"], told["rows"][0]["kind"]) == (4, "食品许可")
    share = await here.get(COMMITTEE, "/figures/hall_on_time_share/contributions?first=2025-10&last=2025-10")
    assert [(part["code"], part["value"]) for part in share["parts"]] == [("hall_on_time", 1497), ("hall_timed", 1500)]
    async with here.here.as_(COMMITTEE) as client:
        answer = await client.get(f"/api/v1/imports/{taken['id']}/file")
    assert answer.content == data
    assert "attachment" in answer.headers["content-disposition"]


async def test_im10_who_may_import_and_who_sees_which_rows(here: Desk) -> None:
    await send(here, csv_of([HEADER, *ROWS]), who=LI, status=403)
    await send(here, csv_of([HEADER, *ROWS]), who=SECRETARY, status=403)
    taken = await send(here, csv_of([HEADER, *ROWS, ["没有的窗口", "甲", 1, 1]]))
    await accepted(here, 1600)
    own = await here.get(LI, f"/imports/{taken['id']}")
    assert [row["branch"] for row in own["rows"]] == ["b03", "b03"]
    assert [row["branch"] for row in (await here.get(OTHER, f"/imports/{taken['id']}"))["rows"]] == ["b04"]
    assert (await figures(here, who=SECRETARY))[""]["accepted"] == 400
    await here.get(SECRETARY, f"/imports/{taken['id']}/file", 403)
    await here.post(SECRETARY, f"/imports/{taken['id']}/withdraw", {"reason": "x"}, 403)
    only = await send(here, csv_of([HEADER, ROWS[2]]), "&source=税务")
    await accepted(here, 2800)
    await here.get(LI, f"/imports/{only['id']}", 404)
    assert [one["id"] for one in (await here.get(LI, "/imports"))["imports"]] == [taken["id"]]
    async with here.here.as_(ADMIN) as client:
        lines = (await client.get("/api/v1/audit?kind=import")).json()["lines"]
    assert [(line["account"], line["of"]) for line in lines] == [("committee", only["id"]), ("committee", taken["id"])]


async def test_im11_the_ledger_is_made_anew_from_the_store_alone_and_an_import_without_all_its_rows_counts_nowhere(
    here: Desk, tmp_path: Path
) -> None:
    first = await send(here, csv_of([HEADER, *ROWS]))
    second = await send(here, csv_of([HEADER, [*ROWS[0][:2], 1, 1], ["没有", "甲", 1, 1]]))
    await here.post(COMMITTEE, f"/imports/{second['id']}/withdraw", {"reason": "x"}, 200)
    await accepted(here, 1600)
    services, path = here.services, tmp_path / "new.sqlite3"
    made = await rebuild(services.store, path, "Asia/Shanghai", services.admission.erasures, lambda db, count: None)
    assert made == digest(services.ledger.path)
    rows, _, _ = await services.store.rows(SHARED, Range("import_rows:", "import_rows:~"))
    part = next(row.id for row in rows if first["id"].removeprefix("import:") in row.id)
    await services.store.erase(SHARED, {part: None})
    await services.ledger.forget(SHARED, [part])
    await accepted(here, 0)
    assert (await here.get(COMMITTEE, f"/imports/{first['id']}"))["about"]["states"] == {"2025-10": "incomplete"}


async def test_im12_the_command_line_imports_and_says_what_is_wrong(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with desk(data) as made:
        body = {
            **record("window", fields={"name": "市场监管窗口", "number": "1", "branch": "b03"}),
            "_id": "window:w01",
        }
        await made.services.store.add(CENTRE, [write(body)])
    file = tmp_path / "十月.csv"
    file.write_bytes(csv_of([HEADER, *ROWS[:2], ["没有", "甲", 1, 1]], encoding="gb18030"))
    asked = ("import", str(file), "--kind", "matters", "--month", "2025-10")
    tried = command(*asked, "--dry-run", data=data)
    assert tried.returncode == 0, tried.stderr
    assert "Tried, nothing is kept: 2025-10; 2 rows count, 1 have problems." in tried.stdout
    assert "第 4 行 窗口：名录中没有窗口“没有” / Row 4" in tried.stderr
    assert "Imported: 2025-10; 2 rows count" in command(*asked, data=data).stdout
    assert "nothing has changed" in command(*asked, data=data).stdout
    file.write_bytes(b"a,b\n1,2\n")
    refused = command(*asked, data=data)
    assert refused.returncode == 1
    assert "没有找到表头" in refused.stderr
    checked = command("check", data=data)
    assert "The ledger says what the records say." in checked.stdout, checked.stderr
