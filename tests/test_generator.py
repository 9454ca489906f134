"""GE: the invented centre and its year."""

import hashlib
import itertools
from collections import Counter, defaultdict
from datetime import UTC, date, datetime

import msgspec
import pytest

from schemas import check, check_dates
from server.demo.centre import make_centre
from server.demo.records import Made
from server.demo.year import beginnings, first_day, year
from sync.reconcile.cases import Survey, case_of, findings_of, state_of

UNTIL = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 1, tzinfo=UTC)
CENTRE = make_centre(1, first_day(UNTIL))


@pytest.fixture(scope="module")
def made() -> list[Made]:
    return [*beginnings(CENTRE), *year(CENTRE, 6000, UNTIL)]


def digest(seed: int, records: int) -> str:
    centre = make_centre(seed, first_day(UNTIL))
    hashed = hashlib.sha256()
    for one in (*beginnings(centre), *year(centre, records, UNTIL)):
        hashed.update(msgspec.json.encode(one.doc))
    return hashed.hexdigest()


def test_ge1_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert digest(7, 300) == digest(7, 300) != digest(8, 300)


def test_ge2_the_centre_has_its_size() -> None:
    assert [len(branch.members) for branch in CENTRE.branches] == [23, 21, 20, 19, 18, 17, 13]
    assert all(len(branch.holding("secretary")) == 1 and branch.holding("deputy") for branch in CENTRE.branches)
    kinds = Counter(one.kind for branch in CENTRE.branches for many in branch.subjects.values() for one in many)
    assert (kinds["enterprise"], kinds["project"], kinds["resident"]) == (57, 40, 1027)
    assert {len(many) for branch in CENTRE.branches for many in branch.linked.values()} == {10, 7}
    assert len({member.name for member in CENTRE.members}) == 131
    assert (len(CENTRE.windows), len(CENTRE.units)) == (43, 22)


def test_ge3_as_many_records_as_asked_for_in_the_order_of_days_mostly_on_working_days(made: list[Made]) -> None:
    records = [one for one in made if one.counted]
    assert len(records) == 6000
    days = [one.doc["stamps"][""][:15] for one in records if not one.flaw]
    assert all(int(after) > int(before) - 86_400_000 for before, after in itertools.pairwise(days))
    assert first_day(UNTIL).isoformat() <= day_of(days[0])
    assert day_of(days[-1]) < UNTIL.isoformat()
    by_weekday = Counter(datetime.fromtimestamp(int(one) / 1000 + 28_800, UTC).weekday() for one in days)
    assert by_weekday[5] + by_weekday[6] < by_weekday[0] / 2
    ids = [one.doc["_id"] for one in made if one.doc["_rev"].startswith("1-")]
    assert len(ids) == len(set(ids))


def day_of(milliseconds: str) -> str:
    return datetime.fromtimestamp(int(milliseconds) / 1000 + 28_800, UTC).date().isoformat()


def test_ge4_every_document_is_sound_but_for_the_mistakes_made_on_purpose(made: list[Made]) -> None:
    for one in made:
        problems = {problem.code for problem in check(one.doc) or check_dates(one.doc, NOW)}
        assert problems == ({one.flaw} if one.flaw else set()), one.doc
    assert {one.flaw for one in made} == {"", "end_before_start", "date_ahead", "duration"}


def test_ge5_what_is_told_of_a_household_has_notice_and_an_end_and_ids_say_nothing(made: list[Made]) -> None:
    names = {member.name for member in CENTRE.members}
    for one in made:
        fields = one.doc["fields"]
        if str(fields.get("subject")).startswith(("household:", "resident:")) and one.doc["type"] in (
            "visit",
            "service",
        ):
            assert fields["privacy"] in ("notice", "consent")
            assert fields["keep_until"] > UNTIL.isoformat()
        assert one.doc["_id"].isascii()
        assert not names & set(one.doc["_id"].split(":"))


def test_ge6_some_happenings_have_two_records_and_some_records_two_leaves(made: list[Made]) -> None:
    leaves = defaultdict(set)
    for one in made:
        start, ids = one.doc["_revisions"]["start"], one.doc["_revisions"]["ids"]
        leaves[one.doc["_id"]].add((start, ids[0]))
        if start > 1:
            leaves[one.doc["_id"]].discard((start - 1, ids[1]))
    assert sum(len(many) == 2 for many in leaves.values()) >= 3
    seen = defaultdict(set)
    for one in made:
        fields = one.doc["fields"]
        if one.counted and one.doc["type"] == "visit" and not one.flaw:
            key = (fields["subject"], fields["kind"], fields["period"][0][:13])
            seen[key].add(one.doc["author"])
    assert sum(len(authors) > 1 for authors in seen.values()) >= 30


def test_ge7_problems_are_followed_up_by_later_visits(made: list[Made]) -> None:
    found = {one.doc["_id"]: one.doc for one in made if one.doc["type"] == "visit"}
    followed = 0
    for one in found.values():
        for path, value in one["fields"].items():
            if path.startswith("follow_ups/") and path.endswith("/problem"):
                record, _, item = value.partition("#")
                assert f"problems/{item}/text" in found[record]["fields"]
                assert found[record]["fields"]["period"][0][:10] <= one["fields"]["period"][0][:10]
                followed += 1
    assert followed > 50


def test_ge13_the_last_days_have_a_joint_survey_that_is_issued_and_one_that_waits(made: list[Made]) -> None:
    cases = {one.doc["_id"]: one.doc for one in made if one.doc["type"] == "case"}
    told = []
    for case in cases.values():
        surveys = [
            Survey(one.doc["_id"], one.doc["branch"], "flagged" if one.flaw else "counted", False, findings_of(one.doc))
            for one in made
            if one.counted and one.doc["fields"].get("case") == case["_id"]
        ]
        told.append(state_of(case_of(case), surveys, f"{UNTIL}T00:00:00Z"))
    assert {one.stands for one in told} >= {"waiting", "issued"}
    assert any(one.disagreements for one in told)
    assert not any(one.early or one.late or one.taken_back for one in told)


def test_ge8_a_record_is_there_as_soon_as_it_is_asked_for() -> None:
    assert next(iter(year(CENTRE, 10_000_000, UNTIL))).counted


def test_ge12_there_is_something_behind_every_figure(made: list[Made]) -> None:
    newest = {one.doc["_id"]: one.doc["fields"] for one in made if not one.flaw}
    promised = [fields for fields in newest.values() if "stages/concluded/promised" in fields]
    assert all("stages/decided/actual" in fields for fields in promised)
    late = [one for one in promised if one.get("stages/concluded/actual", "") > one["stages/concluded/promised"]]
    under_way = [one for one in promised if "stages/concluded/actual" not in one]
    assert len(promised) / 4 > len(late) > 0
    assert len(promised) / 20 > len(under_way) > 0
    rated = Counter(fields["record"] for doc, fields in newest.items() if doc.startswith("rating:"))
    assert {1, 2} == set(rated.values())
    assert any("called_back" in fields for fields in newest.values())
    assert any(fields.get("votes") for fields in newest.values())
    urged = [fields for doc, fields in newest.items() if doc.startswith("assignment:") and fields["kind"] == "problem"]
    for fields in urged:
        record, _, item = fields["problem"].partition("#")
        assert f"problems/{item}/text" in newest[record]
    assert len(urged) > 10
