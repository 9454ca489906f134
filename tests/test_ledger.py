"""LG: what the ledger counts, and that it follows from the store alone."""

import random
from pathlib import Path
from typing import Any

import pytest

from schemas.vocabulary import SERVICE_KINDS
from sync.errors import BadRequest
from sync.ledger.counting import contributions, figures, parts_of
from sync.ledger.figures import BY_CODE, COUNTED, QUOTIENTS
from sync.ledger.schema import prepare
from tests.builders import record
from tests.working import EVERYTHING, Working, add, counted, edited, hours, plain, review, visit, working, write


def link(
    member: str, subject: str, first: str = "2026-01-01", until: str | None = None, **fields: Any
) -> dict[str, Any]:
    """A subject that the secretary of b03 assigns to a member."""
    told = {"kind": "link", "member": member, "subject": subject, "days": [first, until], "state": "given"}
    body = record("assignment", author="m0001")
    return {**body, "fields": told | fields}


async def test_lg1_deleted_and_made_anew_it_says_the_same_in_any_order_of_arrival(tmp_path: Path) -> None:
    rng = random.Random(5)
    bodies = []
    for number in range(120):
        kind = rng.choice(["visit", "visit", "service", "survey", "event"])
        start = rng.randrange(0, 9)
        day = rng.randrange(1, 6)
        body = plain(
            kind,
            f"m{rng.randrange(4):04d}",
            subject=f"household:{rng.randrange(3):026d}",
            period=hours(start, start + 2, day),
        )
        if kind in ("survey", "event"):
            body["fields"]["subject"] = f"site:{rng.randrange(2):026d}"
        if rng.random() < 0.3:
            body["fields"] |= {
                f"problems/item{number}/text": "漏雨",
                f"problems/item{number}/state": rng.choice(["open", "solved"]),
            }
        if kind == "service":
            body["fields"]["stages/concluded/actual"] = body["fields"]["period"][1]
            body["fields"]["stages/concluded/promised"] = f"2026-11-{rng.randrange(1, 9):02d}T09:00:00Z"
        if kind == "visit" and bodies and rng.random() < 0.4:
            other = rng.choice(bodies)
            item = next((path.split("/")[1] for path in other["fields"] if path.startswith("problems/")), "none")
            body["fields"] |= {
                f"follow_ups/next{number}/problem": f"{other['_id']}#{item}",
                f"follow_ups/next{number}/state": rng.choice(["in_hand", "solved", "not_solvable"]),
            }
        bodies.append(body)
    links = [link(f"m{at:04d}", f"household:{at % 3:026d}", f"2026-11-0{at + 1}") for at in range(4)]
    links += [link("m0003", f"household:{at:026d}", "2026-11-04", supersedes=links[at]["_id"]) for at in (0, 1)]
    with_problem = next(body for body in bodies if any(path.startswith("problems/") for path in body["fields"]))
    problem = f"{with_problem['_id']}#" + next(
        path.split("/")[1] for path in with_problem["fields"] if path.startswith("problems/")
    )
    bodies += [*links, link("m0002", "", "2026-11-04", "2026-11-05", kind="problem", problem=problem)]
    ids = [body["_id"] for body in bodies if body["type"] == "visit"]
    bodies += [
        review(ids[0], "join", order=1, **{f"records__{ids[1]}": True}),
        review(ids[2], "split", order=2, **{f"records__{ids[3]}": True}),
        review(f"household:{0:026d}", "alias", order=3, same_as=f"household:{1:026d}"),
        *(
            record("rating", fields={"record": body["_id"], "score": score, "at": f"2026-11-20T0{score}:00:00Z"})
            for body in bodies[:30]
            for score in (4, 2)
            if body["type"] == "service"
        ),
        *(record("check", fields={"record": ids[at], "problems": [{"field": "period"}]}) for at in (4, 5)),
    ]
    said = []
    for order in range(3):
        async with working(tmp_path / str(order)) as one:
            rng.shuffle(bodies)
            for at in range(0, len(bodies), 17):
                await add(one, *bodies[at : at + 17])
            await one.same_from_nothing()
            said.append([await one.documents("activity"), await counted(one)])
    assert said[0] == said[1] == said[2]


