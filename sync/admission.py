"""Decide what is let in: who may reach a database, who may write a document, and what becomes of what is refused (AM…).

One question is asked alike for every way in: do the pusher's principals allow what this revision changes? Rights are decided
against the join of all leaves that are held. What is refused goes to quarantine before the pusher is told; what is let in but
has something wrong with it gets a check beside it, in the same transaction.
"""

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from msgspec.structs import replace

from schemas import TYPES, may_change, new_writes, refusal_to_create, relayed, upgrade
from schemas.problems import Problem
from sync import tree as trees
from sync.actor import Actor
from sync.checking import CHECKED, check_edit, check_id, problems_of, type_of
from sync.databases import CENTRE, OFFICE, branch_of, ensure_branch, kind_of
from sync.directory import SOURCES, Directory, has_sources
from sync.documents import content_of, encode
from sync.erasure import Erasures
from sync.errors import Conflict, FieldbookError, Forbidden
from sync.quarantine import entry
from sync.reconcile.ends import Ended, taken_as
from sync.reconcile.joining import joined
from sync.reconcile.merge import Leaf, end, is_end
from sync.reconcile.redaction import brings_back
from sync.stores.contract import Edit, Found, Readers, Result, Store, Want, Write, Written

_COMPANIONS = frozenset({"photo", "rating", "signature", "review", "assignment"})
_ACCOMPANYING = _COMPANIONS | {"person"}
_SERVER_MADE = frozenset({"activity", "activity_record", "check"})
_NOT_KEPT = frozenset({"erased", "redacted"})
APPEND_ONLY = ("audit:", "erased:")


class _Place(NamedTuple):
    """What a batch's database means."""

    kind: str
    branch: str | None


class Clock(Protocol):
    def __call__(self) -> datetime: ...


