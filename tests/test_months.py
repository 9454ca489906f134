"""FG: what is counted by place, and put together from months, is what is counted row by row in one go."""

import random

import pytest

from sync.ledger import tally
from sync.ledger.counting import counted
from sync.ledger.figures import BY_CODE
from sync.ledger.months import by_months
from sync.ledger.rows import FigureWhere
from sync.ledger.series import needed
from tests.builders import record
from tests.working import EVERYTHING, Working, add, hours, plain, visit, write

RESIDENT, OTHER = f"resident:{1:026d}", f"resident:{2:026d}"


async def test_fg18_places_by_number_and_row_by_row_are_the_same(one: Working, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(18)
    people = [f"m{at:04d}" for at in range(8)]
    centre = [
        write(record("member", fields={"window": f"window:w0{at % 3}", "unit": "unit:u9"}) | {"_id": f"member:{name}"})
        for at, name in enumerate(people[:6])
    ]
    centre += [write(record("window", fields={"unit": f"unit:u{at}"}) | {"_id": f"window:w0{at}"}) for at in range(2)]
    await one.store.add("centre", [*centre, write(record("window", fields={"unit": ""}) | {"_id": "window:w02"})])
    for windows in (["", "window:w00", "window:w01"], ["", "window:w02", "window:w99"]):
        bodies = []
        for at in range(30):
            others = {f"participants__{name}": True for name in rng.sample(people, 2)}
            author = rng.choice(people)
            window = rng.choice(windows) or None
            bodies.append(
                plain("service", author, window=window, period=hours(at % 9, at % 9 + 1, at % 28 + 1), **others)
            )
        await add(one, *bodies)
        for by in ("window", "unit"):
            fast = await one.ledger.read(lambda sql, by=by: counted(sql, EVERYTHING, by))
            with monkeypatch.context() as slow:
                slow.setattr(tally, "_count_placed", lambda *_: False)
                assert await one.ledger.read(lambda sql, by=by: counted(sql, EVERYTHING, by)) == fast
            assert sum(group["services"] for group in fast.values()) > 0


async def test_fg20_what_is_put_together_from_months_is_what_is_counted_in_one_go(one: Working) -> None:
    rng = random.Random(20)
    people = [f"m{at:04d}" for at in range(6)]

    async def some(count: int, *months: int) -> None:
        for _ in range(count):
            author, branch, of = (
                rng.choice(people),
                rng.choice(["b03", "b04"]),
                rng.choice(["visit", "service", "event"]),
            )
            day, month = rng.randint(1, 28), rng.choice(months)
            period = [f"2026-{month:02}-{day:02}T0{hour}:00:00Z" for hour in (1, 3)]
            others = {f"participants__{name}": True for name in rng.sample(people, 2)}
            window, about = (
                rng.choice([None, "window:w00", "window:w01"]),
                rng.choice([None, RESIDENT, OTHER, "enterprise:e"]),
            )
            body = plain(of, author, branch, period=period, window=window, subject=about, **others)
            await one.store.add(f"branch-{branch}", [write(body)])
        await one.idle()

    async def homes(*windows: str) -> None:
        told = [
            write(record("member", fields={"window": rng.choice(windows)}) | {"_id": f"member:{name}"})
            for name in people
        ]
        await one.store.add("centre", told)
        await one.idle()

    async def both(where: FigureWhere) -> None:
        for by in (None, "branch", "member", "window", "unit", "of", "kind"):
            for codes in (BY_CODE, ["residents"], ["residents", "enterprises"], ["good_share"], ["activities"]):
                parts = needed([BY_CODE[code] for code in codes])
                now = await one.ledger.read(lambda sql, by=by, of=parts: counted(sql, where, by, of))
                told = await one.ledger.read(lambda sql, by=by, of=parts: counted(sql, where, by, of, one.ledger.kept))
                assert told == now, (by, codes)

    spans = (("", "~"), ("2026-09-10", "2026-11-20"), ("2026-10-01", "2026-10-31"), ("2026-10-02", "2026-10-30"))
    await homes("window:w00")
    await some(25, 9, 10, 11)
    for branches in (["b03", "b04"], ["b04"]):
        for first, last in spans:
            await both(FigureWhere(branches, first, last))
    await some(6, 10, 12)
    for first, last in spans:
        await both(FigureWhere(["b03", "b04"], first, last))
    await homes("window:w02")
    await both(EVERYTHING)


async def test_fg20_a_month_is_counted_again_only_when_something_in_it_changed(one: Working) -> None:
    asked: list[str] = []

    async def ask() -> list[str]:
        asked.clear()

        def count(first: str, last: str) -> int:
            asked.append(f"{first}..{last}")
            return 0

        span = ("2026-09-15", "2026-11-30")
        await one.ledger.read(lambda sql: by_months(sql, one.ledger.kept, "asked", ["b03"], span, count, count))
        return asked

    days = ("2026-08-04", "2026-09-20", "2026-10-04", "2026-11-04")
    await add(one, *(visit(period=[f"{day}T01:00:00Z", f"{day}T02:00:00Z"]) for day in days))
    cut, october, november = "2026-09-15..2026-09-30", "2026-10-01..2026-10-31", "2026-11-01..2026-11-30"
    assert await ask() == [cut, october, november]
    assert await ask() == [cut]
    await add(one, visit(period=["2026-11-05T01:00:00Z", "2026-11-05T02:00:00Z"]))
    assert await ask() == [cut, november]
