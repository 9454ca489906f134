"""Dates that cannot be right are flagged."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import TYPES, check, check_dates, default_forms, example

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def flags(type_name: str = "visit", now: datetime = NOW, **fields: Any) -> list[tuple[str, str]]:
    body = example(type_name)
    body["fields"].update({path.replace("__", "/"): value for path, value in fields.items()})
    return [(one.field, one.code) for one in check_dates(body, now)]


@pytest.mark.parametrize("type_name", list(TYPES))
def test_rc60_the_example_of_every_type_has_dates_that_can_be(type_name: str) -> None:
    assert flags(type_name) == []


def test_rc60_a_flagged_record_is_no_problem_to_the_check_without_a_clock() -> None:
    assert (
        check(example("visit", fields={**example("visit")["fields"], "period": ["2099-01-01T00:00:00Z", None]})) == []
    )


@pytest.mark.parametrize(
    ("type_name", "path", "value", "code"),
    [
        ("visit", "period", ["1970-01-01T00:00:00Z", "1970-01-01T01:00:00Z"], "date_early"),
        ("visit", "period", ["2099-01-01T00:00:00Z", None], "date_ahead"),
        ("visit", "period", ["2026-11-22T03:00:00Z", None], None),
        ("visit", "period", ["2026-11-22T05:00:00Z", None], "date_ahead"),
        ("visit", "problems/a1xx/due", "2027-06-30", None),
        ("visit", "problems/a1xx/due", "2127-06-30", "date_ahead"),
        ("visit", "problems/a1xx/due", "1970-01-01", "date_early"),
        ("visit", "problems/a1xx/solved", "2027-06-30T00:00:00Z", "date_ahead"),
        ("service", "stages/decided/promised", "2027-01-01T00:00:00Z", None),
        ("person", "born", "1941-10-01", None),
        ("person", "born", "1841-10-01", "date_early"),
        ("person", "born", "2026-12-01", "date_ahead"),
        ("member", "joined", "1988-07-01", None),
        ("subject", "milestones/a1xx/reached", "2026-11-22", None),
        ("subject", "milestones/a1xx/reached", "2026-11-23", "date_ahead"),
    ],
)
def test_rc61_a_date_before_2000_or_a_day_ahead_is_flagged_unless_planned(
    type_name: str, path: str, value: Any, code: str | None
) -> None:
    found = flags(type_name, **{path.replace("/", "__"): value})
    assert {one for one in found if one[0] == path} == (set() if code is None else {(path, code)})


def test_rc61_now_may_be_told_in_any_zone() -> None:
    assert flags(now=NOW.astimezone(timezone(timedelta(hours=8)))) == []


def test_rc62_a_period_ends_after_it_starts_and_lasts_a_day_at_most() -> None:
    assert flags(period=["2026-11-20T02:00:00Z", "2026-11-20T01:00:00Z"]) == [("period", "end_before_start")]
    assert flags(period=["2026-11-18T02:00:00Z", "2026-11-19T02:00:01Z"]) == [("period", "duration")]
    assert flags(period=["2026-11-18T02:00:00Z", "2026-11-19T02:00:00Z"]) == []


def test_rc63_a_stage_before_the_one_ahead_of_it_is_flagged() -> None:
    found = flags("service", stages__decided__actual="2026-11-17T00:00:00Z")
    assert found == [("stages/decided/actual", "stage_order")]


def test_rc64_a_clock_that_was_far_off_is_flagged() -> None:
    body = example("visit")
    body["stamps"]["kind"] = f"{int((NOW + timedelta(hours=25)).timestamp() * 1000):015d}.0000-t5d2c-m0117-9f3c"
    assert [one.code for one in check_dates(body, NOW)] == ["clock_ahead"]
    body["stamps"]["kind"] = f"{86_400_000:015d}.0000-t5d2c-m0117-9f3c"
    assert [one.code for one in check_dates(body, NOW)] == ["clock_dead"]
    body["stamps"]["kind"] = "worked out from content"
    assert check_dates(body, NOW) == []


def test_rc62_an_older_shape_is_read_as_todays() -> None:
    body = example("visit", version=1)
    del body["fields"]["period"]
    body["fields"] |= {"start": "2026-11-20T02:00:00Z", "end": "2026-11-20T01:00:00Z"}
    assert [one.code for one in check_dates(body, NOW)] == ["end_before_start"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=25),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(list(TYPES)), st.data())
def test_rc60_dates_of_any_shape_are_judged(type_name: str, data: st.DataObject) -> None:
    body = example(type_name)
    for path in ("period", "keep_until", "at", "stages/received/actual", "problems/a1xx/due", "stages/", "/"):
        body["fields"][path] = data.draw(json_values)
    body["stamps"] = data.draw(json_values)
    check_dates(body, NOW)
    check_dates({"type": type_name, "version": 1, "fields": data.draw(json_values)}, NOW)


def test_rc60_forms_have_no_dates_to_flag() -> None:
    assert [check_dates(form, NOW) for form in default_forms()] == [[], [], [], []]
