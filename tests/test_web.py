"""What the tablets compute, in TypeScript, is what the server computes: run on Node against the same vectors, and on what the
vectors do not think of."""

import json
import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.canonical import NotCanonical, canonical
from sync.reconcile.body import Body, join
from sync.reconcile.edit import StampUsed, edit
from tests.merge_simulation import rule_of, stamp_at
from tests.pouchdb import INSTALLED, NODE, WEB
from tests.test_merge_join import bodies, paths, values

pytestmark = pytest.mark.skipif(not INSTALLED, reason="`make test` installs what runs on Node")

RULES = {"participants": "set", "people": "largest", "rating": "once"}
"""Of `tests.merge_simulation.rule_of`."""


def test_mg2_mg6_mg9_mg28_fm10_tw2_tw5_tw13_tw14_tw15_tw18_the_shared_vectors_hold_in_typescript() -> None:
    done = subprocess.run([str(NODE), "--test"], cwd=WEB, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


cases = st.tuples(
    st.lists(bodies(), min_size=1, max_size=4),
    st.none() | st.dictionaries(paths, values | st.sampled_from(["😀", "￿", 2**53 - 1]), min_size=1, max_size=3),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(cases, min_size=20, max_size=60))
def test_mg6_and_mg9_typescript_joins_and_edits_what_comes_as_python_does(
    asked: list[tuple[list[Body], dict[str, Any] | None]],
) -> None:
    lines = [
        json.dumps(
            {"leaves": leaves, "rules": RULES, "stamp": stamp_at(40)} | ({"changes": changes} if changes else {})
        )
        for leaves, changes in asked
    ]
    done = subprocess.run(
        [str(NODE), "shared/differential.ts"],
        cwd=WEB,
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [here(leaves, changes) for leaves, changes in asked]


def here(leaves: list[Body], changes: dict[str, Any] | None) -> str:
    try:
        body = edit(leaves, changes, stamp_at(40), rule_of=rule_of) if changes else join(leaves, rule_of)
        return canonical(body).decode()
    except (StampUsed, NotCanonical) as error:
        return type(error).__name__
