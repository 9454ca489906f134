"""Decide what tablets are told of the figures of an activity record: their names, units and meanings, as `web/shared/figures.json`.

`make format` writes that file anew (`python -m sync.ledger.for_tablets`); a test holds it to the figures.
"""

import json
import sys
from typing import Any

from sync.ledger.counting import IN_MONTH
from sync.ledger.figure import Quotient
from sync.ledger.figures import FIGURES


def for_tablets() -> dict[str, Any]:
    """{code: name, unit and meaning in both languages}, in the order of the figures; a quotient tells of what it is made."""
    told: dict[str, Any] = {}
    known = {figure.code for figure in IN_MONTH}
    for figure in FIGURES:
        zh, en = figure.name
        words = {"zh": zh, "en": en, "unit": figure.unit, "meaning": figure.meaning}
        if isinstance(figure, Quotient):
            if known.issuperset(figure.parts):
                made = {"over": figure.over, "under": figure.under, "times": figure.times, "places": figure.places}
                told[figure.code] = {**words, **made}
        elif figure.code in known:
            told[figure.code] = words
    return told


def written() -> str:
    """The text of the file."""
    return json.dumps(for_tablets(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(written())
