"""TK: tokens of the changes feed."""

import pytest

from sync.errors import BadRequest
from sync.tokens import Tokens

LI, WANG = frozenset({"member:li"}), frozenset({"member:wang"})


@pytest.mark.parametrize("position", ["0", "17", "12-g1AAAACXeJzLY"])
def test_tk1_a_token_leads_back_to_its_position(position: str) -> None:
    tokens = Tokens("abcd", LI)
    assert tokens.position(tokens.token(position)) == position


def test_tk1_what_couchdb_understands_is_understood() -> None:
    tokens = Tokens("abcd", LI)
    assert [tokens.position(one) for one in (None, 0, "0", "", "now", 7, "7")] == ["0", "0", "0", "0", "now", "7", "7"]
    for bad in ("nonsense", -1, 1.5, [], {}, True, "-3"):
        with pytest.raises(BadRequest, match="since"):
            tokens.position(bad)


def test_tk2_a_token_of_another_incarnation_starts_again() -> None:
    assert Tokens("restored", LI).position(Tokens("abcd", LI).token("17")) == "0"


def test_tk3_a_token_of_other_rights_starts_again() -> None:
    assert Tokens("abcd", WANG).position(Tokens("abcd", LI).token("17")) == "0"
    assert Tokens("abcd", None).position(Tokens("abcd", LI).token("17")) == "0"
