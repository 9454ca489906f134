"""Decide what a record says of where it was, and how far apart two places are. Pure."""

from math import asin, cos, radians, sin, sqrt
from typing import Any, Final

ACCURACY_METRES_MAX: Final = 1000
"""A worse accuracy than this counts as this: else a fix of no worth would be near to everything."""

Place = tuple[int, int, int]
"""Latitude and longitude in 1e-7 degree, accuracy in metres."""


def place_of(value: Any) -> Place | None:
    """A place as a record holds it, its accuracy 0 where it says none; None for what is no place."""
    if not isinstance(value, list) or len(value) not in (2, 3) or not all(type(one) is int for one in value):
        return None
    if max(map(abs, value)) > 1_800_000_000:
        return None
    return value[0], value[1], value[2] if len(value) == 3 else 0


def distance(one: Place | None, other: Place | None) -> int | None:
    """Metres between two places; None when one is not known."""
    if one is None or other is None:
        return None
    north, south = radians(one[0] / 1e7), radians(other[0] / 1e7)
    across = sin(radians(other[1] / 1e7 - one[1] / 1e7) / 2) ** 2
    half = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * across
    return round(2 * 6_371_000 * asin(min(1.0, sqrt(half))))


def accuracy(place: Place | None) -> int:
    """Metres by which a place may be off; 0 when it is not known."""
    return min(place[2], ACCURACY_METRES_MAX) if place else 0
