"""Decide how a figure has grown on another period (FG8): a count by per cent, a share by percentage points. Pure."""

from collections.abc import Mapping

from sync.ledger.figure import Figure, Quotient, divided


def growth(figure: Figure | Quotient, now: Mapping[str, int], then: Mapping[str, int]) -> float | None:
    """None where there was nothing then, or nothing to take a share of, or where either is unknown. `now`, `then`: what was counted."""
    if isinstance(figure, Quotient) and figure.is_share:
        value, before = figure.value(now), figure.value(then)
        return None if value is None or before is None else round(value - before, figure.places)
    code = figure.over if isinstance(figure, Quotient) else figure.code
    if isinstance(figure, Figure) and figure.value(now) is None:
        return None
    return divided(100 * (now[code] - then[code]), then[code], 1) if then[code] else None
