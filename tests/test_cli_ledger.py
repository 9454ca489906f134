"""LG12: the ledger from the command line."""

import sqlite3
from pathlib import Path

from tests.desk import SECRETARY, desk
from tests.serving import command
from tests.working import visit


async def test_lg12_rebuild_makes_the_ledger_anew_and_check_says_what_differs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with desk(data) as made:
        await made.push("m0117", visit("m0117"))
        await made.until(lambda: made.get(SECRETARY, "/activity-records/b03/2026-11"), lambda month: month["seen"])
    checked = command("check", data=data)
    assert checked.returncode == 0, checked.stderr
    assert "The ledger says what the records say." in checked.stdout
    first = command("rebuild", data=data)
    assert "Visits" in first.stdout
    (data / "ledger.sqlite3").unlink()
    assert command("rebuild", data=data).stdout == first.stdout, "the same digest"
    with sqlite3.connect(data / "ledger.sqlite3") as ledger:
        ledger.execute("UPDATE contribution SET value = 99 WHERE base = 1")
    ledger.close()
    checked = command("check", data=data)
    assert checked.returncode != 0
    assert "contribution: wrong" in checked.stderr
    assert "fieldbook rebuild" in checked.stderr
