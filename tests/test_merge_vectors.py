"""The vectors that the server and the tablets share say what this code does."""

import json
from hashlib import md5
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from schemas import Rule
from schemas.canonical import canonical
from sync.reconcile.body import Body, join
from sync.reconcile.edit import edit, remove_item, restore_item, settle
from sync.reconcile.explain import disputed, removed, seen_hash
from sync.reconcile.merge import Leaf, MergePlan, Newer, NewRevision, merge
from sync.reconcile.rules import RuleOf
from sync.reconcile.stamps import next_stamp

Vector = dict[str, Any]
FILE = Path(__file__).parent / "vectors" / "merge.json"


def vectors(kind: str) -> Any:
    """One test for each vector of a kind, named as the vector is."""
    found = json.loads(FILE.read_text(encoding="utf-8"))[kind]
    return pytest.mark.parametrize("vector", found, ids=lambda vector: vector.get("name", ""))


def rule_from(rules: dict[str, str]) -> RuleOf:
    return lambda _type, path: Rule(rules.get(path.split("/")[0], "latest"))


def run_stamp(vector: Vector) -> str:
    def random(below: int) -> int:
        return int(vector["random"]) % below

    names = vector["device"], vector["member"]
    return next_stamp(vector["clock_ms"], vector["own_last"], vector["seen"], *names, random)


def run_join(vector: Vector) -> Vector:
    body = join(vector["leaves"], rule_from(vector["rules"]))
    return {"body": body, "disputed": disputed(body), "removed": removed(body).in_force}


def run_edit(vector: Vector) -> Body:
    rule_of, leaves, stamp = rule_from(vector["rules"]), vector["leaves"], vector["stamp"]
    match vector["do"]:
        case "edit":
            return edit(leaves, vector["changes"], stamp, rule_of=rule_of)
        case "settle":
            return settle(leaves, vector["path"], vector["value"], stamp, vector["saw"], rule_of=rule_of)
        case "remove":
            return remove_item(leaves, vector["item"], stamp, vector["reason"], rule_of=rule_of)
        case "restore":
            return restore_item(leaves, vector["item"], stamp, rule_of=rule_of)
        case other:
            raise AssertionError(f"no such edit: {other}")


def run_merge(vector: Vector) -> Vector:
    leaves = [Leaf(leaf["rev"], leaf["body"], leaf["deleted"]) for leaf in vector["leaves"]]
    rule_of = rule_from(vector["rules"])
    plan = merge(leaves, vector["winner"], version_max=vector["version_max"], rule_of=rule_of)
    if isinstance(plan, Newer):
        return {"newer": plan.version}
    assert isinstance(plan, MergePlan)
    return {
        "continuation": plan.continuation and told(plan.continuation),
        "ends": [told(end) for end in plan.ends],
    }


def told(revision: NewRevision) -> Vector:
    return {"rev": revision.rev, "parent": revision.parent, "deleted": revision.deleted, "body": revision.body}


@vectors("canonical")
def test_mg28_the_canonical_form_is_the_vectors(vector: Vector) -> None:
    assert canonical(vector["value"]).decode() == vector["text"]
    assert md5(vector["text"].encode(), usedforsecurity=False).hexdigest() == vector["md5"]


@vectors("stamps")
def test_mg2_a_new_stamp_is_the_vectors(vector: Vector) -> None:
    assert run_stamp(vector) == vector["expect"]


@vectors("joins")
def test_mg9_a_join_is_the_vectors_in_every_order(vector: Vector) -> None:
    for leaves in permutations(vector["leaves"]):
        assert canonical(run_join({**vector, "leaves": leaves})) == canonical(vector["expect"])


@vectors("edits")
def test_mg6_an_edit_is_the_vectors(vector: Vector) -> None:
    assert canonical(run_edit(vector)) == canonical(vector["expect"])


@vectors("merges")
def test_mg20_a_merge_is_the_vectors(vector: Vector) -> None:
    assert canonical(run_merge(vector)) == canonical(vector["expect"])


@vectors("approvals")
def test_mg27_an_approval_is_bound_to_the_vectors_hash(vector: Vector) -> None:
    assert seen_hash(vector["body"], vector["photos"]) == vector["expect"]
