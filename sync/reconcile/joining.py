"""Decide what a document with several leaves says, and whether a tombstone is the end that a merge writes."""
