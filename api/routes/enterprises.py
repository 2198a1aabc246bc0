"""Enterprises that the caller may see."""

from fastapi import APIRouter

from api.deps import CurrentUser, Cursor, EnterpriseId, Limit
from api.errors import problems
from api.shapes.enterprises import EnterpriseDetail, EnterprisePage
from api.shapes.people import People

router = APIRouter(prefix="/enterprises", tags=["enterprises"])


@router.get(
    "",
    operation_id="listEnterprises",
    summary="Enterprises",
    responses=problems(401, 422),
)
def list_enterprises(user: CurrentUser, cursor: Cursor = None, limit: Limit = 50) -> EnterprisePage:
    """Return the enterprises within the caller's scope."""
    raise NotImplementedError


@router.get(
    "/{enterprise_id}",
    operation_id="getEnterprise",
    summary="An enterprise",
    responses=problems(401, 404, 422),
)
def get_enterprise(enterprise_id: EnterpriseId, user: CurrentUser) -> EnterpriseDetail:
    """Return an enterprise with its service plan and its insurance."""
    raise NotImplementedError


@router.get(
    "/{enterprise_id}/people",
    operation_id="listPeople",
    summary="People who may be asked to fix",
    responses=problems(401, 404, 422),
)
def list_people(enterprise_id: EnterpriseId, user: CurrentUser) -> People:
    """Return the people to whom a ticket of the enterprise may be assigned."""
    raise NotImplementedError
