"""Decide what a figure can be: counted over rows, or a quotient of figures. What each counts is data (`figures.py`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sync.ledger.contribution import Base

Words = tuple[str, str]
"""In Chinese and in English."""

PERCENT: Final[Words] = ("%", "%")

Count = Literal["rows", "sum", "activities", "subjects"]
Value = int | float | None

_SQL: Final[dict[Count, str]] = {
    "rows": "count(*){}",
    "sum": "coalesce(sum(c.{column}){}, 0)",
    # One activity is credited to each branch that took part: for the centre it still counts once.
    "activities": "count(DISTINCT c.activity){}",
    "subjects": "count(DISTINCT c.subject){}",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """Counted over the rows of one base. The rest narrows them: `of`, `kinds`; `subject`, the beginning of the subject's id;
    `value_min`, the least value, `value_max`, the greatest; `reached`: subjects that were seen in the period; `told`: a column that
    must say something. `column`: what is added up. `among`: the figure of what it is counted among, without any of which it is unknown."""

    code: str
    name: Words
    unit: Words
    meaning: Words
    base: Base
    count: Count = "rows"
    of: str = ""
    kinds: tuple[str, ...] = ()
    subject: str = ""
    value_min: int | None = None
    value_max: int | None = None
    reached: bool = False
    told: str = ""
    column: str = "value"
    among: str = ""

    def value(self, told: Mapping[str, int]) -> Value:
        """None where it is unknown."""
        return None if self.among and not told[self.among] else told[self.code]

    def tests(self) -> list[str]:
        """SQL over a row `c`, beside its base; put together from the entry alone."""
        tests = []
        if self.of:
            tests.append(f"c.of='{self.of}'")
        if self.kinds:
            tests.append("c.kind IN ({})".format(",".join(f"'{kind}'" for kind in self.kinds)))
        if self.subject:
            tests.append(f"c.subject>='{self.subject}:' AND c.subject<'{self.subject};'")
        if self.value_min is not None:
            tests.append(f"c.value>={self.value_min}")
        if self.value_max is not None:
            tests.append(f"c.value<={self.value_max}")
        if self.reached:
            tests.append("c.reached")
        if self.told:
            tests.append(f"c.{self.told} IS NOT NULL")
        return tests

    def select(self, *, once: bool = False) -> str:
        """Its column in a query over all rows of its base. `once`: no two of the rows are of one activity or subject, so that they need
        not be told apart."""
        tests = self.tests()
        where = f" FILTER (WHERE {' AND '.join(tests)})" if tests else ""
        return _SQL["rows" if once and self.count != "sum" else self.count].format(where, column=self.column)


@dataclass(frozen=True, slots=True)
class Quotient:
    """`times` a figure over another one (or over a number). It opens to the rows of both."""

    code: str
    name: Words
    unit: Words
    meaning: Words
    over: str
    under: str | int
    times: int = 1
    places: int = 1

    @property
    def parts(self) -> tuple[str, ...]:
        return (self.over,) if isinstance(self.under, int) else (self.over, self.under)

    @property
    def is_share(self) -> bool:
        return self.unit == PERCENT

    def value(self, told: Mapping[str, int]) -> float | None:
        """None where there is nothing to divide by. Rounded half up, the same everywhere."""
        under = self.under if isinstance(self.under, int) else told[self.under]
        return divided(self.times * told[self.over], under, self.places) if under else None


def divided(over: int, under: int, places: int) -> float:
    """Half up, in whole numbers until the last step. `under` is above 0."""
    scaled: int = 10**places
    return (2 * scaled * over + under) // (2 * under) / scaled
