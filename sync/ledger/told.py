"""Decide what of a record the ledger goes by before it is compared with anything that the ledger holds. Pure: so where a ledger is made
from nothing, another process works it out ahead of the one that writes (`ahead.py`)."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from schemas import type_of_id, upgrade
from sync.ledger import companions
from sync.ledger.activity import Drawn, draw
from sync.ledger.counted import Part
from sync.ledger.facts import KINDS, Facts, facts_of
from sync.ledger.problems import untold
from sync.ledger.words import texts_in, words_under
from sync.reconcile.explain import Open, open_disputes
from sync.reconcile.redaction import has_redactions, number_redacted

_decode_body = msgspec.json.Decoder(dict[str, Any]).decode


class Alone(msgspec.Struct, array_like=True, frozen=True):
    """The activity that a record would be with these ratings, if nothing else told of it."""

    rated: companions.Ratings
    activity: Drawn


class Told(msgspec.Struct, array_like=True, frozen=True):
    """`texts`: by which it is found, in JSON; `redacted`: so many values were taken out of it for good. `words`, under
    which it is found, and `alone` are worked out ahead only, since most edits need neither."""

    facts: Facts
    readers: frozenset[str]
    texts: bytes
    dispute: Open | None
    redacted: int
    words: str | None = None
    alone: Alone | None = None


NOTHING_AHEAD: Mapping[str, Told] = MappingProxyType({})


def told_of(body: Mapping[str, Any], zone: ZoneInfo) -> Told:
    """Of the body of a visit, service, survey or event. Never raises."""
    body = dict(upgrade(body))
    return Told(
        facts_of(body, zone),
        companions.readers_of(body),
        texts_in(body),
        open_disputes(body),
        number_redacted(body) if has_redactions(body) else 0,
    )


def told_ahead(bodies: Sequence[tuple[str, bytes]], zone: ZoneInfo) -> dict[str, Told]:
    """{id: all that can be known of it} of the records among these documents; their ratings are those that are among them too."""
    read = [(doc, _decode_body(raw)) for doc, raw in bodies]
    read = [(doc, body) for doc, body in read if body.get("type") == type_of_id(doc)]
    ratings = companions.ratings_of(
        (doc, companions.record_of(fields), companions.facts_of(body, fields))
        for doc, body in read
        if body["type"] == "rating" and isinstance(fields := body.get("fields"), dict)
    )
    return {doc: _all_of(doc, told_of(body, zone), ratings, zone) for doc, body in read if body["type"] in KINDS}


def is_told_ahead(doc: str) -> bool:
    of = type_of_id(doc)
    return of in KINDS or of == "rating"


def _all_of(doc: str, told: Told, ratings: Mapping[str, companions.Ratings], zone: ZoneInfo) -> Told:
    facts = told.facts
    words = " ".join(words_under(facts.of, facts.branch, told.readers, told.texts)) if told.texts else None
    rated = ratings.get(doc, []) if facts.of == "service" else []
    part = Part(doc, facts, untold(facts), rated, False)
    alone = Alone(rated, draw([part], facts.subject, (), (), zone)) if facts.day and facts.branch else None
    return msgspec.structs.replace(told, words=words, alone=alone)
