"""The hazard catalogue: `catalogue/hazards.csv` as typed rows. Data, not code: an area edits the file, not this.

Levels and deadlines are proposals from the catalogue; the level of a finding is always a person's decision, and a
row whose basis was not read in its source (`basis_checked` is false) is shown as "to be verified".
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal, Self, get_args

Level = Literal["general", "major"]


class UnknownHazard(LookupError):
    """No row of the catalogue has this code."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"the hazard catalogue has no code {code!r}; its codes look like FIR-01")


@dataclass(frozen=True, slots=True)
class HazardType:
    """A row of the hazard catalogue.

    Attributes:
        code: such as FIR-01.
        name_zh, name_en: its name in Chinese and English.
        category: such as ``fire`` or ``ppe``.
        level: ``general`` or ``major``, as proposed.
        deadline_days: days to fix it, as proposed; 0 means at once.
        basis: the law or standard that it rests on, in Chinese.
        detectable_by_image: a picture can show it (which is not to say that a model here finds it).
        basis_checked: the basis was read in its source.
    """

    code: str
    name_zh: str
    name_en: str
    category: str
    level: Level
    deadline_days: int
    basis: str
    detectable_by_image: bool
    basis_checked: bool

    @classmethod
    def from_row(cls, row: Mapping[str, str]) -> Self:
        """Build a hazard type from a row of the CSV.

        Raises:
            KeyError, ValueError: a column is missing or holds something else.
        """
        return cls(
            code=row["code"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            category=row["category"],
            level=_level(row),
            deadline_days=int(row["deadline_days"]),
            basis=row["basis"],
            detectable_by_image=_yes_or_no(row, "detectable_by_image"),
            basis_checked=_yes_or_no(row, "basis_checked"),
        )


@cache
def hazard_catalogue() -> Mapping[str, HazardType]:
    """Return every hazard type by its code, in the order of the file."""
    text = (resources.files("inspection") / "catalogue" / "hazards.csv").read_text("utf-8-sig")
    rows = [HazardType.from_row(row) for row in csv.DictReader(text.splitlines())]
    by_code = {row.code: row for row in rows}
    if len(by_code) != len(rows):
        msg = "hazards.csv uses a code twice"
        raise ValueError(msg)
    return MappingProxyType(by_code)


def hazard_type(code: str) -> HazardType:
    """Return the hazard type of a code.

    Raises:
        UnknownHazard: the catalogue has no such code.
    """
    try:
        return hazard_catalogue()[code]
    except KeyError:
        raise UnknownHazard(code) from None


def _level(row: Mapping[str, str]) -> Level:
    for level in get_args(Level):
        if row["level"] == level:
            known: Level = level
            return known
    msg = f"{row['code']}: a level is one of {', '.join(get_args(Level))}, not {row['level']!r}"
    raise ValueError(msg)


def _yes_or_no(row: Mapping[str, str], column: str) -> bool:
    try:
        return {"yes": True, "no": False}[row[column]]
    except KeyError:
        msg = f"{row.get('code')}: {column} is yes or no, not {row.get(column)!r}"
        raise ValueError(msg) from None