class Admission:
    def __init__(self, store: Store, directory: Directory, erasures: Erasures, clock: Clock) -> None:
        self.directory = directory
        self.erasures = erasures
        self._store = store
        self._clock = clock
        self._counter = itertools.count()

    def enter(self, actor: Actor, db: str) -> None:
        """Raises Forbidden where the actor has no business in this database."""
        if actor.administrator:
            return
        kind = kind_of(db)
        if kind in ("centre", "shared"):
            return
        if kind == "branch":
            branch = branch_of(db) or ""
            if {f"branch:{branch}", "committee"} & actor.principals or self.directory.belonged(actor.member, branch):
                return
        raise Forbidden(f"You are not allowed to access the database {db}.", database=db)

    def reader(self, db: str, actor: Actor) -> Readers | None:
        return actor.reader

    def stale(self, actor: Actor) -> bool:
        """Whether the actor's rights have changed since the request came: then a feed that waits must end."""
        return self.directory.principals(actor.member, actor.role, actor.branch) != actor.principals

    async def push(self, actor: Actor, db: str, items: Sequence[Write | Edit]) -> list[Result]:
        """One result for each, in order. A refused item never hinders the others."""
        if kind_of(db) == "plain":
            return await self._store.add(db, items)
        if kind_of(db) == "office":
            return await self._add_office(items)
        # Ends come last: they are judged by what is there with all else that the batch brings.
        brought = () if "server" in actor.principals else enumerate(items)
        ends = {at: item for at, item in brought if isinstance(item, Write) and _is_end(item)}
        answer: list[Result] = await self._take(actor, db, [one for at, one in enumerate(items) if at not in ends])
        if ends:
            for at, result in zip(ends, await self._take_ends(actor, db, list(ends.values())), strict=True):
                answer.insert(at, result)
        let_in = [item for item, result in zip(items, answer, strict=True) if isinstance(result, Written)]
        if db == CENTRE:
            for item in let_in:
                if item.id.startswith("branch:") and not item.deleted:
                    await ensure_branch(self._store, item.id.removeprefix("branch:"))
        if has_sources(db) and any(item.id.startswith(SOURCES) for item in let_in):
            await self.directory.refresh(db)
        return answer

    async def _take(self, actor: Actor, db: str, items: Sequence[Write | Edit]) -> list[Result]:
        """What is let in of these, with what is to be written along."""
        refused, checks, left_out = await self._judge(actor, db, items)
        let_in = [item for at, item in enumerate(items) if at not in refused]
        results = iter(await self._store.add(db, [*let_in, *checks]) if let_in else [])
        answer = [refused[at] if at in refused else next(results) for at in range(len(items))]
        kept = [one for at, some in left_out.items() if isinstance(answer[at], Written) for one in some]
        if kept:
            await self._store.add(db, kept)
        return answer

    async def _take_ends(self, actor: Actor, db: str, ends: Sequence[Write]) -> list[Result]:
        """As `_take`; an end whose winner is not here brings what it ends, and is made here by the merge once that is."""
        held = await self._store.leaves(db, [one.id for one in ends])
        taken = [taken_as(held.get(one.id), one) for one in ends]
        results = await self._take(actor, db, taken)
        return [
            Written(one.id, one.path[0], result.fresh) if isinstance(result, Written) else result
            for one, result in zip(ends, results, strict=True)
        ]

    async def _add_office(self, items: Sequence[Write | Edit]) -> list[Result]:
        """Administrators write here, but what was audited or erased stays so."""
        ids = [item.id for item in items if item.id.startswith(APPEND_ONLY)]
        held = await self._store.get(OFFICE, [Want(one) for one in ids], bodies=False) if ids else []
        fixed = {one.id for one in held if one.tree}
        let_in = [item for item in items if item.id not in fixed]
        results = iter(await self._store.add(OFFICE, let_in) if let_in else [])
        return [
            Forbidden("This is append-only.", document=item.id) if item.id in fixed else next(results) for item in items
        ]

    async def _judge(
        self, actor: Actor, db: str, items: Sequence[Write | Edit]
    ) -> tuple[dict[int, FieldbookError], list[Edit], dict[int, list[Write]]]:
        """(refusals by place, checks, what edits leave out by place). Refused items are in quarantine when this returns."""
        now = self._clock()
        place = _Place(kind_of(db), branch_of(db))
        held = await self._store.leaves(db, [item.id for item in items])
        beside = await self._beside(db, items, held)
        refused: dict[int, FieldbookError] = {}
        checks: list[Edit] = []
        left_out: dict[int, list[Write]] = {}
        for at, item in enumerate(items):
            found = held.get(item.id)
            if found is not None and isinstance(item, Write) and _holds(found, item.path[0]):
                continue
            old = None if found is None else joined(found)
            if "server" not in actor.principals and _is_end(item):
                problem = self._problem_of_end(actor, place, item, found, old, beside)
            else:
                problem = self._problem(actor, place, item, old, beside)
            if problem is None and found is not None and old is not None and "server" not in actor.principals:
                problem = _brought_back(found, item, old)
            if problem is not None:
                refused[at] = _refusal(problem, item)
            elif not item.deleted and type_of(item.content) in CHECKED:
                if found is not None and (some := _left_out(found, item, old or {})):
                    left_out[at] = some
                written = None if _is_past(found, item) else self._check(actor, item, old, beside, now)
                if written is not None:
                    checks.append(written)
        # What was erased is not kept here either; nor is what the server itself makes, which a tablet brings back after a restore.
        keep = [
            entry(actor, db, items[at], error, now)
            for at, error in refused.items()
            if error.facts["code"] not in _NOT_KEPT and type_of(items[at].content) not in _SERVER_MADE
        ]
        if keep:
            for result in await self._store.add(OFFICE, keep):
                # A conflict means that this very revision lies there already.
                if not isinstance(result, Written | Conflict):
                    raise result
        return refused, checks, left_out

    async def _beside(
        self, db: str, items: Sequence[Write | Edit], held: Mapping[str, Found]
    ) -> dict[str, tuple[str, dict[str, Any]]]:
        """What else a judgement needs: records that companions name, and the checks of records that are there already."""
        ids = (
            {check_id(item.id) for item in items if item.id in held and type_of(item.content) in CHECKED}
            if held
            else set()
        )
        for item in items:
            ids.update(_names(item.content))
        if not ids:
            return {}
        wants = [Want(one) for one in sorted(ids)]
        pushed = {item.id: ("", dict(item.content)) for item in items if item.id in ids and item.id not in held}
        found = await self._store.get(db, wants)
        return pushed | {
            one.id: (one.revisions[0].rev, content_of(one.revisions[0].body)) for one in found if one.revisions
        }

    def _problem(
        self,
        actor: Actor,
        place: "_Place",
        item: Write | Edit,
        old: dict[str, Any] | None,
        beside: Mapping[str, tuple[str, dict[str, Any]]],
    ) -> Problem | None:
        """Why this item may not be written, or None. Pure but for the clock of the directory."""
        if self._is_erased(item):
            return Problem("", "erased", "此记录已依法删除，不再接收", "this record was erased and is not taken back")
        principals = actor.principals
        if "server" in principals:
            return None
        body = item.content
        if item.id.startswith("_design/"):
            return Problem("", "forbidden", "只有管理员可以写设计文档", "only administrators write design documents")
        of = TYPES.get(type_of(body))
        if of is None and not item.deleted:
            return Problem(
                "type", "unknown_type", "服务器不认识此类记录", "this server does not know this type of record"
            )
        if place.branch is not None and not item.deleted and body.get("branch") != place.branch:
            return Problem("branch", "wrong_branch", "记录不属于本支部", "the record belongs to another branch")
        if of is not None and place.kind not in of.databases:
            return Problem("type", "wrong_database", "此类记录不存放于此", "records of this type do not belong here")
        if old is None:
            if item.deleted:
                return _not_deletable()
            named = [beside[one][1] for one in _names(body) if one in beside] if beside else []
            problem = refusal_to_create(body, principals, named)
            if problem is None:
                return None
            then = self.directory.branches_then(actor.member, _made_at(body, self._clock()))
            return refusal_to_create(body, principals | then, named) if then - principals else problem
        new = {**body, "_deleted": True} if item.deleted else body
        return may_change(old, new, principals)

    def _is_erased(self, item: Write | Edit) -> bool:
        """It, or the record or subject that it accompanies: what a tablet had not sent yet must not outlive that."""
        erasures = self.erasures
        if not erasures.any:
            return False
        if erasures.holds(item.id):
            return True
        fields = item.content.get("fields")
        if type_of(item.content) not in _ACCOMPANYING or not isinstance(fields, dict):
            return False
        return any(isinstance(one, str) and erasures.holds(one) for one in map(fields.get, ("record", "subject")))

    def _problem_of_end(
        self,
        actor: Actor,
        place: "_Place",
        item: Write | Edit,
        found: Found | None,
        old: dict[str, Any] | None,
        beside: Mapping[str, tuple[str, dict[str, Any]]],
    ) -> Problem | None:
        """An end takes nothing away; where its leaf is not held, what its body says is judged as that leaf would be."""
        assert isinstance(item, Write)
        ended = Ended(found, item)
        if not self.erasures.holds(item.id):
            if not ended.loses_nothing():
                return _not_deletable()
            if ended.says_nothing_new():
                return None
        return self._problem(actor, place, replace(item, deleted=False), old, beside)

    def _check(
        self,
        actor: Actor,
        item: Write | Edit,
        old: dict[str, Any] | None,
        beside: Mapping[str, tuple[str, dict[str, Any]]],
        now: datetime,
    ) -> Edit | None:
        problems = problems_of(item.id, item.content, now)
        foreign = relayed(old, item.content, actor.member or "") if actor.member else []
        if not problems and not foreign and old is None:
            return None
        relays = [{"path": one.path, "stamp": one.stamp, "by": actor.member or ""} for one in foreign]
        held = beside.get(check_id(item.id))
        return check_edit(item.id, item.content, problems, relays, self._stamp(now), held)

    def _stamp(self, now: datetime) -> str:
        """A stamp of the server's own: see the section on merging."""
        number = next(self._counter)
        return f"{int(now.timestamp() * 1000):015d}.{number % 10000:04d}-server-server-{number & 0xFFFF:04x}"


