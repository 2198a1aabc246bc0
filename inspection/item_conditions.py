"""What hazard items are asked for by: a word, and who saw them."""

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import col, select

from inspection.entry_text import fold
from inspection.tables import Finding, HazardItem
from inspection.taxonomy import hazard_catalogue
from inspection.wire import SourceKind


def says(term: str) -> ColumnElement[bool]:
    """Return the condition of an item that has a folded term in its place, or in its hazard's names and code."""
    hazards = [
        code
        for code, hazard in hazard_catalogue().items()
        if term in fold(f"{code} {hazard.name_zh} {hazard.name_en}")
    ]
    return or_(
        func.lower(col(HazardItem.place)).contains(term, autoescape=True),
        col(HazardItem.hazard_code).in_(hazards),
    )


def is_seen_by(source: SourceKind) -> ColumnElement[bool]:
    """Return the condition of an item with a sighting of this source."""
    return (
        select(Finding.id)
        .where(
            col(Finding.enterprise_id) == col(HazardItem.enterprise_id),
            col(Finding.item_id) == col(HazardItem.id),
            col(Finding.source_kind) == source,
        )
        .exists()
    )
