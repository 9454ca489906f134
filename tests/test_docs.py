"""Documents that a test checks: rules have tests, and paths, settings and commands that documents name are there."""

import re
from pathlib import Path

import pytest

from server.cli import main
from server.settings import table

ROOT = Path(__file__).parent.parent
DOCUMENTS = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "deploy/README.md",
    "deploy/tablet.md",
    "deploy/desk.md",
]
RULE = re.compile(r"^- \*\*([A-Z]{2}\d+)\*\*", re.MULTILINE)


def rules() -> list[str]:
    return RULE.findall("\n".join(path.read_text() for path in sorted((ROOT / "sync").glob("SPEC*.md"))))


def test_every_rule_has_a_number_of_its_own() -> None:
    found = rules()
    assert found
    assert len(found) == len(set(found)), sorted(rule for rule in set(found) if found.count(rule) > 1)


def test_every_rule_is_cited_by_a_test() -> None:
    here = [
        path
        for path in (ROOT / "tests").rglob("*")
        if path.suffix in (".py", ".json", ".mjs", ".js") and "node_modules" not in path.parts
    ]
    text = "\n".join(path.read_text() for path in here if path != Path(__file__))
    cited = {one.upper() for one in re.findall(r"(?:_|\"name\": \")([a-z]{2}\d+)[_ ]", text)} | set(
        re.findall(r"\b[A-Z]{2}\d+\b", text)
    )
    assert [rule for rule in rules() if rule not in cited] == []


def test_every_rule_that_a_test_names_is_there() -> None:
    known = set(rules())
    named = {
        one.upper()
        for path in (ROOT / "tests").glob("test_*.py")
        for one in re.findall(r"def test_([a-z]{2}\d+)_", path.read_text())
    }
    assert sorted(named - known) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_is_there(document: str) -> None:
    text = (ROOT / document).read_text()
    named = re.findall(r"`((?:schemas|sync|server|tests|deploy|web|\.ci)/[\w./-]*)`", text) + re.findall(
        r"\]\(([\w./-]+)\)", text
    )
    base = (ROOT / document).parent
    assert [path for path in named if not (ROOT / path).exists() and not (base / path).exists()] == []


def test_every_setting_is_documented() -> None:
    text = (ROOT / "deploy/README.md").read_text()
    for setting in table():
        assert f"`{setting.option}`" in text, setting.option
        assert f"`{setting.variable}`" in text, setting.variable


def test_every_command_that_is_documented_is_there() -> None:
    text = "\n".join((ROOT / document).read_text() for document in DOCUMENTS)
    named = set(
        re.findall(
            r"fieldbook (serve|demo|user|tablet|import|replicate|rebuild|check|backup|restored|restore|export)\b", text
        )
    )
    listed = re.search(r"lists the commands: ([\w, ]+)\.", text)
    assert listed
    assert sorted((named | set(listed[1].split(", "))) - set(main.commands)) == []
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)(?:[A-Z_]+=\S+ )*make ([a-z]+)", text, re.MULTILINE)) - targets == set()
