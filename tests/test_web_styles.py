"""Each app has one sheet of styles, in which a name means one thing."""

import re
from pathlib import Path

import pytest

from tests.pouchdb import WEB

APPS = {"tablet": "tablet/main.ts", "desk": "desk/main.ts", "desk/tried": "desk/tried/main.ts"}


@pytest.mark.parametrize("app", APPS)
def test_tu10_no_two_parts_style_the_same_name(app: str) -> None:
    styled: dict[str, set[str]] = {}
    for file in _parts(WEB / APPS[app]):
        for selector in _selectors(file):
            if re.fullmatch(r"\.[a-z-]+", selector):
                styled.setdefault(selector, set()).add(file.name)
    assert {name: files for name, files in styled.items() if len(files) > 1} == {}


@pytest.mark.parametrize("app", APPS)
def test_tu10_what_a_part_calls_a_state_is_no_other_part_s_name(app: str) -> None:
    """A dot that was .full took the height of a dialog that fills the screen."""
    parts = _parts(WEB / APPS[app])
    own = {file: {one for selector in _selectors(file) for one in _NAMED.findall(selector)} for file in parts}
    common = {name for file in parts if file.suffix == ".css" for name in own[file]}
    confused = [
        f"{file.name}: {selector} in {other.name}"
        for file in parts
        for selector in _selectors(file)
        for compound in _COMPOUND.findall(selector)
        for state in _NAME.findall(compound)[0 if compound[0].isalpha() else 1 :]
        for other in parts
        if other != file and state in own[other] - common
    ]
    assert confused == []


_NAME = re.compile(r"\.([a-z-]+)")
_NAMED = re.compile(r"^\.([a-z-]+)(?:\[[^\]]*\]|:[a-z-]+)*$")
_COMPOUND = re.compile(r"[a-z]*(?:\.[a-z-]+)+")


def _parts(main: Path) -> set[Path]:
    """What is reached from it by imports."""
    reached, open_ = set[Path](), [main]
    while open_:
        file = open_.pop().resolve()
        if file in reached or file.suffix not in (".ts", ".vue", ".css"):
            continue
        reached.add(file)
        if file.suffix != ".css":
            named = re.findall(r"""(?:from|import|import\()\s*"(\.[^"]+)\"""", file.read_text())
            open_ += [file.parent / one for one in named]
    return reached


def _selectors(file: Path) -> list[str]:
    if file.suffix == ".ts":
        return []
    text = file.read_text()
    css = text if file.suffix == ".css" else "".join(re.findall(r"<style>(.*?)</style>", text, re.DOTALL))
    bare = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return [one.strip() for listed in re.findall(r"([^{}]+)\{", bare) for one in listed.split(",")]
