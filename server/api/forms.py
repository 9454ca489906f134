"""Decide how forms are kept: a change is a new number beside the old ones, since records name the one that they were made with (DI5)."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from schemas import check
from schemas.definition import item_problems
from schemas.form_soundness import unsound
from server.api.base import Problem, need_administrator, need_login
from server.roster import Kept, read_all
from server.services import Services
from sync.actor import Actor
from sync.databases import CENTRE
from sync.documents import content_of, encode
from sync.errors import BadRequest, Conflict, FieldbookError
from sync.ledger.queries import records_of_type
from sync.reconcile.stamps import next_stamp, parse_stamp
from sync.stores.contract import Edit, Range

RecordOf = Literal["visit", "service", "survey", "event"]


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"of": "for", "since": "from"}):
    """`for`: the type of record; `kind`: of its kinds one alone; `from`: the day from which it is used. `items` in the order of the
    screen, each `{path, kind, label: {zh, en}, …}`. `follows`: the number that was changed to make this one (0: none was there)."""

    of: RecordOf
    title: dict[str, str]
    items: list[Any]
    kind: Annotated[str, Meta(max_length=60)] | None = None
    since: Annotated[str, Meta(max_length=10)] | None = None
    follows: Annotated[int, Meta(ge=0)] | None = None


class FormKept(Kept, frozen=True):
    """`by`: the member who published it (or `administrator`) and `at`, when; both empty for the forms that a centre begins with."""

    by: str
    at: str


class FormChecked(msgspec.Struct, frozen=True):
    problems: list[Problem]


class FormUse(msgspec.Struct, frozen=True, rename={"of": "for"}):
    of: RecordOf
    records: int


@get("/forms", guards=[need_login])
async def list_forms(services: NamedDependency[Services]) -> list[FormKept]:
    """Every number of every form, by type and number."""
    rows, _, _ = await services.store.rows(CENTRE, Range("form:", "form;", inclusive_end=False), bodies=True)
    forms = [_form_of(row.id, row.rev, content_of(row.body or b"{}")) for row in rows]
    return sorted(forms, key=lambda one: (str(one.fields.get("for")), _number(one)))


@post("/forms", guards=[need_administrator])
async def add_form(services: NamedDependency[Services], actor: NamedDependency[Actor], data: JSONBody[Form]) -> Kept:
    """Add the next number of a form. 409, and nothing is added, when another than `follows` is the latest of its kind by now, or when
    somebody else adds that number at the same moment. Refused with all problems at their places when it is unsound."""
    of_type = [one for one in await read_all(services.store, "form") if one.id.startswith(f"form:{data.of}/")]
    number = max(map(_number, of_type), default=0) + 1
    latest = max((_number(one) for one in of_type if one.fields.get("kind") == data.kind), default=0)
    if data.follows is not None and data.follows != latest:
        zh = f"在您编辑时有人发布了第 {latest} 版，您的版本没有发布：请对照后再发布"
        raise Conflict(f"{zh} / Version {latest} was published meanwhile, and yours was not.", code="changed_since")
    doc, body = _document(services, actor, data, number)
    problems = _problems(data, doc, body)
    if problems:
        raise BadRequest(
            "This form cannot be kept as it is: put right what is told.", code="invalid", problems=problems
        )
    (result,) = await services.admission.push(actor, CENTRE, [Edit(doc, None, body, encode(body))])
    if isinstance(result, FieldbookError):
        raise result
    await services.audit.write("form", actor, document=doc)
    return Kept(doc, result.rev, body["fields"])


@post("/forms/check", guards=[need_administrator], status_code=200)
async def check_form(
    services: NamedDependency[Services], actor: NamedDependency[Actor], data: JSONBody[Form]
) -> FormChecked:
    """What would be wrong with a form if it were added as it is, at its places. Nothing is added."""
    return FormChecked(_problems(data, *_document(services, actor, data, 1)))


@get("/forms/uses", guards=[need_administrator])
async def form_uses(services: NamedDependency[Services]) -> list[FormUse]:
    """How many records there are of each type that has a form. Each keeps the version that it was made with."""
    counts = await services.ledger.read(lambda sql: [(of, records_of_type(sql, of)) for of in get_args(RecordOf)])
    return [FormUse(of, count) for of, count in counts]


def _document(services: Services, actor: Actor, data: Form, number: int) -> tuple[str, dict[str, Any]]:
    told = {"for": data.of, "kind": data.kind, "from": data.since, "title": data.title, "items": data.items}
    fields: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
    fields |= {"number": number, "active": True}
    clock_ms = int(services.now().timestamp() * 1000)
    who = actor.member or "administrator"
    stamp = next_stamp(clock_ms, "", (), "desk", who, lambda below: int(services.random_hex(8), 16) % below)
    return f"form:{data.of}/{number}", {
        "type": "form",
        "version": 1,
        "fields": fields,
        "stamps": {"": stamp},
        "replaced": [],
    }


def _problems(data: Form, doc: str, body: dict[str, Any]) -> list[Problem]:
    unreadable = item_problems(data.items)
    found = [*unreadable, *unsound(data.of, data.kind, data.items)]
    others = (one for one in check({**body, "_id": doc}) if not (unreadable and one.field == "items"))
    return [
        *(Problem(place, f"{zh} {en}") for place, zh, en in found),
        *(Problem(one.field, f"{one.zh} {one.en}") for one in others),
    ]


def _form_of(doc: str, rev: str, content: dict[str, Any]) -> FormKept:
    fields, stamps = content.get("fields"), content.get("stamps")
    made = parse_stamp(str(stamps.get(""))) if isinstance(stamps, dict) else None
    at = datetime.fromtimestamp(made.ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if made else ""
    return FormKept(doc, rev, fields if isinstance(fields, dict) else {}, made.member if made else "", at)


def _number(form: Kept) -> int:
    number = form.fields.get("number")
    return number if isinstance(number, int) else 0


router = Router("/", route_handlers=[list_forms, add_form, check_form, form_uses], tags=["forms"])
