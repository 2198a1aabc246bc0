"""Hazard items: the standing problems."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from fastapi.responses import StreamingResponse

from api.access import log_access
from api.deps import (
    AppParts,
    CurrentUser,
    EnterpriseFilter,
    EnterpriseId,
    PageAsked,
    Reading,
    Remote,
    SearchText,
    Since,
    Until,
)
from api.errors import problems
from api.exports import ZIP, bundle_answer, latest_checkpoint, published_entries
from api.item_views import item_detail
from api.routing import ApiRouter
from api.shapes.base import HazardCode, Level
from api.shapes.items import ItemDetail, ItemPage, ItemView
from inspection import queries
from inspection.queries import FindingFilter, ItemFilter, Paging
from inspection.tables import ItemState
from inspection.wire import SourceKind

router = ApiRouter(tags=["items"])
SHOWN_SIGHTINGS = 100
EVERY_ITEM = ItemFilter()


async def item_filter(  # noqa: PLR0913  a parameter a filter
    q: SearchText = "",
    hazard_code: Annotated[HazardCode | None, Query(description="of this hazard")] = None,
    level: Annotated[Level | None, Query(description="of this level")] = None,
    source: Annotated[SourceKind | None, Query(description="seen by this kind of source")] = None,
    since: Since = None,
    until: Until = None,
    recurring: Annotated[
        bool | None, Query(description="that came back after it was closed, or that did not")
    ] = None,
) -> ItemFilter:
    """Return which items are asked for."""
    return ItemFilter(q, hazard_code, level, source, since, until, recurring)


@router.get(
    "/items", operation_id="listItems", summary="Hazard items", responses=problems(401, 404, 422)
)
def list_items(
    user: CurrentUser,
    session: Reading,
    asked: PageAsked,
    enterprise_id: EnterpriseFilter = None,
    state: Annotated[ItemState | None, Query()] = None,
    wanted: Annotated[ItemFilter, Depends(item_filter)] = EVERY_ITEM,
) -> ItemPage:
    """Return hazard items within the caller's scope, newest first."""
    page = queries.list_items(
        session,
        user.scope,
        enterprise_id=enterprise_id,
        state=state,
        wanted=wanted,
        paging=asked,
    )
    return ItemPage(
        items=[ItemView.from_row(row) for row in page.rows], next_cursor=page.next_cursor
    )


@router.get(
    "/enterprises/{enterprise_id}/items/{item_id}",
    operation_id="getItem",
    summary="A hazard item",
    responses=problems(401, 404, 422),
)
def get_item(
    enterprise_id: EnterpriseId, item_id: UUID, user: CurrentUser, session: Reading
) -> ItemDetail:
    """Return an item with its sightings, its tickets and what happened to it."""
    item = queries.get_item(session, user.scope, enterprise_id, item_id)
    sightings = queries.list_findings(
        session,
        user.scope,
        FindingFilter(enterprise_id=enterprise_id, item_id=item_id),
        Paging(limit=SHOWN_SIGHTINGS),
    )
    return item_detail(session, item, sightings.rows)


@router.get(
    "/enterprises/{enterprise_id}/items/{item_id}/bundle",
    operation_id="getItemBundle",
    summary="One item for an offline check",
    responses={**ZIP, **problems(401, 404, 409, 422)},
    response_class=StreamingResponse,
)
def get_item_bundle(
    enterprise_id: EnterpriseId,
    item_id: UUID,
    user: CurrentUser,
    parts: AppParts,
    remote: Remote,
) -> Response:
    """Return the entries about an item with their proofs, evidence and checkpoint as a zip file; 409 until all are signed."""
    with parts.read() as session:
        queries.get_item(session, user.scope, enterprise_id, item_id)
        checkpoint = latest_checkpoint(session, enterprise_id)
        indices = published_entries(session, enterprise_id, item_id, checkpoint)
    with parts.write.begin() as session:
        log_access(
            session,
            actor=user.actor,
            action="ledger.export",
            enterprise_id=enterprise_id,
            detail=f"item {item_id}, {len(indices)} entries",
            remote=remote,
        )
    name = f"item-{item_id}-{checkpoint.size}.zip"
    return bundle_answer(parts, enterprise_id, checkpoint, name, indices)
