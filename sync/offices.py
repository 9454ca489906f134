"""Decide who sits on a branch's committee and as what: what of a term that is to be written would be wrong, and which terms end when a
member leaves the branch (DK115, DK116). Pure: takes the fields of a branch."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

SINGLE = ("secretary",)
"""Offices that one person holds at a time."""
_FOREVER = "9999-12-31"


class Term(NamedTuple):
    """Somebody's time in an office; `last` None: it goes on."""

    item: str
    member: str
    office: str
    first: str
    last: str | None

    def meets(self, other: "Term") -> bool:
        """Whether they share a day."""
        return self.first <= (other.last or _FOREVER) and other.first <= (self.last or _FOREVER)


class Wrong(NamedTuple):
    field: str
    zh: str
    en: str


def terms(fields: Mapping[str, Any]) -> list[Term]:
    """Those that were not taken out, the latest first."""
    items: dict[str, dict[str, Any]] = defaultdict(dict)
    for path, value in fields.items():
        head, _, rest = path.partition("/")
        if head == "offices":
            item, _, part = rest.partition("/")
            items[item][part] = value
    found = []
    for item, told in items.items():
        days = told.get("days")
        named = isinstance(told.get("member"), str) and isinstance(told.get("office"), str)
        if named and isinstance(days, list) and len(days) == 2 and not told.get("withdrawn"):
            found.append(Term(item, told["member"], told["office"], str(days[0] or ""), days[1]))
    return sorted(found, key=lambda one: (one.first, one.item), reverse=True)


def written(term: Term) -> dict[str, Any]:
    """The fields that say it."""
    at = f"offices/{term.item}"
    return {f"{at}/member": term.member, f"{at}/office": term.office, f"{at}/days": [term.first, term.last]}


def wrong(term: Term, others: Iterable[Term], names: Mapping[str, str] | None = None) -> list[Wrong]:
    """What of a term does not go with the others of its branch. `names`: what members are called."""
    found = []
    for one in others:
        if one.item == term.item or not one.meets(term) or one.office != term.office:
            continue
        zh, en = (f"{one.first} – {one.last}",) * 2 if one.last else (f"{one.first} 起", f"from {one.first}")
        who = (names or {}).get(one.member) or one.member
        if one.member == term.member:
            found.append(Wrong("member", f"此人这段时间已任此职（{zh}）", f"holds this office then already ({en})"))
        elif term.office in SINGLE:
            told = f"{who}任此职（{zh}），同时只能有一人：请用“接替”，或先写明其卸任日期"
            found.append(Wrong("office", told, f"is held by {who} ({en}), one at a time: replace, or end that first"))
    return found


def taken_over(term: Term, first: str) -> Term | None:
    """A term as it ends on the day before another begins; None where it began no earlier."""
    last = (date.fromisoformat(first) - timedelta(days=1)).isoformat()
    return term._replace(last=last) if term.first <= last else None


def ended(fields: Mapping[str, Any], member: str, last: str) -> dict[str, Any]:
    """What is written when a member leaves the branch: what still goes on then ends on the last day there. What would only have begun
    later ends on the day on which it would have begun."""
    told: dict[str, Any] = {}
    for one in terms(fields):
        if one.member == member and (one.last is None or one.last > last):
            told[f"offices/{one.item}/days"] = [one.first, max(one.first, last)]
    return told
