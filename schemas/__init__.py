"""Decide what a record is: its types, fields, labels, merge rules, readers and writers. Imports nothing of the other
packages."""

from schemas.access import UNREADABLE, creators, owners, readers, writers
from schemas.canonical import canonical
from schemas.checks import check
from schemas.fields import Field, RecordType, Rule
from schemas.problems import Problem
from schemas.registry import TYPES, field_of, in_scope, item_scope, label_of, rule_of, type_of_id
from schemas.versions import upgrade

__all__ = [
    "TYPES",
    "UNREADABLE",
    "Field",
    "Problem",
    "RecordType",
    "Rule",
    "canonical",
    "check",
    "creators",
    "field_of",
    "in_scope",
    "item_scope",
    "label_of",
    "owners",
    "readers",
    "rule_of",
    "type_of_id",
    "upgrade",
    "writers",
]
