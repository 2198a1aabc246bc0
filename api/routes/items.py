"""Hazard items: the standing problems."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query, Response
from fastapi.responses import StreamingResponse
from sqlmodel import Session

from api.access import log_access
from api.auth import Caller
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
    Writing,
)
from api.errors import PreconditionMissing, problems
from api.exports import ZIP, bundle_answer, latest_checkpoint, published_entries
from api.item_views import item_detail
from api.routing import ApiRouter
from api.shapes.base import HazardCode, Level
from api.shapes.items import ItemDetail, ItemPage, ItemView
from api.step_taker import version_of
from inspection import queries
from inspection.item_merging import ItemRef, Part, merge_items, split_item
from inspection.item_wire import ItemMerge, ItemSplit
from inspection.queries import ItemFilter
from inspection.tables import HazardItem, ItemState
from inspection.wire import SourceKind, utc_now

router = ApiRouter(tags=["items"])
EVERY_ITEM = ItemFilter()
ITEM = "/enterprises/{enterprise_id}/items/{item_id}"
CHANGE_PROBLEMS = problems(400, 401, 403, 404, 409, 412, 422, 428)


@dataclass(frozen=True)
class ItemChanger:
    """Who changes which item, and the version of it that they had read."""

    session: Session
    caller: Caller
    ref: ItemRef
    remote: str

    def answer(self, action: str, item: HazardItem) -> ItemDetail:
        """Note the change in the access log, and return an item as it is then."""
        log_access(
            self.session,
            actor=self.caller.actor,
            action=action,
            enterprise_id=self.ref.enterprise_id,
            detail=str(self.ref.item_id),
            remote=self.remote,
        )
        return item_detail(self.session, self.caller.scope, item)


async def item_changer(
    enterprise_id: EnterpriseId,
    item_id: UUID,
    caller: CurrentUser,
    session: Writing,
    remote: Remote,
    if_match: Annotated[
        str | None,
        Header(
            description="version of the item that was read, in quotes; `*`: whatever it is",
            examples=['"3"'],
        ),
    ] = None,
) -> ItemChanger:
    """Return who changes an item. Raises `PreconditionMissing`, `MalformedHeader`."""
    if if_match is None:
        raise PreconditionMissing(
            "read the hazard first and send its version as If-Match, so that nobody's change is undone unseen"
        )
    ref = ItemRef(enterprise_id, item_id, utc_now(), version_of(if_match))
    return ItemChanger(session, caller, ref, remote)


Change = Annotated[ItemChanger, Depends(item_changer, scope="function")]


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
    ITEM,
    operation_id="getItem",
    summary="A hazard item",
    responses=problems(401, 404, 422),
)
def get_item(
    enterprise_id: EnterpriseId, item_id: UUID, user: CurrentUser, session: Reading
) -> ItemDetail:
    """Return an item with its sightings, its tickets and what happened to it."""
    item = queries.get_item(session, user.scope, enterprise_id, item_id)
    return item_detail(session, user.scope, item)


@router.post(
    f"{ITEM}/merge",
    operation_id="mergeItem",
    summary="Join an item into another",
    responses=CHANGE_PROBLEMS,
)
def merge_item(body: ItemMerge, change: Change) -> ItemDetail:
    """Two items are one problem: the other one stays, gets the findings, and is returned."""
    survivor = merge_items(
        change.session, change.caller.scope, change.ref, body.into_item_id, body.reason
    )
    return change.answer("item.merge", survivor)


@router.post(
    f"{ITEM}/split",
    operation_id="splitItem",
    summary="Split findings off an item",
    responses=CHANGE_PROBLEMS,
)
def split_off(body: ItemSplit, change: Change) -> ItemDetail:
    """Some findings are of another problem: they become an item of their own, which is returned."""
    part = Part(body.finding_ids, body.reason, body.place)
    new = split_item(change.session, change.caller.scope, change.ref, part)
    return change.answer("item.split", new)


@router.get(
    f"{ITEM}/bundle",
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
