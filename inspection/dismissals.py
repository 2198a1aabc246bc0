"""Why a finding is dismissed: `catalogue/dismissal_reasons.csv` as typed rows. Data, not code: an area may add rows.

`counts` says whether such a dismissal speaks against the model in the live figures: what a person could not tell, saw
twice or staged does not. `teaches` says what a model may learn from it about the finding's label:

=======  ==============================================================================================
absent   the picture shows none of it: a background image
present  the boxes are right, only the hazard is not one
unknown  nothing about the rest of the picture; boxes that the person drew are right
nothing  the picture is not used
=======  ==============================================================================================
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, get_args

from inspection.errors import InvalidInput

Teaches = Literal["absent", "present", "unknown", "nothing"]
OTHER = "other"


@dataclass(frozen=True, slots=True)
class DismissalReason:
    """A reason, named in both languages; see the module's text for `counts` and `teaches`."""

    code: str
    name_zh: str
    name_en: str
    counts: bool
    teaches: Teaches


@cache
def dismissal_reasons() -> Mapping[str, DismissalReason]:
    """Return every reason by its code, in the order of the file."""
    text = files("inspection").joinpath("catalogue", "dismissal_reasons.csv").read_text("utf-8-sig")
    rows = [_reason(row) for row in csv.DictReader(text.splitlines())]
    return MappingProxyType({row.code: row for row in rows})


def dismissal_reason(code: str | None) -> DismissalReason:
    """Return a reason; none given is `other`. Raises `InvalidInput` for a code that the list has not."""
    known = dismissal_reasons()
    if code is not None and code not in known:
        msg = f"there is no reason {code!r}; the reasons are {', '.join(known)}"
        raise InvalidInput(msg)
    return known[code or OTHER]


def stored_reason(code: str | None) -> DismissalReason:
    """Return the reason of a stored dismissal; `other` for one without a code, or whose row was taken from the file."""
    known = dismissal_reasons()
    return known.get(code or OTHER, known[OTHER])


def _reason(row: Mapping[str, str]) -> DismissalReason:
    teaches = next(each for each in get_args(Teaches) if each == row["teaches"])
    counts = {"yes": True, "no": False}[row["counts"]]
    return DismissalReason(row["code"], row["name_zh"], row["name_en"], counts, teaches)