def _names(body: Mapping[str, Any]) -> list[str]:
    """The record that a companion names, and those that a decision joins with it or splits from it."""
    fields = body.get("fields")
    if type_of(body) not in _COMPANIONS or not isinstance(fields, dict):
        return []
    others = [
        path.removeprefix("records/") for path, value in fields.items() if path[:8] == "records/" and value is True
    ]
    return [one for one in (fields.get("record"), *others) if isinstance(one, str) and one]


def _brought_back(found: Found, item: Write | Edit, old: Mapping[str, Any]) -> Problem | None:
    """A value that was redacted may come beside the leaf that has it no more, from a tablet that has not heard; not on top of it."""
    parent = item.parent if isinstance(item, Edit) else item.path[1] if len(item.path) > 1 else None
    if parent not in trees.leaves(found.tree) or not brings_back(dict(old), dict(item.content)):
        return None
    zh, en = (
        "此处的旧值已被依法抹去，请先同步再修改",
        "a value in it was taken out for good: sync, then make the change again",
    )
    return Problem("", "redacted", zh, en)


def _left_out(found: Found, item: Write | Edit, old: Mapping[str, Any]) -> list[Write]:
    """What the tree covers with something that says less, each as an ended leaf beside that, for the merge to join (AM14): leaves that
    the item goes onto, or the item itself where it comes after its successors."""
    if not isinstance(item.content.get("stamps"), dict):
        return []  # a tool's revision, of which the merge knows more (MG25)
    if isinstance(item, Write) and _is_past(found, item):
        return [_ended(item.id, item.path, item.content)] if new_writes(upgrade(old), upgrade(item.content)) else []
    path = [item.parent] if isinstance(item, Edit) else item.path[1:]
    covered = [(one.rev, content_of(one.body)) for one in found.revisions if one.rev in path]
    return [
        _ended(item.id, trees.ancestry(found.tree, rev), body)
        for rev, body in covered
        if new_writes(upgrade(item.content), upgrade(body))
    ]


