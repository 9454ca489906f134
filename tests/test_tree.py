"""RT: the revision tree. Merging loses no leaf, order does not matter, twice is once."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import tree as trees
from sync.errors import BadRequest
from sync.tree import Node, Tree


def grown(seed: int, size: int, shared: int = 0) -> list[list[str]]:
    """Paths of a random history: every revision with its whole ancestry, oldest first."""
    rng = random.Random(seed)
    paths: list[list[str]] = [["1-root"]]
    for number in range(size):
        parent = rng.choice(paths)
        generation = len(parent) + 1
        paths.append([f"{generation}-{number + shared:04x}", *parent])
    return paths


def planted(paths: list[list[str]]) -> Tree:
    tree: Tree = {}
    for number, path in enumerate(paths):
        trees.graft(tree, path, Node(body=number + 1))
    return tree


def shape(tree: Tree) -> dict[str, tuple[str, ...]]:
    return {rev: node.parents for rev, node in tree.items()}


histories = st.tuples(st.integers(0, 2**32), st.integers(0, 25))


@given(histories, st.randoms(use_true_random=False))
def test_rt1_the_order_of_arrival_does_not_matter(history: tuple[int, int], rng: random.Random) -> None:
    paths = grown(*history)
    shuffled = rng.sample(paths, len(paths))
    one, other = planted(paths), planted(shuffled)
    assert shape(one) == shape(other)
    assert trees.leaves(one) == trees.leaves(other)


@given(histories, histories)
def test_rt1_merging_is_union_commutes_and_twice_is_once(left: tuple[int, int], right: tuple[int, int]) -> None:
    one, other = planted(grown(*left)), planted(grown(*right, shared=20))
    union = trees.merge(one, other)
    assert shape(union) == shape(trees.merge(other, one))
    assert trees.merge(union, other) == union
    assert trees.merge(union, union) == union


@given(histories, histories)
def test_rt1_merging_loses_no_leaf(left: tuple[int, int], right: tuple[int, int]) -> None:
    one, other = planted(grown(*left)), planted(grown(*right, shared=20))
    union = trees.merge(one, other)
    for leaf in {*trees.leaves(one), *trees.leaves(other)}:
        assert trees.leaves_below(union, leaf), f"{leaf} is neither a leaf nor an ancestor of one"


@given(histories)
def test_rt1_a_path_that_is_known_changes_nothing(history: tuple[int, int]) -> None:
    paths = grown(*history)
    tree = planted(paths)
    assert not any(trees.graft(tree, path, Node(body=99)) for path in paths)
    assert tree == planted(paths)


def test_rt2_two_histories_of_one_revision_leave_one_leaf_in_any_order() -> None:
    paths = [["2-b", "1-a"], ["2-b", "1-c"], ["1-a"], ["1-c"]]
    for order in (paths, paths[::-1], paths[2:] + paths[:2]):
        tree = planted(order)
        assert trees.leaves(tree) == ["2-b"]
        assert trees.ancestry(tree, "2-b") == ["2-b", "1-c"]


def test_rt3_a_living_revision_wins_then_the_longer_then_the_larger_hash() -> None:
    tree: Tree = {}
    trees.graft(tree, ["1-a"], Node(body=1))
    trees.graft(tree, ["2-b", "1-a"], Node(body=2))
    trees.graft(tree, ["2-c", "1-a"], Node(body=3))
    trees.graft(tree, ["3-d", "2-x", "1-a"], Node(body=4, deleted=True))
    assert trees.leaves(tree) == ["2-c", "2-b", "3-d"]
    trees.graft(tree, ["10-a"], Node(body=5))
    assert trees.leaves(tree)[0] == "10-a", "generations are compared as numbers"


def test_rt4_a_body_is_filled_in_once_and_never_replaced() -> None:
    tree: Tree = {}
    trees.graft(tree, ["2-b", "1-a"], Node(body=1))
    assert trees.graft(tree, ["1-a"], Node(body=2))
    assert not trees.graft(tree, ["1-a"], Node(body=3))
    assert tree["1-a"].body == 2


@given(histories, st.integers(1, 6))
def test_rt5_stemming_keeps_every_leaf_and_its_nearest_ancestors(history: tuple[int, int], depth: int) -> None:
    tree = planted(grown(*history))
    stemmed = trees.stem(tree, depth)
    assert trees.leaves(stemmed) == trees.leaves(tree)
    for leaf in trees.leaves(tree):
        assert trees.ancestry(stemmed, leaf)[:depth] == trees.ancestry(tree, leaf)[:depth]


def test_rt6_pruning_a_leaf_takes_the_ancestors_that_only_it_had() -> None:
    tree = planted([["1-a"], ["2-b", "1-a"], ["3-c", "2-b", "1-a"], ["2-d", "1-a"]])
    left, gone = trees.prune(tree, ["3-c", "1-a"])
    assert gone == ["3-c"]
    assert set(left) == {"1-a", "2-d"}
    assert trees.prune(left, ["2-d"]) == ({}, ["2-d"])
    assert trees.prune({}, ["2-d"]) == ({}, [])


@given(histories)
def test_rt7_what_is_stored_reads_back_as_the_same_tree(history: tuple[int, int]) -> None:
    tree = planted(grown(*history))
    assert trees.decode(trees.encode(tree)) == tree


def test_rt8_missing_revisions_and_possible_ancestors() -> None:
    tree = planted([["1-a"], ["2-b", "1-a"]])
    assert trees.missing(tree, ["1-a", "2-b", "3-c"]) == ["3-c"]
    assert trees.possible_ancestors(tree, ["3-c"]) == ["2-b"]
    assert trees.possible_ancestors(tree, ["2-c"]) == []
    assert trees.leaves_below(tree, "1-a") == ["2-b"]


@pytest.mark.parametrize(
    "bad", ["", "1", "-a", "x-a", "0-a", "1.0-a", "-1-a", 1, None, ["1-a"], "9" * 20 + "-a", "²-a"]
)
def test_rt9_a_revision_that_is_no_revision_is_refused(bad: object) -> None:
    with pytest.raises(BadRequest, match="Invalid rev format"):
        trees.parse_rev(bad)
