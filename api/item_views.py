"""From an item's rows to what the API shows of it."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from api.names import names_of
from api.shapes.findings import FindingView
from api.shapes.items import ItemChangeView, ItemDetail, ItemView
from api.ticket_views import ticket_views
from inspection.item_changes import changes_of
from inspection.item_merging import may_change
from inspection.items import joined_items
from inspection.queries import FindingFilter, Paging, list_findings
from inspection.scopes import Scope
from inspection.tables import HazardItem, ItemChange, RemediationTicket
from inspection.wire import utc_now

SHOWN_SIGHTINGS = 100


def item_detail(session: Session, scope: Scope, item: HazardItem) -> ItemDetail:
    """Return an item with its tickets and what happened to it, to those that were joined into it too."""
    wanted = FindingFilter(enterprise_id=item.enterprise_id, item_id=item.id)
    sightings = list_findings(session, scope, wanted, Paging(limit=SHOWN_SIGHTINGS))
    item_ids = [item.id, *joined_items(session, item.enterprise_id, item.id)]
    tickets = session.exec(
        select(RemediationTicket)
        .where(
            col(RemediationTicket.enterprise_id) == item.enterprise_id,
            col(RemediationTicket.item_id).in_(item_ids),
        )
        .order_by(col(RemediationTicket.id).desc())
    ).all()
    views = ticket_views(session, tickets, utc_now())
    views.sort(key=lambda view: view.id != item.ticket_id)
    return ItemDetail(
        item=ItemView.from_row(item),
        findings=[FindingView.from_row(row) for row in sightings.rows],
        ticket=next((view for view in views if view.id == item.ticket_id), None),
        tickets=views,
        may_change=may_change(scope, item),
        changes=_changes(session, changes_of(session, item.enterprise_id, item_ids)),
    )


def _changes(session: Session, rows: Sequence[ItemChange]) -> list[ItemChangeView]:
    names = names_of(session, (row.by_user_id for row in rows))
    return [
        ItemChangeView(
            **row.model_dump(exclude={"by_user_id", "enterprise_id"}), by=names[row.by_user_id]
        )
        for row in rows
    ]
