"""What the tablets are told of types and figures is what the server goes by: the generated files are those of now."""

from schemas import for_tablets as types
from sync.ledger import for_tablets as figures
from sync.ledger.figures import BY_CODE
from tests.pouchdb import WEB


def test_fm_what_tablets_know_of_the_types_is_what_the_server_knows() -> None:
    assert (WEB / "shared/schema.json").read_text("utf-8") == types.written(), "`make format` writes it anew"


def test_fg_what_tablets_know_of_the_figures_is_what_the_server_counts() -> None:
    assert (WEB / "shared/figures.json").read_text("utf-8") == figures.written(), "`make format` writes it anew"
    told = figures.for_tablets()
    assert [code for code in BY_CODE if code in told] == list(told), "in the order of the figures"
    assert all(one["over"] in told for one in told.values() if "over" in one)
