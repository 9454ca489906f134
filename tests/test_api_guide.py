"""AP37: the guide for those who build on the API is true: its examples are run against a server."""

import os
import re
import subprocess
import time
from pathlib import Path

import httpx

from tests.serving import PASSWORD, command, environment, served

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "deploy/api.md"


def test_ap37_the_examples_of_the_guide_run_against_a_server(tmp_path: Path) -> None:
    data = tmp_path / "data"
    made = command("demo", "--records", "300", data=data)
    assert made.returncode == 0, made.stderr
    added = command(
        *("user", "add", "builder", "--role", "secretary", "--member", "m0900", "--branch", "b03", "--password-stdin"),
        data=data,
        stdin=PASSWORD,
    )
    assert added.returncode == 0, added.stderr
    blocks = re.findall(r"```(sh|python)\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    program = next(text for language, text in blocks if language == "python")
    (tmp_path / "figures.py").write_text(program)
    settings, *scripts = [text for language, text in blocks if language == "sh"]
    assert "FIELDBOOK_URL" in settings
    script = "\n".join(["set -euo pipefail", *scripts, "export TOKEN", "python3 figures.py"])
    with served(data) as server:
        _until_something_waits(server.url)
        given = {"FIELDBOOK_URL": server.url, "FIELDBOOK_ACCOUNT": "builder", "FIELDBOOK_PASSWORD": PASSWORD}
        run = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env={**environment(), **given, "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert run.returncode == 0, run.stderr
    assert "304" in run.stdout
    assert '"role":"secretary"' in run.stdout
    assert re.search(r"b03 走访 \d+ rows: \d+", run.stdout)
    assert re.search(r'"id":"review:', run.stdout)


def _until_something_waits(url: str) -> None:
    """The ledger of a new server follows what lies in its store within seconds."""
    for _ in range(300):
        told = httpx.get(f"{url}/api/v1/inbox?kind=new&limit=1", auth=("builder", PASSWORD)).json()
        counted = httpx.get(f"{url}/api/v1/figures?period=year", auth=("builder", PASSWORD)).json()
        if told["items"] and counted[0]["figures"]["visits"]:
            return
        time.sleep(0.1)
    raise AssertionError("nothing came to be decided within 30 s")


def test_ap37_every_operation_that_the_guide_names_is_there() -> None:
    described = "\n".join(path.read_text("utf-8") for path in (ROOT / "server/api").glob("*.py"))
    for path in re.findall(r"`(?:GET|POST) /api/v1(/[a-z-]+)", GUIDE.read_text("utf-8")):
        assert f'("{path}' in described or path in ("/about", "/record-types"), path
