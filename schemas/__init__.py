"""Decide what a record is: its types, fields, labels, merge rules, readers and writers. Imports nothing of the other
packages."""

from schemas.access import UNREADABLE, creators, owners, readers, writers
from schemas.canonical import canonical
from schemas.changes import SERVER, Write, may_change, may_create, new_writes, refusal_to_create, relayed, stamp_member
from schemas.checks import check
from schemas.dates import check_dates
from schemas.default_forms import default_forms
from schemas.describe import json_schema, struct_of
from schemas.examples import example
from schemas.fields import Field, RecordType, Rule
from schemas.forms import check_form, visible
from schemas.problems import Problem
from schemas.registry import TYPES, field_of, in_scope, item_scope, label_of, rule_of, type_of_id
from schemas.soundness import sound
from schemas.versions import upgrade

__all__ = [
    "SERVER",
    "TYPES",
    "UNREADABLE",
    "Field",
    "Problem",
    "RecordType",
    "Rule",
    "Write",
    "canonical",
    "check",
    "check_dates",
    "check_form",
    "creators",
    "default_forms",
    "example",
    "field_of",
    "in_scope",
    "item_scope",
    "json_schema",
    "label_of",
    "may_change",
    "may_create",
    "new_writes",
    "owners",
    "readers",
    "refusal_to_create",
    "relayed",
    "rule_of",
    "sound",
    "stamp_member",
    "struct_of",
    "type_of_id",
    "upgrade",
    "visible",
    "writers",
]
