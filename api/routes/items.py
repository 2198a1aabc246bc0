"""Hazard items: the standing problems."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.deps import CurrentUser, Cursor, EnterpriseFilter, EnterpriseId, Limit
from api.errors import problems
from api.shapes.items import ItemDetail, ItemPage
from inspection.tables import ItemState

router = APIRouter(tags=["items"])


@router.get(
    "/items", operation_id="listItems", summary="Hazard items", responses=problems(401, 404, 422)
)
def list_items(
    user: CurrentUser,
    enterprise_id: EnterpriseFilter = None,
    state: Annotated[ItemState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ItemPage:
    """Return hazard items within the caller's scope."""
    raise NotImplementedError


@router.get(
    "/enterprises/{enterprise_id}/items/{item_id}",
    operation_id="getItem",
    summary="A hazard item",
    responses=problems(401, 404, 422),
)
def get_item(enterprise_id: EnterpriseId, item_id: UUID, user: CurrentUser) -> ItemDetail:
    """Return an item with its sightings and its ticket."""
    raise NotImplementedError
