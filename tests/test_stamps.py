"""A new stamp comes after all it should, follows no clock that is far ahead, and is read back as it was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.reconcile.stamps import ADOPT_AHEAD_MS_MAX, Stamp, format_stamp, is_ahead, next_stamp, parse_stamp

NOW = 1_795_219_392_000
parts = st.builds(
    Stamp,
    st.integers(0, 10**15 - 1),
    st.integers(0, 9999),
    st.from_regex(r"[A-Za-z0-9_]{1,8}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9_]{1,8}", fullmatch=True),
    st.from_regex(r"[0-9a-f]{4,10}", fullmatch=True),
)


def new(clock_ms: int = NOW, own_last: str = "", seen: tuple[str, ...] = ()) -> str:
    return next_stamp(clock_ms, own_last, seen, "t5d2c", "m0117", lambda below: below - 1)


def at(ms: int, counter: int = 0) -> str:
    return format_stamp(Stamp(ms, counter, "t81aa", "m0042", "07be"))


def test_mg1_a_stamp_names_time_counter_device_member_and_random_bits() -> None:
    assert new() == "001795219392000.0000-t5d2c-m0117-ffffffff"


@given(parts)
def test_mg1_a_stamp_is_read_back_as_it_was_written(stamp: Stamp) -> None:
    assert parse_stamp(format_stamp(stamp)) == stamp


@given(parts, parts)
def test_mg1_texts_compare_as_the_times_do(one: Stamp, other: Stamp) -> None:
    if one[:2] != other[:2]:
        assert (format_stamp(one) < format_stamp(other)) == (one[:2] < other[:2])


@pytest.mark.parametrize("text", ["", "x", "1.0-a-b-cdef", "001795219392000.0000-t-5-m-9f3c", at(NOW) + "\n"])
def test_mg1_what_has_another_form_is_no_stamp(text: str) -> None:
    assert parse_stamp(text) is None


@pytest.mark.parametrize("name", ["a-b", "", "单位"])
def test_mg1_a_device_whose_name_would_not_be_read_back_gets_no_stamp(name: str) -> None:
    with pytest.raises(ValueError, match="parts of a stamp"):
        next_stamp(NOW, "", (), name, "m0117", lambda below: 0)


def test_mg2_a_new_stamp_follows_the_own_last_when_the_clock_stood_still() -> None:
    assert new(own_last=at(NOW, 3)).startswith("001795219392000.0004-")


def test_mg2_a_new_stamp_follows_every_stamp_of_the_record() -> None:
    assert new(seen=(at(NOW - 1), at(NOW + 5_000, 7), "no stamp")).startswith("001795219397000.0008-")


def test_mg2_a_full_counter_goes_on_in_the_next_millisecond() -> None:
    assert new(own_last=at(NOW, 9999)).startswith("001795219392001.0000-")


@given(
    st.integers(0, 2 * NOW), st.lists(parts, max_size=4), st.one_of(st.none(), parts.filter(lambda s: s.ms < 10**14))
)
def test_mg2_a_new_stamp_is_larger_than_its_own_last_and_than_all_it_may_follow(
    clock_ms: int, seen: list[Stamp], own: Stamp | None
) -> None:
    texts = tuple(format_stamp(stamp) for stamp in seen)
    own_last = format_stamp(own) if own else ""
    stamp = new(clock_ms, own_last, texts)
    assert stamp[:20] > own_last[:20]
    assert all(stamp[:20] > text[:20] for text in texts if not is_ahead(text, clock_ms))


def test_mg3_a_clock_a_day_ahead_is_followed_and_one_beyond_is_not() -> None:
    assert new(seen=(at(NOW + ADOPT_AHEAD_MS_MAX),)) > at(NOW + ADOPT_AHEAD_MS_MAX)
    assert new(seen=(at(NOW + ADOPT_AHEAD_MS_MAX + 1),)).startswith("001795219392000.0000-")


def test_mg3_a_dead_clock_goes_on_from_the_own_last_stamp() -> None:
    assert new(clock_ms=0, own_last=at(NOW)).startswith("001795219392000.0001-")


def test_mg3_a_clock_before_1970_stamps_as_1970() -> None:
    assert new(clock_ms=-5) == "000000000000000.0000-t5d2c-m0117-ffffffff"
