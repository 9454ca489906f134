"""Decide what one happening leaves behind: the record that a member makes of it, a colleague's own record of the same, edits
made later or on two tablets, a rating; and now and then a mistake.

Documents are as a tablet pushes them: with `_id`, `_rev`, `_revisions`, stamps and the forms' versions.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from schemas import TYPES, readers, rule_of
from server.demo import texts
from server.demo.centre import ZONE, Branch, Centre, Member, Subject
from server.demo.dice import Dice
from server.demo.rhythm import SURVEY, Work
from sync.reconcile.cases import State, Survey, case_of, findings_of, state_of
from sync.reconcile.edit import edit

TWICE, FLAWED, EDITED, ON_TWO_TABLETS, RATED, JOINT, AWAITED = 0.12, 0.003, 0.02, 0.004, 0.99, 0.06, 0.15
"""Shares: of what several did, recorded by two of them; of records with a mistake; changed later; changed on two tablets
without knowing of each other; of services rated; of surveys made by several branches together."""
RATED_AGAIN, UNDER_WAY, LATE, URGED = 0.01, 0.15, 0.02, 0.12
"""Shares: of rated services rated once more; of services with a promised time concluded only on a later day, and late; of open
problems that the secretary assigns to somebody."""
OPEN_PROBLEMS_MAX = 60
_CHECKLIST = ("premises", "area", "facilities", "safety", "documents")
_CHECKLIST_TEXTS = (
    "场所与申报地址一致",
    "面积与布局符合要求",
    "设施设备符合要求",
    "消防与安全符合要求",
    "现场材料齐全",
)
_WITH_PROBLEMS = {"assist": 0.3, "link": 0.12, "enterprise": 0.3, "project": 0.25, "hotline": 0.9, "village": 0.15}
_NOT_RATED_BY = ("project",)
_PERSONAL = ("household", "resident")

_sorted = msgspec.json.Encoder(order="sorted").encode


class Made(NamedTuple):
    """A revision: where it goes, the document, the member who pushes it (None: an administrator). `counted`: a new field
    record; `flaw`: the code of the problem that was put into it on purpose."""

    db: str
    doc: dict[str, Any]
    author: Member | None
    counted: bool = False
    flaw: str = ""


class Problem(NamedTuple):
    """A problem that is still open."""

    record: str
    item: str
    subject: Subject
    result: str
    since: date


class Done(NamedTuple):
    """What somebody did, alone or with others; local minutes of the day."""

    work: Work
    branch: Branch
    author: Member
    others: list[Member]
    subject: Subject | None
    begins: int
    ends: int


@dataclass(slots=True)
class Maker:
    """Makes what happens in one centre. Remembers of earlier days no more than some open problems of each branch."""

    centre: Centre
    dice: Dice
    day: date = date.min
    until: date = date.max
    open: dict[str, deque[Problem]] = field(default_factory=dict)

    def happening(self, work: Work, room: int) -> Iterator[Made]:
        """All that comes of one happening: at least one and at most `room` counted records."""
        dice = self.dice
        branch = dice.pick(self.centre.branches)
        author = dice.weighted(branch.by_work)
        subject = self._subject(work, branch, author)
        count = dice.pick(work.others)
        others = [one for one in dice.some(branch.members, count + 1) if one is not author][:count]
        if work.type == "survey" and room > 1 and dice.chance(JOINT):
            assert subject is not None
            yield from self._joint(work, branch, author, subject, room, dice.chance(AWAITED))
            return
        begins = dice.between(*work.begins)
        done = Done(work, branch, author, others, subject, begins, begins + dice.between(*work.lasts))
        fields = self._fields(done)
        yield from self._recorded(done, branch.db, fields)
        if others and room > 1 and dice.chance(TWICE):
            begins, ends = done.begins + dice.between(-3, 3), done.ends + dice.between(-4, 6)
            named = [author, *others[1:]] if dice.chance(0.7) else []
            theirs = done._replace(author=others[0], others=named, begins=begins, ends=ends)
            own = self._fields(theirs, problems=False)
            own |= {path: fields[path] for path in ("title", "matter", "matter_kind") if path in fields}
            yield from self._recorded(theirs._replace(ends=done.ends), branch.db, own, plain=True)

    def _subject(self, work: Work, branch: Branch, author: Member) -> Subject | None:
        if not work.subjects:
            return None
        kind = self.dice.pick(work.subjects)
        if kind == "branch":
            own = self.dice.pick(self.centre.branches)
            at = own.subjects["village"][0].place
            return Subject(f"branch:{own.id}", "branch", own.name, "政务服务大厅", at, branch.db, own.id)
        if kind == "resident":
            linked = branch.linked.get(author.id)
            if linked:
                return self.dice.pick(linked)
        known = branch.subjects.get(kind) or branch.subjects["village"]
        return self.dice.pick(known)

    def _fields(self, done: Done, *, problems: bool = True) -> dict[str, Any]:
        work, subject = done.work, done.subject
        dice = self.dice
        fields: dict[str, Any] = {"subject": subject.id} if subject else {}
        fields |= {"kind": work.kind} if work.type != "survey" else {}
        fields["period"] = [self._instant(done.begins), self._instant(done.ends)]
        fields |= {f"participants/{one.id}": True for one in (done.author, *done.others)}
        if subject is not None:
            fields["address"] = subject.address
            if dice.chance(0.8):
                x, y = subject.place
                fields["place"] = [x + dice.between(-900, 900), y + dice.between(-900, 900), dice.between(4, 40)]
        _FILL[work.type](self, fields, done)
        if problems and work.type == "visit":
            self._problems(fields, done)
        if subject is not None and subject.kind in _PERSONAL:
            fields["privacy"] = "consent" if dice.chance(0.2) else "notice"
            fields["keep_until"] = f"{self.day.year + 3}-12-31"
        return fields

    def _visit(self, fields: dict[str, Any], done: Done) -> None:
        work, others, subject = done.work, done.others, done.subject
        assert subject is not None
        fields |= texts.visit(self.dice, work.kind, subject.name)
        if work.kind in ("enterprise", "project", "adviser"):
            fields["advised"] = self.dice.between(1, 6)
        if others and self.dice.chance(0.15):
            fields[f"parts/{others[0].id}/text"] = self.dice.pick(texts.PARTS)

    def _service(self, fields: dict[str, Any], done: Done) -> None:
        work, author, subject = done.work, done.author, done.subject
        dice = self.dice
        matter, told, result = texts.service(dice, subject is not None and subject.kind in ("enterprise", "project"))
        committed = dice.chance(0.45)
        fields |= {"matter": matter, "matter_kind": "committed" if committed else "instant", "narrative": told}
        fields |= {"window": f"window:{author.window}", "result": result}
        if subject is not None and subject.kind == "enterprise":
            fields |= {"matters": dice.pick((1, 1, 1, 2, 3, 5)), "advised": dice.pick((1, 1, 2, 3))}
        earlier = dice.between(1, 9) if committed else 0
        received = self._instant(done.ends - 1 if not committed else dice.between(520, 1000), -earlier)
        fields["stages/received/actual"] = received
        fields["stages/received/by"] = author.id
        if committed:
            self._stages(fields, author, earlier)
        else:
            fields["stages/concluded/actual"] = fields["period"][1]
        if work.kind == "certificate_delivered" and "stages/concluded/actual" in fields:
            fields["stages/delivered/actual"] = fields["period"][1]
        if dice.chance(0.05):
            fields["called_back"] = "satisfied" if dice.chance(0.997) else "not_satisfied"

    def _stages(self, fields: dict[str, Any], author: Member, earlier: int) -> None:
        """A matter with a promised time goes through its stages: some early, most on time, a few late or still under way."""
        dice, late, under_way = self.dice, self.dice.chance(LATE), self.dice.chance(UNDER_WAY)
        days = dice.between(4, 9) if under_way else -dice.between(1, 3) if late else dice.between(0, 5)
        fields["stages/concluded/promised"] = self._hour(17, days)
        fields["stages/examined/promised"] = self._hour(17, 1 - earlier)
        began = dice.between(1020, 1040)
        for at, stage in enumerate(("examined", "reviewed", "decided")):
            fields[f"stages/{stage}/actual"] = self._instant(began + at * 10, -earlier)
        fields["stages/examined/by"] = author.id
        if not under_way:
            fields["stages/concluded/actual"] = fields["period"][1]
            fields["stages/concluded/by"] = author.id

    def _survey(self, fields: dict[str, Any], done: Done) -> None:
        author, ends = done.author, done.ends
        dice = self.dice
        told, amiss, needed = texts.survey(dice)
        fields |= {"matter": dice.pick(texts.SURVEY_MATTERS), "window": f"window:{author.window}", "narrative": told}
        worst = dice.pick(("pass", "pass", "pass", "remedy", "remedy", "fail") if dice.chance(0.7) else ("pass",))
        for code in _CHECKLIST:
            fields[f"findings/{code}/finding"] = "pass"
        if worst != "pass":
            code = dice.pick(_CHECKLIST)
            fields[f"findings/{code}/finding"] = worst
            fields[f"findings/{code}/text"] = amiss
            fields[f"needs/{dice.id(self._ms(ends))}/text"] = needed
        fields["conclusion"] = worst
        fields["conclusion_text"] = {"pass": "符合条件，同意通过。", "remedy": f"{amiss}，整改后通过。"}.get(
            worst, f"{amiss}，不予通过，可整改后重新申请。"
        )

    def _event(self, fields: dict[str, Any], done: Done) -> None:
        work, branch = done.work, done.branch
        dice = self.dice
        fields["title"], fields["narrative"] = texts.event(dice, work.kind)
        if work.kind in ("members_meeting", "committee_meeting", "group_meeting"):
            fields["agenda"], resolution = texts.agenda(dice)
            fields["host"] = branch.holding("secretary")[0].id
            if work.kind != "group_meeting":
                fields["resolution"] = resolution
            absent = [one for one in dice.some(branch.members, 2) if f"participants/{one.id}" not in fields]
            fields |= {f"absent/{one.id}": True for one in absent[: dice.below(2)]}
        if work.kind in ("study", "party_lecture", "training", "theme_day"):
            fields["study_minutes"] = dice.pick((45, 60, 90))
        if work.kind == "party_lecture":
            fields["lecturer"] = branch.holding("secretary")[0].name
        if work.kind == "organisational_life":
            votes = dice.between(10, 24)
            fields |= {"votes": votes, "satisfied": votes - dice.pick((0, 0, 0, 1))}
        if work.kind in ("clean_up", "volunteer", "training", "theme_day") and dice.chance(0.4):
            fields["others"] = dice.between(1, 12)

    def _problems(self, fields: dict[str, Any], done: Done) -> None:
        """Problems found now; one found earlier is followed up."""
        work, branch, author, ends = done.work, done.branch, done.author, done.ends
        dice, still = self.dice, self.open.setdefault(branch.id, deque(maxlen=OPEN_PROBLEMS_MAX))
        if still and dice.chance(0.2) and still[0].since < self.day:
            known = still.popleft()
            item = f"follow_ups/{dice.id(self._ms(ends))}"
            solved = dice.chance(0.8)
            fields |= {f"{item}/problem": f"{known.record}#{known.item}", f"{item}/text": dice.pick(texts.FOLLOW_UPS)}
            fields |= {f"{item}/state": "solved" if solved else "in_hand", f"{item}/at": fields["period"][1]}
            fields[f"{item}/by"] = author.id
            if solved:
                fields[f"{item}/result"] = f"{known.result}。"
            else:
                still.append(known._replace(since=self.day))
        if not dice.chance(_WITH_PROBLEMS.get(work.kind, 0.08)):
            return
        known_as = work.kind if work.kind in texts.PROBLEMS else "link" if work.kind == "call_back" else "other"
        for text, result in dice.some(texts.PROBLEMS[known_as], 2 if dice.chance(0.1) else 1):
            item = dice.id(self._ms(ends))
            path = f"problems/{item}"
            state = dice.pick(("solved", "solved", "in_hand", "open", "open"))
            fields |= {
                f"{path}/text": f"{text}。",
                f"{path}/state": state,
                f"{path}/severity": dice.pick((1, 1, 1, 2, 2, 3)),
            }
            fields |= {
                f"{path}/owner": author.id,
                f"{path}/due": (self.day + timedelta(days=dice.between(3, 30))).isoformat(),
            }
            if dice.chance(0.4):
                fields[f"{path}/unit"] = f"unit:{author.unit}"
            if state == "solved":
                fields |= {f"{path}/result": f"{result}。", f"{path}/solved": fields["period"][1]}

    def _recorded(self, done: Done, db: str, fields: dict[str, Any], *, plain: bool = False) -> Iterator[Made]:
        """The record itself, and what follows on it."""
        work, branch, author, subject = done.work, done.branch, done.author, done.subject
        dice = self.dice
        ms = self._ms(done.ends + dice.between(1, 25))
        record = f"{work.type}:{dice.id(ms)}"
        body = self._body(record, work.type, branch, author, fields, ms)
        flaw = self._spoil(fields) if dice.chance(FLAWED) else ""
        first = revision(body, ())
        yield Made(db, first, author, True, flaw)
        if flaw:
            return
        for path, state in list(fields.items()):
            if path.startswith("problems/") and path.endswith("/state") and state != "solved" and subject is not None:
                result = dice.pick(texts.PROBLEMS.get(work.kind, texts.PROBLEMS["other"]))[1]
                item = path.split("/")[1]
                self.open[branch.id].append(Problem(record, item, subject, result, self.day))
                if dice.chance(URGED):
                    yield Made(db, self._urged(body, item, branch, ms), branch.holding("secretary")[0])
        if work.type == "service" and subject and subject.kind not in _NOT_RATED_BY and dice.chance(RATED):
            yield Made(db, self._rating(body, branch, author, ms), author)
            if dice.chance(RATED_AGAIN):
                yield Made(db, self._rating(body, branch, author, ms, later=dice.between(5, 90)), author)
        if "stages/concluded/promised" in fields and "stages/concluded/actual" not in fields:
            yield from self._concluded(db, body, first["_rev"], author)
        elif not plain and done.others and dice.chance(ON_TWO_TABLETS):
            yield from self._on_two_tablets(db, body, first["_rev"], author, done.others[0], ms)
        elif dice.chance(EDITED):
            changed = {"narrative": f"{fields.get('narrative', '')}{dice.pick(texts.FOLLOW_UPS)}"}
            yield Made(db, self._edited(body, first["_rev"], author, ms, changed), author)

    def _on_two_tablets(
        self, db: str, body: dict[str, Any], rev: str, author: Member, other: Member, ms: int
    ) -> Iterator[Made]:
        """The author and a participant change the record, neither knowing of the other: two leaves."""
        dice, item = self.dice, f"problems/{self.dice.id(ms)}"
        told = {"narrative": f"{body['fields'].get('narrative', '')}{dice.pick(texts.OUTCOMES)}。"}
        yield Made(db, self._edited(body, rev, author, ms, told), author)
        (text, _) = dice.pick(texts.PROBLEMS["other"])
        added = {f"{item}/text": f"{text}。", f"{item}/state": "open", f"parts/{other.id}/text": dice.pick(texts.PARTS)}
        yield Made(db, self._edited(body, rev, other, ms, added), other)

    def _concluded(self, db: str, body: dict[str, Any], rev: str, author: Member) -> Iterator[Made]:
        """A matter that was under way is concluded some days later, unless that day has not come."""
        days = self.dice.between(2, 7)
        if self.day + timedelta(days=days) < self.until:
            told = {"stages/concluded/actual": self._instant(540, days), "stages/concluded/by": author.id}
            yield Made(db, self._edited(body, rev, author, self._ms(541, days), told), author)

    def _edited(self, body: dict[str, Any], rev: str, by: Member, ms: int, changes: dict[str, Any]) -> dict[str, Any]:
        later = ms + self.dice.between(20, 600) * 60_000
        return self._changed(body, rev, self._stamp(later, by), changes)

    def _changed(self, body: dict[str, Any], rev: str, stamp: str, changes: dict[str, Any]) -> dict[str, Any]:
        leaf = {name: value for name, value in body.items() if not name.startswith("_")}
        changed = edit([leaf], changes, stamp, rule_of=rule_of)
        return revision({"_id": body["_id"], **changed}, (rev,))

    def joint(self, room: int, awaited: bool) -> Iterator[Made]:
        """A joint survey of this day; `awaited`: one of its parties has not been heard of yet."""
        branch = self.dice.pick(self.centre.branches)
        subject = self._subject(SURVEY, branch, branch.members[0])
        assert subject is not None
        yield from self._joint(SURVEY, branch, self.dice.weighted(branch.by_work), subject, room, awaited)

    def _joint(
        self, work: Work, branch: Branch, author: Member, subject: Subject, room: int, awaited: bool
    ) -> Iterator[Made]:
        """Several branches survey one site: a case that tells everything once, a finding of each, one conclusion."""
        dice = self.dice
        guests = [one for one in dice.some(self.centre.branches, 3) if one is not branch][: min(2, room - 1)]
        begins = dice.between(*work.begins)
        ends = begins + dice.between(*work.lasts)
        matter, ms = dice.pick(texts.SURVEY_MATTERS), self._ms(begins, -dice.between(2, 6))
        parties = {f"parties/{one.id}": True for one in (branch, *guests)}
        case = f"case:{dice.id(ms)}"
        fields = {"subject": subject.id, "matter": matter, **parties, "announced": self._instant(540, -2)}
        fields |= {f"checklist/{code}/text": text for code, text in zip(_CHECKLIST, _CHECKLIST_TEXTS, strict=True)}
        fields |= {f"needs/{dice.id(ms)}/text": "营业执照与平面布局图各一份", "limit": self._hour(17, 8)}
        told = revision(self._body(case, "case", branch, author, fields, ms), ())
        yield Made("shared", told, author)
        surveys = []
        for own in (branch, *guests[: len(guests) - awaited]):
            who = author if own is branch else dice.weighted(own.by_work)
            done = Done(work, own, who, [], subject, begins + dice.between(0, 6), ends)
            found = self._fields(done) | {"matter": matter, "case": case, **parties}
            for made in self._recorded(done, "shared", found, plain=True):
                if made.counted:
                    standing = "flagged" if made.flaw else "counted"
                    surveys.append(Survey(made.doc["_id"], own.id, standing, False, findings_of(made.doc)))
                yield made
        state = state_of(case_of(told), surveys, "")
        if state.stands == "ready" and self.day + timedelta(days=1) < self.until:
            yield Made("shared", self._issued(told, author, self._ms(ends, 1), state), author)

    def _issued(self, case: dict[str, Any], author: Member, ms: int, state: State) -> dict[str, Any]:
        """The conclusion of a joint survey, issued by the lead the day after: the gravest of what was found."""
        found = {cell.finding for cell in state.cells}
        worst = next((one for one in ("fail", "remedy") if one in found), "pass")
        told = {
            "pass": "各方意见一致，同意通过。",
            "remedy": "按各方意见整改后通过。",
            "fail": "不予通过，整改后可重新申请。",
        }
        issued = datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        changes = {"conclusion": worst, "conclusion_text": told[worst], "issued": issued}
        changes["basis"] = msgspec.to_builtins(state.cells)
        return self._changed(case, case["_rev"], self._stamp(ms, author), changes)

    def _urged(self, record: dict[str, Any], item: str, branch: Branch, ms: int) -> dict[str, Any]:
        """The secretary makes a member answer for a problem, until a day."""
        dice, secretary = self.dice, branch.holding("secretary")[0]
        fields = {"kind": "problem", "member": dice.pick(branch.members).id, "record": record["_id"], "state": "given"}
        fields |= {"problem": f"{record['_id']}#{item}", "text": "请跟踪督办，到期前反馈办理结果。"}
        fields["days"] = [self.day.isoformat(), (self.day + timedelta(days=dice.between(5, 20))).isoformat()]
        fields |= {f"readers/{one}": True for one in sorted(readers(record))}
        later = ms + dice.between(30, 600) * 60_000
        return revision(self._body(f"assignment:{dice.id(later)}", "assignment", branch, secretary, fields, later), ())

    def _rating(
        self, record: dict[str, Any], branch: Branch, author: Member, ms: int, later: int = 0
    ) -> dict[str, Any]:
        """`later`: minutes after the service."""
        dice = self.dice
        score = dice.pick((5,) * 180 + (4,) * 17 + (3, 3, 2)) if dice.chance(0.98) else dice.pick((4, 3))
        fields = {
            "record": record["_id"],
            "score": score,
            "channel": dice.pick(("hand_over", "hand_over", "code", "card")),
        }
        given = datetime.fromisoformat(record["fields"]["period"][1]) + timedelta(minutes=later)
        fields["at"] = given.strftime("%Y-%m-%dT%H:%M:%SZ")
        if dice.chance(0.08):
            fields["comment"] = dice.pick(texts.REMARKS)
        fields |= {f"readers/{one}": True for one in sorted(readers(record))}
        return revision(self._body(f"rating:{dice.id(ms)}", "rating", branch, author, fields, ms), ())

    def _spoil(self, fields: dict[str, Any]) -> str:
        """Make a mistake that people make. Returns the code of the problem that it is."""
        start, end = fields["period"]
        which = self.dice.below(3)
        if which == 0:
            fields["period"] = [end, start]
            return "end_before_start"
        if which == 1:
            year = str(self.day.year + 10)
            fields["period"] = [year + start[4:], year + end[4:]]
            # The 29th of February has no tenth anniversary.
            if start[5:10] == "02-29" or end[5:10] == "02-29":
                fields["period"] = [f"{year}-02-28{start[10:]}", f"{year}-03-01{end[10:]}"]
            return "date_ahead"
        fields["period"] = [start, (datetime.fromisoformat(end) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")]
        return "duration"

    def _body(
        self, record: str, kind: str, branch: Branch, author: Member, fields: dict[str, Any], ms: int
    ) -> dict[str, Any]:
        body: dict[str, Any] = {"_id": record, "type": kind, "version": TYPES[kind].version}
        if kind in ("visit", "service", "survey", "event"):
            body["form"] = f"{kind}/1"
        body |= {"branch": branch.id, "author": author.id, "device": author.device, "zone": ZONE}
        return {**body, "fields": fields, "stamps": {"": self._stamp(ms, author)}}

    def _stamp(self, ms: int, member: Member) -> str:
        return f"{ms:015d}.0000-{member.device}-{member.id}-{self.dice.bits(32):08x}"

    def _ms(self, minute: int, days: int = 0) -> int:
        """Milliseconds of a local minute of this day."""
        midnight = (self.day.toordinal() - _EPOCH + days) * 86_400_000 - 8 * 3_600_000
        return midnight + minute * 60_000 + self.dice.below(60_000)

    def _instant(self, minute: int, days: int = 0) -> str:
        seconds = self._ms(minute, days) // 1000
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _hour(self, hour: int, days: int) -> str:
        """A full hour of another day, as people promise it."""
        return f"{(self.day + timedelta(days=days)).isoformat()}T{hour - 8:02d}:00:00Z"


def revision(body: dict[str, Any], before: tuple[str, ...]) -> dict[str, Any]:
    """The body as a revision after those (newest first); equal bodies are equal revisions."""
    number = len(before) + 1
    hashed = hashlib.md5(_sorted([before, body]), usedforsecurity=False).hexdigest()
    ids = [hashed, *(rev.partition("-")[2] for rev in before)]
    return {**body, "_rev": f"{number}-{hashed}", "_revisions": {"start": number, "ids": ids}}


_EPOCH = date(1970, 1, 1).toordinal()
_FILL: dict[str, Callable[[Maker, dict[str, Any], Done], None]] = {
    "visit": Maker._visit,
    "service": Maker._service,
    "survey": Maker._survey,
    "event": Maker._event,
}
