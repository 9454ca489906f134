"""Decide how forms are kept: a change is a new number beside the old ones, since records name the one that they were made with (DI5)."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta

from schemas import check
from schemas.definition import item_problems
from server.api.base import Problem, need_administrator, need_login
from server.api.directory import Kept, all_of
from server.services import Services
from sync.actor import Actor
from sync.databases import CENTRE
from sync.documents import encode
from sync.errors import BadRequest, FieldbookError
from sync.reconcile.stamps import next_stamp
from sync.stores.contract import Edit


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"of": "for", "since": "from"}):
    """`for`: the type of record; `kind`: of its kinds one alone; `from`: the day from which it is used. `items` in the order of the
    screen, each `{path, kind, label: {zh, en}, …}`."""

    of: Literal["visit", "service", "survey", "event"]
    title: dict[str, str]
    items: list[Any]
    kind: Annotated[str, Meta(max_length=60)] | None = None
    since: Annotated[str, Meta(max_length=10)] | None = None


@get("/forms", guards=[need_login])
async def list_forms(services: NamedDependency[Services]) -> list[Kept]:
    """Every number of every form, by type and number."""
    forms = await all_of(services, "form")
    return sorted(forms, key=lambda one: (str(one.fields.get("for")), _number(one)))


@post("/forms", guards=[need_administrator])
async def add_form(services: NamedDependency[Services], actor: NamedDependency[Actor], data: JSONBody[Form]) -> Kept:
    """Add the next number of a form. 409 when somebody else added that number meanwhile."""
    known = [_number(one) for one in await all_of(services, "form") if one.id.startswith(f"form:{data.of}/")]
    number = max(known, default=0) + 1
    told = {"for": data.of, "kind": data.kind, "from": data.since, "title": data.title, "items": data.items}
    fields: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
    fields |= {"number": number, "active": True}
    clock_ms = int(services.now().timestamp() * 1000)
    who = actor.member or "administrator"
    stamp = next_stamp(clock_ms, "", (), "desk", who, lambda below: int(services.random_hex(8), 16) % below)
    body = {"type": "form", "version": 1, "fields": fields, "stamps": {"": stamp}, "replaced": []}
    doc = f"form:{data.of}/{number}"
    problems = [Problem(place, f"{zh} {en}") for place, zh, en in item_problems(data.items)]
    others = (one for one in check({**body, "_id": doc}) if not (problems and one.field == "items"))
    problems += [Problem(one.field, f"{one.zh} {one.en}") for one in others]
    if problems:
        raise BadRequest(
            "This form cannot be kept as it is: put right what is told.", code="invalid", problems=problems
        )
    (result,) = await services.admission.push(actor, CENTRE, [Edit(doc, None, body, encode(body))])
    if isinstance(result, FieldbookError):
        raise result
    await services.audit.write("form", actor, document=doc)
    return Kept(doc, result.rev, fields)


def _number(form: Kept) -> int:
    number = form.fields.get("number")
    return number if isinstance(number, int) else 0


router = Router("/", route_handlers=[list_forms, add_form], tags=["forms"])
