"""Decide which records tell of one happening (AC…). Pure: takes the records of one bucket and people's decisions, returns groups.

A bucket holds the records of one type about one subject on one day, which goes from four in the morning to the next. Whatever the
order of arrival, the same records give the same groups: every pair near enough in time is judged by itself, decisions are taken from
the latest to the earliest, then the certain links from the strongest to the weakest, and no link crosses a split.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sync.reconcile.places import Place, accuracy, distance

OVERLAP_MINUTES_MIN: Final = 10
"""So long an overlap is enough; a shorter one must be half of the shorter record, or a shift handed over would be one happening."""
NAMED_GAP_MINUTES_MAX: Final = 30
SUGGESTED_GAP_MINUTES_MAX: Final = 240
NEAR_METRES: Final = 300
COMPARED_MAX: Final = 64
"""A record is compared with so many that began after it."""
CROWD: Final = 200
"""A bucket of more records than this is no happening that a rule can tell apart: nothing in it joins by itself."""


@dataclass(frozen=True, slots=True)
class Happening:
    """What of a record tells whether another is about the same. Times are seconds since 1970."""

    id: str
    bucket: str
    of: str
    kind: str
    about: str
    """What else must agree where both say it: a service's matter, an event's title."""
    subject: str
    case: str
    author: str
    people: frozenset[str]
    start: int
    end: int
    place: Place | None
    day: str = ""
    """The day of its bucket, which goes from four in the morning to the next."""
    branch: str = ""
    parties: frozenset[str] = frozenset()
    """Other branches that it says took part: it is compared with their records of that day too."""


WORDS = {
    "same_subject": ("同一服务对象", "the same subject"),
    "same_case": ("同一联合踏勘", "the same case"),
    "same_title": ("名称相同", "the same title"),
    "overlap": ("时间重叠", "at the same time"),
    "gap": ("时间相邻", "one soon after the other"),
    "named_each_other": ("互相列为参加人", "each names the other"),
    "named_one_another": ("一方列另一方为参加人", "one names the other"),
    "near": ("位置相近", "near each other"),
    "far": ("位置相距较远", "far apart"),
    "other_kind": ("类别不同", "of different kinds"),
    "same_author": ("同一记录人", "by the same member"),
    "party_named": ("列明了另一支部参加", "one names the other's branch"),
    "other_subject": ("服务对象不同", "about different subjects"),
}
"""Words for the codes of why two records may be one happening, or not."""


class Link(NamedTuple):
    """Why two records may be one happening. `first` is the earlier one; `score` is from 0 to 100."""

    first: str
    second: str
    certain: bool
    score: int
    reasons: tuple[str, ...]
    overlap_minutes: int
    gap_minutes: int
    distance_metres: int | None
    review: str = ""

    def told(self) -> dict[str, object]:
        """As the activity's document says it: "joined because …"."""
        told: dict[str, object] = {
            "records": [self.first, self.second],
            "score": self.score,
            "because": [*self.reasons],
        }
        told["overlap_minutes"] = self.overlap_minutes
        if self.gap_minutes:
            told["gap_minutes"] = self.gap_minutes
        if self.distance_metres is not None:
            told["distance_metres"] = self.distance_metres
        if self.review:
            told["review"] = self.review
        return told


class Decision(NamedTuple):
    """A person's decision. `order` sorts decisions by time; the records that it names belong together, or `about` apart from each of the
    others (without it, each from each)."""

    order: str
    review: str
    join: bool
    records: frozenset[str]
    about: str = ""


class Group(NamedTuple):
    """Records of one happening, the earliest first; why they were joined, and which other groups may belong to it."""

    records: tuple[str, ...]
    links: tuple[Link, ...]
    suggestions: tuple[Link, ...]