async def test_lg2_every_figure_is_data_and_opens_to_the_rows_that_make_it(one: Working) -> None:
    stages = {
        "stages__concluded__promised": "2026-11-22T09:00:00Z",
        "stages__concluded__actual": "2026-11-20T02:00:00Z",
    }
    resident = f"resident:{7:026d}"
    service = plain("service", period=hours(1, 2), matters=3, called_back="satisfied", **stages)
    late = plain(
        "service",
        "m0042",
        period=hours(5, 6),
        stages__concluded__promised="2026-11-01T09:00:00Z",
        stages__concluded__actual=None,
    )
    await add(
        one,
        late,
        visit(
            "m0042",
            subject=resident,
            period=hours(2, 3),
            problems__item2__text="路灯",
            problems__item2__due="2026-11-20",
        ),
        link("m0042", resident),
        plain("event", kind="organisational_life", period=hours(9, 10), votes=12, satisfied=11),
        visit(subject=f"project:{1:026d}", period=hours(10, 11)),
        record("rating", fields={"record": service["_id"], "score": 3, "at": "2026-11-20T08:00:00Z"}),
        visit(problems__item1__text="漏雨", problems__item1__state="solved", participants__m0042=True),
        service,
        record("rating", fields={"record": service["_id"], "score": 5, "at": "2026-11-20T03:00:00Z"}),
        plain("event", kind="bin_duty", period=hours(3, 5), participants__m0042=True),
        plain("event", kind="clean_up", period=hours(6, 7)),
        plain("survey", period=hours(8, 9)),
    )
    told = await counted(one)
    kinds = {f"services_{kind}" for kind in SERVICE_KINDS} - {f"services_{service['fields']['kind']}"}
    hall = {code for code in BY_CODE if code.startswith("hall_")}  # IM9: from imported rows
    grades = {f"ratings_{score}" for score in (1, 2, 3, 4)}  # The first rating was a 5.
    assert set(told) == set(BY_CODE) - kinds - hall - grades
    for figure in COUNTED:
        assert all((*figure.name, *figure.meaning, *figure.unit))
        rows, more = await one.ledger.read(
            lambda sql, figure=figure: contributions(sql, figure, EVERYTHING, ("", "", "", "", ""), 100)
        )
        assert more is None
        value = {
            "rows": len(rows),
            "sum": sum(row.value for row in rows),
            "activities": len({row.activity for row in rows}),
            "subjects": len({row.subject for row in rows}),
        }[figure.count]
        assert value == told.get(figure.code, 0), figure.code
    assert (told["duty_turns"], told["duty_minutes"], told["duty_hours"]) == (2, 240, 4)
    with pytest.raises(BadRequest):
        await one.ledger.read(lambda sql: figures(sql, EVERYTHING, "colour"))

    for quotient in QUOTIENTS:
        assert [part.code for part in parts_of(quotient)] == list(quotient.parts)
        assert all((*quotient.name, *quotient.meaning, *quotient.unit))
    assert (told["matters"], told["votes_share"], told["person_hours"]) == (4, 91.67, 12.2)


async def test_lg6_a_problem_followed_up_as_solved_counts_on_the_day_on_which_it_was(one: Working) -> None:
    found = visit(problems__item1__text="漏雨", period=hours(1, 2, 3))
    await add(one, found)
    assert "problems_solved" not in await counted(one)
    later = visit(
        "m0042",
        period=hours(1, 2, 25),
        follow_ups__next1__problem=f"{found['_id']}#item1",
        follow_ups__next1__state="solved",
    )
    await add(one, later)
    (row,), _ = await one.ledger.read(
        lambda sql: contributions(sql, BY_CODE["problems_solved"], EVERYTHING, ("", "", "", "", ""), 10)
    )
    assert (row.record, row.item, row.day) == (found["_id"], "item1", "2026-11-25")
    taken_back = edited(later, "follow_ups/next1/state", "in_hand")
    await one.store.add("branch-b03", [write(taken_back, "2-b", "1-a")])
    await one.idle()
    assert "problems_solved" not in await counted(one)
    await one.same_from_nothing()


async def test_lg7_a_service_has_one_rating_the_first_that_was_given(one: Working) -> None:
    service = plain("service")
    first = record("rating", fields={"record": service["_id"], "score": 2, "at": "2026-11-20T01:00:00Z"})
    second = record("rating", fields={"record": service["_id"], "score": 5, "at": "2026-11-20T02:00:00Z"})
    await add(one, second)
    await add(one, first, service)
    told = await counted(one)
    assert (told["ratings"], told.get("good_ratings", 0)) == (1, 0)


async def test_lg12_a_ledger_that_is_damaged_or_of_another_store_is_made_anew(tmp_path: Path) -> None:
    async with working(tmp_path) as one:
        await add(one, visit())
        await one.stop()
        one.path.write_bytes(b"no database" * 1000)
        again = await Working(one.centre, tmp_path, "one").start()
        await again.idle()
        assert (await counted(again))["activities"] == 1
        await again.same_from_nothing()
        await again.stop()
        prepare(again.path, "another basis")
        once_more = await Working(one.centre, tmp_path, "one").start()
        assert await counted(once_more) == {}
        await once_more.idle()
        assert (await counted(once_more))["activities"] == 1
        await once_more.stop()
        await one.ledger.open(one.store.incarnation)
