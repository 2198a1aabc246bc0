"""The 28 sections of an enterprise's ledger, as data: ``catalogue/ledger_sections.csv``."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from inspection.errors import NotFound

AI_PATROL = "L27"
HAZARDS = "L11"
MAJOR_HAZARDS = "L12"
LEDGER_ITSELF = "L00"


@dataclass(frozen=True)
class LedgerSection:
    """A section (台账): what it holds, how often, how long, by whom, on what basis.

    `plan` says which plan it must hold: ``treatment``, one for each ticket of a major hazard; ``entry=plan``, a record
    in which that choice was made; empty, none.
    """

    code: str
    name_zh: str
    name_en: str
    key_fields: tuple[str, ...]
    frequency: str
    retention: str
    owner: str
    basis: str
    basis_checked: bool
    plan: str


@cache
def ledger_sections() -> Mapping[str, LedgerSection]:
    """Return all sections by code, in their order."""
    text = files("inspection").joinpath("catalogue", "ledger_sections.csv").read_text("utf-8-sig")
    rows = csv.DictReader(text.splitlines())
    return MappingProxyType({row["code"]: _section(row) for row in rows})


def ledger_section(code: str) -> LedgerSection:
    """Return a section. Raises `NotFound`."""
    try:
        return ledger_sections()[code]
    except KeyError:
        raise NotFound("ledger section", code) from None


def hazard_section(level: str | None) -> str:
    """Return where a hazard of this level is kept: L12 when it is major, else L11."""
    return MAJOR_HAZARDS if level == "major" else HAZARDS


def _section(row: dict[str, str]) -> LedgerSection:
    return LedgerSection(
        code=row["code"],
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        key_fields=tuple(row["key_fields"].split(";")),
        frequency=row["frequency"],
        retention=row["retention"],
        owner=row["owner"],
        basis=row["basis"],
        basis_checked=row["basis_checked"] == "yes",
        plan=row["plan"],
    )
