"""Decide how often Python looks for garbage that refers to itself: seldom, for what lives long here was made at the start."""

import gc

GARBAGE = (100_000, 20, 50)
"""Decoding a push, or a page of a feed, makes thousands of dicts that live for milliseconds; at Python's own 700 the collector looks
through all of them again and again, which more than doubles what decoding costs."""


def collect_seldom() -> None:
    gc.freeze()
    gc.set_threshold(*GARBAGE)
