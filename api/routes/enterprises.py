"""Enterprises that the caller may see."""

from api.deps import CurrentUser, EnterpriseId, PageAsked, Reading, SearchText
from api.errors import problems
from api.routing import ApiRouter
from api.shapes.enterprises import EnterpriseDetail, EnterprisePage
from api.shapes.people import AssignablePerson, People
from api.views import enterprise_detail, enterprise_views
from inspection import queries
from inspection.keysets import page_of_rows
from inspection.wire import utc_now

router = ApiRouter(prefix="/enterprises", tags=["enterprises"])


@router.get(
    "",
    operation_id="listEnterprises",
    summary="Enterprises",
    responses=problems(401, 422),
)
def list_enterprises(
    user: CurrentUser, session: Reading, asked: PageAsked, q: SearchText = ""
) -> EnterprisePage:
    """Return the enterprises within the caller's scope. Words are looked for in name, credit code and address."""
    page = queries.list_enterprises(session, user.scope, asked, text=q)
    return EnterprisePage(items=enterprise_views(session, page.rows), next_cursor=page.next_cursor)


@router.get(
    "/{enterprise_id}",
    operation_id="getEnterprise",
    summary="An enterprise",
    responses=problems(401, 404, 422),
)
def get_enterprise(
    enterprise_id: EnterpriseId, user: CurrentUser, session: Reading
) -> EnterpriseDetail:
    """Return an enterprise with its service plan and its insurance."""
    row = queries.get_enterprise(session, user.scope, enterprise_id)
    return enterprise_detail(session, row, utc_now())


@router.get(
    "/{enterprise_id}/people",
    operation_id="listPeople",
    summary="People of an enterprise",
    responses=problems(401, 404, 422),
)
def list_people(
    enterprise_id: EnterpriseId, user: CurrentUser, session: Reading, asked: PageAsked
) -> People:
    """Return the enterprise's people and its experts; a ticket is assigned to one of its own people."""
    found = queries.people(session, user.scope, enterprise_id)
    page = page_of_rows(found, lambda person: (person.name, str(person.id)), asked)
    return People(
        items=[
            AssignablePerson(
                id=person.id, login=person.login, name=person.name, roles=sorted(person.roles)
            )
            for person in page.rows
        ],
        next_cursor=page.next_cursor,
    )