def group(
    records: Sequence[Happening], decisions: Iterable[Decision] = (), *, crowded: Collection[str] = ()
) -> list[Group]:
    """The groups, by their earliest record. In the buckets of `crowded`, and with the records of a branch and day that it names
    (`call_key`), only decisions join."""
    ordered = sorted(records, key=_order)
    sets = _Sets([one.id for one in ordered])
    buckets: dict[str, list[Happening]] = defaultdict(list)
    for one in ordered:
        if one.bucket not in crowded:
            buckets[one.bucket].append(one)
    links = [link for bucket in buckets.values() for link in _links(bucket)]
    links += _links_between([one for one in ordered if one.bucket not in crowded], crowded)
    used = sets.decide(sorted(decisions, reverse=True))
    for link in sorted((one for one in links if one.certain), key=lambda one: (-one.score, one.first, one.second)):
        if sets.unite(link.first, link.second):
            used.append(link)
    open_links = [link for link in links if sets.may_unite(link.first, link.second)]
    return _groups(ordered, sets, used, open_links)


def judge(one: Happening, other: Happening) -> Link | None:
    """What speaks for the two being one happening; None when nothing does, or something speaks against it."""
    called = is_called(one, other)
    if (one.bucket != other.bucket and not called) or (
        one.kind and other.kind and one.kind != other.kind and one.of == "service"
    ):
        return None
    if one.of == "service" and one.about and other.about and one.about != other.about:
        return None
    first, second = sorted((one, other), key=_order)
    between = min(first.end, second.end) - second.start
    overlap, gap = max(between, 0) // 60, max(-between, 0) // 60
    metres = distance(first.place, second.place)
    apart = metres is not None and metres > NEAR_METRES + accuracy(first.place) + accuracy(second.place)
    named = (first.author in second.people) + (second.author in first.people)
    shorter = min(first.end - first.start, second.end - second.start)
    meets = between >= 0 and (overlap >= OVERLAP_MINUTES_MIN or between * 2 >= shorter)
    same_kind = one.kind == other.kind or not one.kind or not other.kind
    same_subject = bool(one.subject) and one.subject == other.subject
    other_subject = bool(one.subject and other.subject) and not same_subject
    placed = same_subject or named > 0 or (metres is not None and not apart) or _same_title(one, other)
    if one.author == other.author:
        # One person's two records are two happenings, unless they lie over each other: then it may be a slip.
        if not meets:
            return None
        certain = False
    elif not same_kind:
        if not meets:
            return None
        certain = False
    else:
        same_case = bool(one.case) and one.case == other.case
        # Two branches may each have a subject of their own for one place; that two differ must not be overlooked.
        placed = placed and (not other_subject or named > 0 or same_case)
        certain = not apart and placed and (meets or same_case or (named > 0 and gap <= NAMED_GAP_MINUTES_MAX))
        near_enough = between >= 0 or (same_subject and gap <= SUGGESTED_GAP_MINUTES_MAX)
        if not certain and not near_enough:
            return None
    reasons = _reasons(one, other, named, between, metres, apart)
    reasons += ("party_named",) * called + ("other_subject",) * other_subject
    return Link(
        first.id,
        second.id,
        certain,
        _score(max(between, 0), shorter, named, metres, apart),
        reasons,
        overlap,
        gap,
        metres,
    )


def is_called(one: Happening, other: Happening) -> bool:
    """Whether one of two branches' records of a day says that the other's branch took part."""
    if one.branch == other.branch or (one.of, one.day) != (other.of, other.day):
        return False
    return other.branch in one.parties or one.branch in other.parties


def call_key(of: str, day: str, branch: str) -> str:
    """Stands for all records of a type that a branch made on a day: what a record is compared with that names this branch."""
    return f"{of} {day} {branch}"


def minutes_of(spans: Iterable[tuple[int, int]]) -> int:
    """Minutes that the spans cover together, however they overlap."""
    covered, until = 0, 0
    for start, end in sorted(spans):
        covered += max(0, end - max(start, until))
        until = max(until, end)
    return covered // 60


