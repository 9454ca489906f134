"""Decide what one activity contributes to the figures, row by row, and what in it is to be done by a day (LG4 to LG7, FG4). Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sync.ledger.contribution import OPEN, Base, Contribution, Promise
from sync.ledger.facts import Facts, local_day
from sync.ledger.problems import Outcome
from sync.ledger.stages import VALUES, Kept, kept, reached


class Part(NamedTuple):
    """A record of the activity. `problems`: what became of each, by item; `ratings`: (when, rating, score), in any order."""

    id: str
    facts: Facts
    problems: Mapping[str, Outcome]
    ratings: Sequence[tuple[str, str, int]]
    approved: bool


Attendance = Mapping[str, tuple[int, Part]]
"""Each participant's minutes, and the record that credits them."""


class Counting(NamedTuple):
    """One activity: its records, the earliest first; the branches credited; the subject that aliases lead to. Its kind is one,
    whatever its records say, so that figures by kind add up."""

    parts: Sequence[Part]
    branches: Sequence[str]
    kind: str
    subject: str
    attendance: Attendance
    zone: ZoneInfo

    def rows(self) -> tuple[list[Contribution], list[Promise]]:
        told, due = [*self._activity(), *self._problems()], self._due_problems()
        of = self.parts[0].facts.of
        if of == "service":
            promised = self._kept()
            told += self._service(promised)
            if promised is not None:
                due.append(self._due_service(*promised))
        elif of == "event":
            told += self._votes()
        return told, due

    def _due_problems(self) -> list[Promise]:
        rows = []
        for part in self.parts:
            for problem in part.facts.problems:
                told = part.problems[problem.item]
                last = max((one.day for one in told.followed), default="")
                rows.append(
                    self._promise(
                        "problem",
                        part,
                        problem.item,
                        told.owner,
                        due=told.due,
                        closed=told.closed,
                        state=told.state,
                        timely="",
                        value=problem.severity,
                        last=last,
                    )
                )
        return rows

    def _due_service(self, part: Part, promised: Kept) -> Promise:
        return self._promise(
            "service",
            part,
            "",
            part.facts.author,
            due=local_day(promised.promised, self.zone),
            closed=OPEN if promised.done is None else local_day(promised.done, self.zone),
            state=reached(part.facts.stages),
            timely=promised.timely or "",
            value=1,
            last="",
        )

    def _activity(self) -> Iterator[Contribution]:
        for branch in self.branches:
            own = next((part for part in self.parts if part.facts.branch == branch), self.parts[0])
            yield self._row(Base.ACTIVITY, own, 1, branch=branch)
        for name, (minutes, part) in self.attendance.items():
            yield self._row(Base.ATTENDANCE, part, minutes, member=name)

    def _problems(self) -> Iterator[Contribution]:
        for part in self.parts:
            for problem in part.facts.problems:
                told = part.problems[problem.item]
                yield self._row(Base.PROBLEM, part, problem.severity, member=part.facts.author, item=problem.item)
                if told.state == "solved":
                    yield self._row(Base.SOLUTION, part, 1, member=told.owner, item=problem.item, day=told.closed)

    def _service(self, promised: tuple[Part, Kept] | None) -> Iterator[Contribution]:
        """One service told by two is one service: it has the matters of the record that counts most, the first rating that was given,
        and the first answer of a call-back."""
        most = max(self.parts, key=lambda part: part.facts.matters)
        yield self._row(Base.MATTERS, most, most.facts.matters, member=most.facts.author)
        ratings = sorted((*rating, part.id, part) for part in self.parts for rating in part.ratings)
        for at, (_, rating, score, _, part) in enumerate(ratings):
            if at == 0:
                yield from self._credited(Base.RATING, part, score, item=rating)
            else:
                yield self._row(Base.REPEATED_RATING, part, score, member=part.facts.author, item=rating)
        called = next((part for part in self.parts if part.facts.called_back), None)
        if called is not None:
            yield from self._credited(Base.CALLED_BACK, called, int(called.facts.called_back == "satisfied"))
        if promised is not None and promised[1].done is not None and promised[1].timely is not None:
            day = local_day(promised[1].done, self.zone)
            yield from self._credited(Base.PROMISE_KEPT, promised[0], VALUES[promised[1].timely], day=day)

    def _votes(self) -> Iterator[Contribution]:
        most = max(self.parts, key=lambda part: part.facts.votes)
        if most.facts.votes:
            yield self._row(Base.VOTES, most, most.facts.votes, member=most.facts.author)
            satisfied = min(most.facts.satisfied, most.facts.votes)
            yield self._row(Base.SATISFIED_VOTES, most, satisfied, member=most.facts.author)

    def _kept(self) -> tuple[Part, Kept] | None:
        """The earliest record that tells what was promised; one that tells of the conclusion too before one that does not."""
        told = [(part, found) for part in self.parts if (found := kept(part.facts.stages, self.zone)) is not None]
        return next((one for one in told if one[1].done is not None), told[0] if told else None)

    def _credited(self, base: Base, part: Part, value: int, *, item: str = "", day: str = "") -> Iterator[Contribution]:
        """As the activity itself is credited: to everybody who took part, and to branches of which nobody did. So a share of the
        services of a member, window or branch is one of the same services."""
        there = set()
        for name, (_, own) in self.attendance.items():
            there.add(own.facts.branch)
            yield self._row(base, part, value, branch=own.facts.branch, member=name, item=item, day=day)
        for branch in self.branches:
            if branch not in there:
                yield self._row(base, part, value, branch=branch, item=item, day=day)

    def _row(
        self, base: Base, part: Part, value: int, *, branch: str = "", member: str = "", item: str = "", day: str = ""
    ) -> Contribution:
        of = part.facts
        return Contribution(
            base,
            part.id,
            item,
            branch or of.branch,
            member,
            of.window,
            of.of,
            self.kind,
            self.subject,
            day or self.parts[0].facts.day,
            value,
        )

    def _promise(
        self,
        of: str,
        part: Part,
        item: str,
        owner: str,
        *,
        due: str,
        closed: str,
        state: str,
        timely: str,
        value: int,
        last: str,
    ) -> Promise:
        facts = part.facts
        what = (of, part.id, item, facts.branch, owner, facts.window, self.kind, self.subject, facts.day)
        return Promise(*what, due, closed, state, timely, value, last)
