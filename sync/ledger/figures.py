"""Decide what every figure counts. A figure is one entry here; nothing else has to know it.

The ledger keeps rows of a few kinds (`Base`), one for each thing that may count. A figure chooses rows by their kind and columns, and
says how they are counted; a quotient names the figures that it is made of. So a figure on a screen opens to the very rows that make it.
The three measures of satisfaction (ratings, call-backs, votes) are kept apart.
"""

from collections.abc import Mapping
from typing import Final

from schemas.vocabulary import SCORES, SERVICE_KINDS
from sync.ledger.contribution import Base
from sync.ledger.figure import PERCENT, Figure, Quotient, Value

_TIMES, _ITEMS, _PEOPLE = ("次", "times"), ("件", "items"), ("人次", "person-times")
_MINUTES, _HOURS = ("分钟", "minutes"), ("小时", "hours")

FIGURES: Final[tuple[Figure | Quotient, ...]] = (
    Figure(
        "activities",
        ("活动总数", "Activities"),
        _TIMES,
        (
            "每次走访、服务、踏勘或活动计一次，几人同去也只计一次",
            "Each visit, service, survey or event once, however many took part",
        ),
        Base.ACTIVITY,
        "activities",
    ),
    Figure("visits", ("走访", "Visits"), _TIMES, ("走访次数", "Visits made"), Base.ACTIVITY, "activities", of="visit"),
    Figure(
        "services",
        ("上门服务", "Services"),
        _TIMES,
        ("服务次数", "Services given"),
        Base.ACTIVITY,
        "activities",
        of="service",
    ),
    Figure(
        "surveys", ("踏勘", "Surveys"), _TIMES, ("踏勘次数", "Sites surveyed"), Base.ACTIVITY, "activities", of="survey"
    ),
    Figure("events", ("活动", "Events"), _TIMES, ("活动次数", "Events held"), Base.ACTIVITY, "activities", of="event"),
    Figure(
        "person_times",
        ("参与人次", "Person-times"),
        _PEOPLE,
        ("每人参加一次活动计一人次", "One for each person at each activity"),
        Base.ATTENDANCE,
    ),
    Figure(
        "person_minutes",
        ("服务时长（分钟）", "Person-minutes"),
        _MINUTES,
        (
            "每人参加活动的分钟数之和；重叠的时间只计一次",
            "Minutes of each person at each activity, overlapping time once",
        ),
        Base.ATTENDANCE,
        "sum",
    ),
    Quotient(
        "person_hours",
        ("服务时长", "Person-hours"),
        _HOURS,
        (
            "每人参加活动的小时数之和；两人各两小时计四小时",
            "Hours of each person at each activity: two people for two hours are four",
        ),
        "person_minutes",
        60,
    ),
    Figure(
        "households",
        ("走访户数", "Households reached"),
        ("户", "households"),
        ("走访或服务过的不同户数", "Different households visited or served"),
        Base.ACTIVITY,
        "subjects",
        subject="household",
    ),
    Figure(
        "residents",
        ("联系居民数", "Residents reached"),
        ("人", "residents"),
        ("走访或服务过的不同居民数", "Different residents visited or served"),
        Base.ACTIVITY,
        "subjects",
        subject="resident",
    ),
    Figure(
        "enterprises",
        ("服务企业数", "Enterprises reached"),
        ("家", "enterprises"),
        ("走访或服务过的不同企业数", "Different enterprises visited or served"),
        Base.ACTIVITY,
        "subjects",
        subject="enterprise",
    ),
    Figure(
        "projects",
        ("服务项目数", "Projects reached"),
        ("个", "projects"),
        ("走访或服务过的不同项目数", "Different projects visited or served"),
        Base.ACTIVITY,
        "subjects",
        subject="project",
    ),
    Figure(
        "links",
        ("应联系对象", "Assigned subjects"),
        ("个", "subjects"),
        (
            "期内分配给党员联系的对象（1+10 联系），一人联系一个对象计一个",
            "Subjects assigned to a member in the period (1+10 links): one for each member and subject",
        ),
        Base.LINK,
    ),
    Figure(
        "links_reached",
        ("已联系对象", "Assigned subjects reached"),
        ("个", "subjects"),
        ("其中期内由所分配的党员本人走访或服务过的", "Those of them that the member visited or served in the period"),
        Base.LINK,
        reached=True,
    ),
    Quotient(
        "coverage",
        ("联系覆盖率", "Coverage of assigned subjects"),
        PERCENT,
        ("应联系对象中已联系的占比", "The share of assigned subjects that were reached"),
        "links_reached",
        "links",
        times=100,
        places=2,
    ),
    Figure(
        "problems_found", ("发现问题", "Problems found"), _ITEMS, ("记录的问题数", "Problems recorded"), Base.PROBLEM
    ),
    Figure(
        "problems_solved",
        ("解决问题", "Problems solved"),
        _ITEMS,
        ("已解决的问题数，计入解决之日", "Problems solved, on the day on which they were"),
        Base.SOLUTION,
    ),
    Figure(
        "problems_overdue",
        ("逾期问题", "Problems overdue"),
        _ITEMS,
        (
            "期末（未到期末的，截至今日）已过办理期限仍未解决的问题数",
            "Problems past their due day and not solved, at the end of the period (while it runs: today)",
        ),
        Base.DUE,
        of="problem",
    ),
    Figure(
        "matters",
        ("办件数", "Matters handled"),
        _ITEMS,
        ("上门服务所办事项数", "Matters of the services given"),
        Base.MATTERS,
        "sum",
    ),
    Figure(
        "promises",
        ("承诺件办结", "Promised and concluded"),
        _ITEMS,
        (
            "已办结的有承诺时限的服务，计入办结之日",
            "Services with a promised time that were concluded, on the day of it",
        ),
        Base.PROMISE_KEPT,
        "activities",
    ),
    Figure(
        "on_time",
        ("按时办结", "Concluded on time"),
        _ITEMS,
        ("其中在承诺时限内办结的，含提前办结", "Those concluded by the promised time, early ones included"),
        Base.PROMISE_KEPT,
        "activities",
        value_min=1,
    ),
    Figure(
        "early",
        ("提前办结", "Concluded early"),
        _ITEMS,
        ("其中比承诺日期至少早一天办结的", "Those concluded at least a day before the promised one"),
        Base.PROMISE_KEPT,
        "activities",
        value_min=2,
    ),
    Quotient(
        "on_time_share",
        ("按时办结率", "On-time share"),
        PERCENT,
        ("承诺件办结中按时办结的占比", "The share of promised services that were concluded on time"),
        "on_time",
        "promises",
        times=100,
        places=2,
    ),
    Quotient(
        "early_share",
        ("提前办结率", "Early share"),
        PERCENT,
        ("承诺件办结中提前办结的占比", "The share of promised services that were concluded early"),
        "early",
        "promises",
        times=100,
        places=2,
    ),
    Figure(
        "services_overdue",
        ("超期未办结", "Services overdue"),
        _ITEMS,
        (
            "期末（未到期末的，截至今日）已过承诺日期仍未办结的服务",
            "Services past their promised day and not concluded, at the end of the period (while it runs: today)",
        ),
        Base.DUE,
        of="service",
    ),
    Figure(
        "ratings",
        ("评价数", "Services rated"),
        _TIMES,
        (
            "得到评价的服务数，计入服务之日；一次服务只计最早的一次评价",
            "Services with a rating, on the day of the service; of several ratings of one service the first counts",
        ),
        Base.RATING,
        "activities",
    ),
    Figure(
        "good_ratings",
        ("好评数", "Good ratings"),
        _TIMES,
        ("非常满意、满意和基本满意的评价数", "Ratings from 3 to 5"),
        Base.RATING,
        "activities",
        value_min=3,
    ),
    *(
        Figure(
            f"ratings_{score}",
            (f"评价：{words[0]}", f"Rated {words[1]}"),
            _TIMES,
            (f"评价为“{words[0]}”的服务数", f"Services rated {words[1]}"),
            Base.RATING,
            "activities",
            value_min=score,
            value_max=score,
        )
        for score, words in SCORES.items()
    ),
    Figure(
        "ratings_repeated",
        ("重复评价", "Repeated ratings"),
        _TIMES,
        (
            "对已有评价的服务再次作出的评价，不计入评价数",
            "Ratings of a service that had one already: they count nowhere else",
        ),
        Base.REPEATED_RATING,
    ),
    Quotient(
        "rated_share",
        ("评价率", "Share rated"),
        PERCENT,
        ("上门服务中得到评价的占比（一次一评）", "The share of services that were rated"),
        "ratings",
        "services",
        times=100,
        places=2,
    ),
    Quotient(
        "good_share",
        ("好评率", "Share good"),
        PERCENT,
        ("评价中好评的占比", "The share of ratings that were good"),
        "good_ratings",
        "ratings",
        times=100,
        places=2,
    ),
    Figure(
        "called_back",
        ("回访数", "Called back"),
        _TIMES,
        ("办理后作了回访的服务数，计入服务之日", "Services whose receiver was called back, on the day of the service"),
        Base.CALLED_BACK,
        "activities",
    ),
    Figure(
        "called_back_satisfied",
        ("回访满意数", "Satisfied when called back"),
        _TIMES,
        ("其中回访时表示满意的", "Those of them that were satisfied when called back"),
        Base.CALLED_BACK,
        "activities",
        value_min=1,
    ),
    Quotient(
        "called_back_share",
        ("回访满意率", "Called-back satisfaction"),
        PERCENT,
        (
            "回访中表示满意的占比；与好评率、测评满意率分别计算",
            "The share satisfied when called back; apart from ratings and votes",
        ),
        "called_back_satisfied",
        "called_back",
        times=100,
        places=2,
    ),
    Figure(
        "votes",
        ("测评票数", "Votes"),
        ("票", "votes"),
        ("满意度测评的总票数", "Votes in assessments of satisfaction"),
        Base.VOTES,
        "sum",
    ),
    Figure(
        "votes_satisfied",
        ("测评满意票", "Votes satisfied"),
        ("票", "votes"),
        ("其中满意的票数", "Those of them that were satisfied"),
        Base.SATISFIED_VOTES,
        "sum",
    ),
    Quotient(
        "votes_share",
        ("测评满意率", "Satisfaction by vote"),
        PERCENT,
        (
            "满意度测评中满意票的占比；与好评率、回访满意率分别计算",
            "The share of votes that were satisfied; apart from ratings and call-backs",
        ),
        "votes_satisfied",
        "votes",
        times=100,
        places=2,
    ),
    Figure(
        "duty_turns",
        ("桶前值守人次", "Turns of bin-side duty"),
        _PEOPLE,
        ("每人值守一次计一人次", "One for each person at each duty"),
        Base.ATTENDANCE,
        of="event",
        kinds=("bin_duty",),
    ),
    Figure(
        "duty_minutes",
        ("桶前值守时长（分钟）", "Minutes of bin-side duty"),
        _MINUTES,
        ("每人值守的分钟数之和", "Minutes of each person on duty"),
        Base.ATTENDANCE,
        "sum",
        of="event",
        kinds=("bin_duty",),
    ),
    Quotient(
        "duty_hours",
        ("桶前值守时长", "Hours of bin-side duty"),
        _HOURS,
        ("每人值守的小时数之和", "Hours of each person on duty"),
        "duty_minutes",
        60,
    ),
    Figure(
        "clean_up_person_times",
        ("清洁日人次", "Person-times of clean-ups"),
        _PEOPLE,
        ("每人参加一次周末清洁日计一人次", "One for each person at each weekend clean-up"),
        Base.ATTENDANCE,
        of="event",
        kinds=("clean_up",),
    ),
    # The kinds of service outside the hall are kept apart.
    *(
        Figure(
            f"services_{kind}",
            (f"服务：{words[0]}", f"Services: {words[1]}"),
            _TIMES,
            (f"其中{words[0]}的次数", f"Services given {words[1]}"),
            Base.ACTIVITY,
            "activities",
            of="service",
            kinds=(kind,),
        )
        for kind, words in SERVICE_KINDS.items()
    ),
    # Matters of the hall come from imported monthly rows, and are never mixed with services given in the field.
    Figure(
        "hall_rows",
        ("大厅月报行数", "Hall: imported rows"),
        ("行", "rows"),
        (
            "导入的月报中计入的行数；一行也没有时，大厅的各项数字为未知，不是 0",
            "Counted rows of imported monthly reports; without any, the figures of the hall are unknown and not 0",
        ),
        Base.HALL,
    ),
    *(
        Figure(f"hall_{code}", name, _ITEMS, meaning, Base.HALL, "sum", told=told, column=column, among=f"hall_{among}")
        for code, column, told, among, name, meaning in (
            (
                *("accepted", "accepted", "", "rows"),
                ("大厅受理", "Hall: accepted"),
                ("大厅窗口受理的事项数，来自导入的月报", "Matters accepted at the windows, from imported monthly rows"),
            ),
            (
                *("concluded", "concluded", "", "rows"),
                ("大厅办结", "Hall: concluded"),
                (
                    "大厅窗口办结的事项数，来自导入的月报",
                    "Matters concluded at the windows, from imported monthly rows",
                ),
            ),
            (
                *("timed", "concluded", "on_time", "rows"),
                ("大厅办结（有时限数据）", "Hall: concluded, time told"),
                ("月报写明按时办结数的办结事项", "Matters concluded of the rows that tell how many were on time"),
            ),
            (
                *("on_time", "on_time", "", "timed"),
                ("大厅按时办结", "Hall: on time"),
                ("其中按时办结的，含提前办结", "Those concluded on time, early ones included"),
            ),
            (
                *("timed_early", "concluded", "early", "rows"),
                ("大厅办结（有提前数据）", "Hall: concluded, early told"),
                ("月报写明提前办结数的办结事项", "Matters concluded of the rows that tell how many were early"),
            ),
            (
                *("early", "early", "", "timed_early"),
                ("大厅提前办结", "Hall: early"),
                ("其中提前办结的", "Those concluded early"),
            ),
            (
                *("rated", "rated", "satisfied", "rows"),
                ("大厅评价", "Hall: rated"),
                (
                    "月报写明满意数的评价数；没有评价数的行，按办结数计",
                    "Ratings of the rows that tell how many were satisfied; matters concluded where a row tells no ratings",
                ),
            ),
            (
                *("satisfied", "satisfied", "", "rated"),
                ("大厅满意", "Hall: satisfied"),
                ("其中满意的", "Those that were satisfied"),
            ),
        )
    ),
    *(
        Quotient(f"hall_{code}_share", name, PERCENT, meaning, f"hall_{over}", f"hall_{under}", times=100, places=2)
        for code, over, under, name, meaning in (
            (
                *("on_time", "on_time", "timed"),
                ("大厅按时办结率", "Hall: on-time share"),
                ("大厅办结事项中按时办结的占比", "The share of the hall's concluded matters that were on time"),
            ),
            (
                *("early", "early", "timed_early"),
                ("大厅提前办结率", "Hall: early share"),
                ("大厅办结事项中提前办结的占比", "The share of the hall's concluded matters that were early"),
            ),
            (
                *("satisfied", "satisfied", "rated"),
                ("大厅满意率", "Hall: satisfied share"),
                (
                    "大厅评价中满意的占比；与好评率、回访满意率、测评满意率分别计算",
                    "The share satisfied of the hall's ratings; apart from ratings, call-backs and votes in the field",
                ),
            ),
        )
    ),
)

BY_CODE: Final = {figure.code: figure for figure in FIGURES}
COUNTED: Final = tuple(figure for figure in FIGURES if isinstance(figure, Figure))
QUOTIENTS: Final = tuple(figure for figure in FIGURES if isinstance(figure, Quotient))


def complete(counted: Mapping[str, int]) -> dict[str, Value]:
    """Every figure, in the order of `FIGURES`, from all that are counted."""
    return {figure.code: figure.value(counted) for figure in FIGURES}
