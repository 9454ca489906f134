"""Measurements, run by `make bench`: medians and ratios of interleaved runs, never a single absolute time."""