class _Sets:
    """Records in disjoint sets, some of which may not become one."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._set = {one: {one} for one in ids}
        self._apart: dict[str, set[str]] = defaultdict(set)

    def decide(self, decisions: Iterable[Decision]) -> list[Link]:
        """Apply decisions, the latest first: an earlier one has no say against a later one."""
        used: list[Link] = []
        for decision in decisions:
            named = sorted(one for one in decision.records if one in self._set)
            for at, first in enumerate(named):
                for second in named[at + 1 :]:
                    if not decision.join:
                        if decision.about in ("", first, second):
                            self._part(first, second)
                    elif self.unite(first, second):
                        used.append(Link(first, second, True, 100, ("decided",), 0, 0, None, decision.review))
        return used

    def may_unite(self, first: str, second: str) -> bool:
        one, other = self._set[first], self._set[second]
        return one is not other and not any(self._apart[name] & other for name in one if name in self._apart)

    def unite(self, first: str, second: str) -> bool:
        if not self.may_unite(first, second):
            return False
        both = self._set[first] | self._set[second]
        for name in both:
            self._set[name] = both
        return True

    def of(self, name: str) -> set[str]:
        return self._set[name]

    def _part(self, first: str, second: str) -> None:
        if self._set[first] is not self._set[second]:
            self._apart[first].add(second)
            self._apart[second].add(first)


def _groups(ordered: Sequence[Happening], sets: _Sets, used: list[Link], open_links: list[Link]) -> list[Group]:
    anchors: dict[str, str] = {}
    members: dict[str, list[str]] = {}
    for one in ordered:
        anchor = next((anchors[name] for name in sets.of(one.id) if name in anchors), one.id)
        anchors[one.id] = anchor
        members.setdefault(anchor, []).append(one.id)
    links: dict[str, list[Link]] = defaultdict(list)
    for link in used:
        links[anchors[link.first]].append(link)
    best: dict[tuple[str, str], Link] = {}
    for link in sorted(open_links, key=lambda one: (one.score, one.second, one.first)):
        best[anchors[link.first], anchors[link.second]] = link
    suggestions: dict[str, list[Link]] = defaultdict(list)
    for (first, second), link in best.items():
        suggestions[first].append(link)
        suggestions[second].append(link)
    return [
        Group(tuple(names), tuple(sorted(links[anchor])), tuple(sorted(suggestions[anchor])))
        for anchor, names in members.items()
    ]


def _links(ordered: Sequence[Happening]) -> Iterator[Link]:
    for at, one in enumerate(ordered):
        for other in ordered[at + 1 : at + 1 + COMPARED_MAX]:
            link = judge(one, other)
            if link is not None:
                yield link


def _links_between(ordered: Sequence[Happening], crowded: Collection[str]) -> Iterator[Link]:
    """Across buckets: of records that name another branch with those of that branch."""
    seen: set[tuple[str, str]] = set()
    for one in (one for one in ordered if one.parties):
        for other in ordered:
            pair = (min(one.id, other.id), max(one.id, other.id))
            if other.bucket == one.bucket or other.branch not in one.parties or pair in seen:
                continue
            if not is_called(one, other) or call_key(other.of, other.day, other.branch) in crowded:
                continue
            seen.add(pair)
            link = judge(one, other)
            if link is not None:
                yield link


def _order(one: Happening) -> tuple[int, str]:
    return one.start, one.id


def _same_title(one: Happening, other: Happening) -> bool:
    return bool(one.about) and one.about == other.about


def _score(overlap_seconds: int, shorter: int, named: int, metres: int | None, apart: bool) -> int:
    share = 50 if shorter < 60 else min(50, 50 * overlap_seconds // shorter)
    return share + 15 * named + (20 if metres is not None and not apart else 0)


def _reasons(
    one: Happening, other: Happening, named: int, between: int, metres: int | None, apart: bool
) -> tuple[str, ...]:
    """Codes of what was found, for and against; the screens have words for them."""
    found = [
        ("same_subject", bool(one.subject) and one.subject == other.subject),
        ("same_case", bool(one.case) and one.case == other.case),
        ("same_title", _same_title(one, other)),
        ("overlap", between >= 0),
        ("gap", between < 0),
        ("named_each_other", named == 2),
        ("named_one_another", named == 1),
        ("near", metres is not None and not apart),
        ("far", apart),
        ("other_kind", bool(one.kind and other.kind and one.kind != other.kind)),
        ("same_author", one.author == other.author),
    ]
    return tuple(code for code, holds in found if holds)
