"""Decide how a year goes by in the demo centre: so many records, spread over its days as work is, in the order of the days.

An iterator: nothing is kept but some open problems. The same seed, number and date give the same bytes.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from server.demo.centre import Centre, documents
from server.demo.dice import Dice
from server.demo.records import Made, Maker, revision
from server.demo.rhythm import ON_DAYS_OFF, ON_WORKDAYS, is_day_off, weight

DAYS = 365


def first_day(until: date) -> date:
    """The first day of the year that ends before `until`."""
    return until - timedelta(days=DAYS)


def year(centre: Centre, records: int, until: date) -> Iterator[Made]:
    """So many field records of the year before `until` (that day is not in it), with their ratings, cases and later edits."""
    maker = Maker(centre, Dice(""), until=until)
    days = [first_day(until) + timedelta(days=at) for at in range(DAYS)]
    whole = sum(map(weight, days))
    workdays = [day for day in days if not is_day_off(day)]
    # A newcomer finds one joint survey that has its conclusion, and one that still waits for a party.
    joint = {workdays[-4]: False, workdays[-2]: True}
    due = done = 0
    passed = 0.0
    for day in days:
        passed += weight(day)
        due = round(records * passed / whole)
        maker.day, maker.dice = day, Dice(f"{centre.seed}:{records}:{day}")
        works = ON_DAYS_OFF if is_day_off(day) else ON_WORKDAYS
        while done < due:
            together = day in joint and due - done > 2
            many = (
                maker.joint(due - done, joint.pop(day))
                if together
                else maker.happening(maker.dice.weighted(works), due - done)
            )
            for made in many:
                done += made.counted
                yield made


def beginnings(centre: Centre) -> Iterator[Made]:
    """What is there before the first record, as revisions: directory, subjects, links. Pushed by an administrator."""
    for db, body in documents(centre):
        yield Made(db, revision(body, ()), None)
