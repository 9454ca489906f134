"""GE: the demo as a newcomer starts it."""

import json
import signal
import stat
import subprocess
import threading
from datetime import date
from pathlib import Path

import pytest

from server.demo.centre import make_centre
from server.demo.hall import reports
from sync.imports.matters import Window, read_matters
from sync.imports.tables import sheets
from tests.serving import FIELDBOOK, command, environment

FEW = ("--records", "120")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("demo") / "data"
    done = command("demo", *FEW, data=directory)
    assert done.returncode == 0, done.stderr
    assert "120 / 120" in done.stdout
    return directory


def test_ge9_it_is_filled_once_and_used_again(data: Path) -> None:
    note = json.loads((data / "demo.json").read_bytes())
    assert stat.S_IMODE((data / "demo.json").stat().st_mode) == 0o600
    again = command("demo", "--records", "999", data=data)
    assert again.returncode == 0
    assert "filling" not in again.stdout
    assert all(account["password"] in again.stdout for account in note["accounts"])
    assert {account["role"] for account in note["accounts"]} == {
        *("administrator", "committee", "secretary", "deputy", "member"),
    }
    assert command("check", data=data).returncode == 0


def test_ge14_the_hall_reports_every_month_of_two_years_and_a_mistaken_report_is_corrected(data: Path) -> None:
    figures = command("rebuild", data=data).stdout
    told = {line.split("  ")[-1]: line.split()[0] for line in figures.splitlines() if "Hall" in line}
    assert 520_000 < int(told["Hall: accepted"]) < 640_000
    assert 99 < float(told["Hall: on-time share"]) < 100
    centre = make_centre(1, date(2025, 11, 20))
    files = list(reports(centre, date(2026, 11, 20)))
    assert files == list(reports(centre, date(2026, 11, 20)))
    assert len(files) == 25
    windows = [
        Window(f"window:{one}", name, str(at), of) for at, (one, (name, _, of)) in enumerate(centre.windows.items(), 1)
    ]
    faults = {name: read_matters(sheets(file), windows, None, "2026-11").faults for name, file in files}
    mistaken = {name: [one.code for one in found] for name, found in faults.items() if found}
    assert mistaken == {"2026年08月窗口办件统计表.csv": [*["window_unknown"] * 2, *["more_than"] * 2]}


def test_ge9_a_directory_with_another_store_is_refused(tmp_path: Path) -> None:
    assert command("user", "list", data=tmp_path / "data").returncode == 0
    refused = command("demo", *FEW, data=tmp_path / "data")
    assert refused.returncode == 1
    assert "no demo" in refused.stderr


def test_ge10_it_is_served_on_this_machine_alone(tmp_path: Path) -> None:
    refused = command("demo", "--host", "0.0.0.0", data=tmp_path / "data")
    assert refused.returncode == 1
    assert "this machine alone" in refused.stderr
    assert not (tmp_path / "data").exists()


def test_ge11_played_it_shows_how_records_become_an_activity_record(data: Path) -> None:
    asked = [str(FIELDBOOK), "demo", "--data", str(data), "--port", "0", "--serve", "--play"]
    process = subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    ending = threading.Timer(90, process.kill)
    ending.start()
    told = ""
    assert process.stdout
    for line in process.stdout:
        told += line
        if "From now on" in line:
            break
    process.send_signal(signal.SIGINT)
    rest, trouble = process.communicate(timeout=30)
    ending.cancel()
    assert "a conflict" in told, told + trouble
    assert "which lost, stays visible" in told, told
    assert "have become one activity" in told, told
    assert "activity record of" in told, told
    assert "http://127.0.0.1:" in told
    assert "enrol the tablet app as m" in told
    assert process.returncode == 0
    assert "stopped" in rest
    assert "Traceback" not in trouble