def _ended(record: str, path: Sequence[str], content: Mapping[str, Any]) -> Write:
    made = end(Leaf(path[0], dict(content)))
    return Write(record, [made.rev, *path], made.body, encode(made.body), deleted=True)


def _is_past(found: Found | None, item: Write | Edit) -> bool:
    """Whether the revision is known by name, so that what it says has been followed by what others say: a push that comes late."""
    return found is not None and isinstance(item, Write) and item.path[0] in found.tree


def _is_end(item: Write | Edit) -> bool:
    return isinstance(item, Write) and item.deleted and is_end(item.path, dict(item.content))


def _not_deletable() -> Problem:
    return Problem("", "not_deletable", "记录不能删除，请改用撤回", "records are not deleted: withdraw it instead")


def _holds(found: Found, rev: str) -> bool:
    return rev in found.tree and bool(found.tree[rev].body)


def _refusal(problem: Problem, item: Write | Edit) -> FieldbookError:
    """Per document, as CouchDB words a refusal by a validation function; the app tells its reader by the code."""
    error = Forbidden(f"{problem.code}: {problem.zh} / {problem.en}", document=item.id)
    error.facts |= {"code": problem.code, "reasons": {"field": problem.field, "zh": problem.zh, "en": problem.en}}
    return error


def _made_at(body: Mapping[str, Any], now: datetime) -> datetime:
    """When a record was made, by its creation stamp; now where it has none that can be read."""
    stamps = body.get("stamps")
    stamp = stamps.get("") if isinstance(stamps, dict) else None
    if isinstance(stamp, str) and stamp[:15].isdigit() and stamp[15:16] == ".":
        milliseconds = int(stamp[:15])
        if milliseconds < now.timestamp() * 1000:
            return datetime.fromtimestamp(milliseconds / 1000, UTC)
    return now
