"""Finding entries of an enterprise's ledger."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from api.deps import CurrentUser, EnterpriseId, PageAsked, Reading, SearchText, Since, Until
from api.errors import problems
from api.routing import ApiRouter
from api.shapes.base import HazardCode
from api.shapes.ledger import (
    EntryView,
    ExcerptView,
    FacetCount,
    FacetCounts,
    HitPage,
    HitView,
    MarkView,
)
from inspection.entry_search import (
    EntryFilter,
    Facet,
    Hit,
    count_entries,
    indexed_size,
    search_entries,
)
from inspection.journal import log_id_of
from ledger.sql import SqlStore

router = ApiRouter(prefix="/enterprises/{enterprise_id}/entries", tags=["ledger"])
Word = Annotated[str | None, Query(max_length=64, pattern=r"^[^\x00]+$")]


async def entry_filter(  # noqa: PLR0913  each is a filter of the list
    q: SearchText = "",
    section: Annotated[str | None, Query(pattern=r"^L\d{2}$", description="of a section")] = None,
    kind: Annotated[
        str | None, Query(max_length=128, pattern=r"^[a-z0-9._-]+$", examples=["finding.recorded"])
    ] = None,
    hazard_code: Annotated[HazardCode | None, Query(description="of a hazard")] = None,
    level: Word = None,
    state: Word = None,
    source: Word = None,
    item_id: Annotated[UUID | None, Query(description="about a hazard item")] = None,
    is_erased: Annotated[bool | None, Query(description="whether the content was erased")] = None,
    since: Since = None,
    until: Until = None,
) -> EntryFilter:
    """Return which entries are asked for."""
    return EntryFilter(
        q, section, kind, hazard_code, level, state, source, item_id, is_erased, since, until
    )


EntriesAsked = Annotated[EntryFilter, Depends(entry_filter)]


@router.get(
    "", operation_id="searchEntries", summary="Find entries", responses=problems(401, 404, 422)
)
def search(
    enterprise_id: EnterpriseId,
    user: CurrentUser,
    session: Reading,
    wanted: EntriesAsked,
    asked: PageAsked,
    oldest_first: Annotated[bool, Query(description="else the newest is first")] = False,
) -> HitPage:
    """Return entries that fit every filter. Pages neither skip nor repeat an entry while others are appended."""
    page = search_entries(
        session, user.scope, enterprise_id, wanted, asked, oldest_first=oldest_first
    )
    return HitPage(
        items=[_view(hit) for hit in page.rows],
        next_cursor=page.next_cursor,
        tree_size=SqlStore(session).head(log_id_of(enterprise_id)).size,
        indexed_size=indexed_size(session, enterprise_id),
    )


@router.get(
    "/counts",
    operation_id="countEntries",
    summary="Count entries",
    responses=problems(401, 404, 422),
)
def count(
    enterprise_id: EnterpriseId,
    user: CurrentUser,
    session: Reading,
    wanted: EntriesAsked,
    by: Annotated[Facet, Query(description="what to count by")],
) -> FacetCounts:
    """Return how many of the entries that fit every filter have each value of a facet."""
    counts = count_entries(session, user.scope, enterprise_id, wanted, by)
    items = [FacetCount(value=value, count=number) for value, number in counts.items()]
    return FacetCounts(items=items)


def _view(hit: Hit) -> HitView:
    found = hit.excerpt
    excerpt = found and ExcerptView(
        text=found.text, marks=[MarkView(start=start, end=end) for start, end in found.marks]
    )
    return HitView(entry=EntryView.from_entry(hit.entry), excerpt=excerpt)
