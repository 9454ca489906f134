"""Decide what the hall of the demo centre reports each month: a CSV file as its approval system would write it, with a title, thousands
separators and a row of totals. One month has a mistake, which a second file puts right.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta

from server.demo.centre import Centre
from server.demo.dice import Dice
from server.demo.words import CENTRE

MONTHS = 24
"""Two years, so that growth on the year before can be seen."""
MATTERS_A_YEAR = 290_000
_KINDS = ("即办件", "承诺件")
_HEADER = ("窗口号", "窗口", "事项类别", "受理数", "办结数", "按时办结数", "提前办结数", "评价数", "满意数")
_MISTAKEN = 3
"""So many months ago."""


def reports(centre: Centre, until: date) -> Iterator[tuple[str, bytes]]:
    """(file name, bytes) of every month that is over before `until`, the earliest first."""
    for ago in range(MONTHS, 0, -1):
        month = _month(until, ago)
        name = f"{month[:4]}年{month[5:]}月窗口办件统计表"
        if ago == _MISTAKEN:
            yield f"{name}.csv", _report(centre, month, ago, mistaken=True)
            yield f"{name}（更正）.csv", _report(centre, month, ago)
        else:
            yield f"{name}.csv", _report(centre, month, ago)


def _report(centre: Centre, month: str, ago: int, *, mistaken: bool = False) -> bytes:
    dice = Dice(f"{centre.seed}:hall:{month}")
    share = MATTERS_A_YEAR // 12 // (len(centre.windows) * len(_KINDS))
    made = io.StringIO(newline="")
    out = csv.writer(made)
    out.writerow([f"{CENTRE}{int(month[:4])}年{int(month[5:])}月窗口办件统计表"])
    out.writerow(_HEADER)
    total = 0
    for at, (name, _, _) in enumerate(centre.windows.values(), 1):
        for kind in _KINDS:
            # The busy windows come first in the hall, and each year brings some more than the one before.
            size = share * (150 - at * 100 // len(centre.windows)) // 100
            accepted = dice.between(size * 8 // 10, size * 12 // 10) * (100 - 5 * (ago > 12)) // 100
            concluded = accepted - dice.between(0, accepted // 100)
            on_time = concluded - dice.between(0, concluded // 200)
            early = on_time if kind == "即办件" else on_time * dice.between(55, 80) // 100
            rated = concluded * dice.between(90, 99) // 100
            satisfied = rated - dice.between(0, rated // 300)
            total += accepted
            shown = f"{name[:-2]}二窗口" if mistaken and at == 2 else name
            number = "" if mistaken and at == 2 else str(at)
            done = on_time + accepted if mistaken and at == 5 else on_time
            out.writerow([number, shown, kind, f"{accepted:,}", f"{concluded:,}", done, early, rated, satisfied])
    out.writerow(["合计", "", "", f"{total:,}", "", "", "", "", ""])
    return made.getvalue().encode("gb18030")


def _month(until: date, ago: int) -> str:
    first = until.replace(day=1)
    for _ in range(ago):
        first = (first - timedelta(days=1)).replace(day=1)
    return f"{first:%Y-%m}"
