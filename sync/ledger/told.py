"""Decide what of a document the ledger goes by before it is compared with anything that the ledger holds. Pure: so where a ledger is made
from nothing, another process works it out ahead of the one that writes (`ahead.py`)."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from schemas import readers, type_of_id, upgrade
from sync.ledger import companions
from sync.ledger.activity import Drawn, draw
from sync.ledger.counted import Part
from sync.ledger.documents import digest_of
from sync.ledger.doubts import trust
from sync.ledger.facts import KINDS, Facts, day_of, encode, facts_of
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
    """A record. `encoded`: its facts as they are kept; `trust`: see `doubts`; `texts`: by which it is found, in JSON; `redacted`: so
    many values were taken out of it for good. `words`, under which it is found, and `alone` are worked out ahead only, since most edits
    need neither."""

    facts: Facts
    encoded: bytes
    trust: int
    readers: frozenset[str]
    texts: bytes
    dispute: Open | None
    redacted: int
    words: str | None = None
    alone: Alone | None = None


class Beside(msgspec.Struct, array_like=True, frozen=True):
    """What accompanies a record. `encoded`: its facts as they are kept; `kept`: the readers that it names."""

    of: str
    record: str
    facts: companions.CompanionFacts
    encoded: bytes
    readers: frozenset[str]
    kept: frozenset[str]


class Titled(msgspec.Struct, array_like=True, frozen=True):
    """An activity's document, by its title. `words` are worked out ahead only."""

    branch: str
    day: str
    readers: frozenset[str]
    texts: bytes
    words: str | None = None


class Written(msgspec.Struct, array_like=True, frozen=True):
    """An activity's document as it lies in the store. `digest`: what it is compared by with what it should say."""

    titled: Titled | None
    digest: bytes


class Ahead(msgspec.Struct, array_like=True, frozen=True):
    """What is known already of documents of a page, by their ids."""

    records: Mapping[str, Told]
    beside: Mapping[str, Beside]
    written: Mapping[str, Written]


NOTHING_AHEAD = Ahead(MappingProxyType({}), MappingProxyType({}), MappingProxyType({}))


def told_of(body: Mapping[str, Any], zone: ZoneInfo) -> Told:
    """Of the body of a visit, service, survey or event. Never raises."""
    body = dict(upgrade(body))
    facts = facts_of(body, zone)
    return Told(
        facts,
        encode(facts),
        trust(facts, zone),
        companions.readers_of(body),
        texts_in(body),
        open_disputes(body),
        number_redacted(body) if has_redactions(body) else 0,
    )


def beside_of(body: Mapping[str, Any]) -> Beside | None:
    """Of the body of a companion; None for one that says nothing."""
    fields = body.get("fields")
    if not isinstance(fields, dict):
        return None
    facts = companions.facts_of(body, fields)
    record, kept = companions.record_of(fields), companions.kept_readers(fields)
    return Beside(body["type"], record, facts, companions.encode(facts), readers(body), kept)


def titled_of(body: Mapping[str, Any], zone: ZoneInfo) -> Titled | None:
    """Of the body of an activity; None for one without a title."""
    texts = texts_in(body)
    if not texts:
        return None
    fields, branch = body.get("fields"), body.get("branch")
    period = fields.get("period") if isinstance(fields, dict) else None
    day = day_of(period[0], zone) if isinstance(period, list) and period else ""
    return Titled(branch if isinstance(branch, str) else "", day, companions.readers_of(body), texts)


def told_ahead(bodies: Sequence[tuple[str, bytes]], zone: ZoneInfo) -> Ahead:
    """All that can be known of these documents; a record's ratings are those that are among them too."""
    read = [(doc, _decode_body(raw)) for doc, raw in bodies]
    read = [(doc, body) for doc, body in read if body.get("type") == type_of_id(doc)]
    beside = {doc: one for doc, body in read if body["type"] in companions.COMPANIONS and (one := beside_of(body))}
    ratings = companions.ratings_of((doc, one.record, one.facts) for doc, one in beside.items() if one.of == "rating")
    records = {doc: _all_of(doc, told_of(body, zone), ratings, zone) for doc, body in read if body["type"] in KINDS}
    written = {doc: _written_of(body, zone) for doc, body in read if body["type"] == "activity"}
    # What was taken out of these for good is seen to by whoever writes.
    redacted = {doc for doc, body in read if doc in beside and has_redactions(body)}
    return Ahead(records, {doc: one for doc, one in beside.items() if doc not in redacted}, written)


def is_told_ahead(doc: str) -> bool:
    of = type_of_id(doc)
    return of in KINDS or of in companions.COMPANIONS or of == "activity"


def _all_of(doc: str, told: Told, ratings: Mapping[str, companions.Ratings], zone: ZoneInfo) -> Told:
    facts = told.facts
    words = _words(facts.of, facts.branch, told.readers, told.texts)
    rated = ratings.get(doc, []) if facts.of == "service" else []
    part = Part(doc, facts, untold(facts), rated, False)
    alone = Alone(rated, draw([part], facts.subject, (), (), zone)) if facts.day and facts.branch else None
    return msgspec.structs.replace(told, words=words, alone=alone)


def _written_of(body: Mapping[str, Any], zone: ZoneInfo) -> Written:
    titled = titled_of(body, zone)
    if titled is not None:
        words = _words("activity", titled.branch, titled.readers, titled.texts)
        titled = msgspec.structs.replace(titled, words=words)
    return Written(titled, digest_of(body))


def _words(of: str, branch: str, readers: frozenset[str], texts: bytes) -> str | None:
    return " ".join(words_under(of, branch, readers, texts)) if texts else None
