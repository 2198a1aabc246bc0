"""The 28 sections: their forms, their records, what is due."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, status

from api.access import log_access
from api.deps import (
    AnyCaller,
    CurrentUser,
    EnterpriseId,
    PageAsked,
    Reading,
    Remote,
    Writing,
)
from api.errors import problems
from api.preconditions import ReadFrom
from api.routing import ApiRouter
from api.section_views import (
    applicability_tag,
    definition_views,
    duty_views,
    enterprise_duties,
    record_views,
    section_view,
)
from api.shapes.sections import (
    DutyList,
    EnterpriseDutiesPage,
    RecordDetail,
    RecordPage,
    ReminderPage,
    ReminderView,
    SectionDefinitions,
    SectionList,
    SectionRecordView,
    SectionView,
)
from inspection import queries, reminders, section_queries, section_records
from inspection.duties import DutyState
from inspection.keysets import page_of_rows
from inspection.plans import china_day
from inspection.wire import Applicability, RecordCorrection, RecordDraft, Withdrawal, utc_now

router = ApiRouter(tags=["sections"])
SECTIONS = "/enterprises/{enterprise_id}/sections"
RECORD = "/enterprises/{enterprise_id}/records/{record_id}"
SectionCode = Annotated[
    str, Path(pattern=r"^L\d{2}$", description="code of the section", examples=["L04"])
]


@router.get(
    "/section-definitions",
    operation_id="listSectionDefinitions",
    summary="What a record of each section holds",
    responses=problems(401),
)
def list_section_definitions(caller: AnyCaller) -> SectionDefinitions:  # noqa: ARG001  being signed in is enough
    """Return every edition of every section that people write. Forms are built from the one in force."""
    return SectionDefinitions(items=definition_views(china_day(utc_now())))


@router.get(
    SECTIONS,
    operation_id="listSections",
    summary="The state of each section",
    responses=problems(401, 404, 422),
)
def list_sections(enterprise_id: EnterpriseId, user: CurrentUser, session: Reading) -> SectionList:
    """Return the 28 sections: records, what is missing or due, and what does not apply."""
    today = china_day(utc_now())
    states = section_queries.section_states(session, user.scope, enterprise_id, today)
    return SectionList(
        items=[section_view(user.scope, enterprise_id, state, today) for state in states]
    )


@router.get(
    f"{SECTIONS}/{{section}}/records",
    operation_id="listRecords",
    summary="Records of a section",
    responses=problems(401, 404, 422),
)
def list_records(
    enterprise_id: EnterpriseId,
    section: SectionCode,
    user: CurrentUser,
    session: Reading,
    asked: PageAsked,
) -> RecordPage:
    """Return the standing records, those of the latest day first."""
    page = section_queries.list_records(session, user.scope, enterprise_id, section, asked)
    return RecordPage(items=record_views(session, page.rows), next_cursor=page.next_cursor)


@router.post(
    f"{SECTIONS}/{{section}}/records",
    operation_id="recordInSection",
    status_code=status.HTTP_201_CREATED,
    summary="Write a record",
    responses=problems(401, 403, 404, 409, 422),
)
def record_in_section(
    enterprise_id: EnterpriseId,
    section: SectionCode,
    body: RecordDraft,
    user: CurrentUser,
    session: Writing,
    remote: Remote,
) -> SectionRecordView:
    """Append a record to the ledger. Sending it again is safe: the same id is the same record."""
    row = section_records.record(session, user.scope, enterprise_id, section, body, utc_now())
    log_access(
        session,
        actor=user.actor,
        action="section.record",
        enterprise_id=enterprise_id,
        detail=f"{section} {row.id}",
        remote=remote,
    )
    chain = section_queries.get_record(session, user.scope, enterprise_id, row.id)
    return next(view for view in record_views(session, chain) if view.id == row.id)


@router.put(
    f"{SECTIONS}/{{section}}/applicability",
    operation_id="setApplicability",
    summary="Say whether a section applies",
    responses=problems(400, 401, 403, 404, 412, 422, 428),
)
def set_applicability(
    enterprise_id: EnterpriseId,
    section: SectionCode,
    body: Applicability,
    user: CurrentUser,
    session: Writing,
    origin: ReadFrom,
) -> SectionView:
    """Mark a section as not applicable, with a reason, or as applicable again; both are entries in the ledger."""
    now = utc_now()
    absence = section_records.absence_to_change(session, user.scope, enterprise_id, section)
    tag = applicability_tag(section, absence.entry_index if absence else None)
    origin.read.require(tag, "whether the section applies")
    section_records.set_applicability(session, user.scope, enterprise_id, section, body, now)
    log_access(
        session,
        actor=user.actor,
        action="section.applicability",
        enterprise_id=enterprise_id,
        detail=f"{section} {'applies' if body.applies else 'does not apply'}",
        remote=origin.remote,
    )
    today = china_day(now)
    states = section_queries.section_states(session, user.scope, enterprise_id, today)
    state = next(state for state in states if state.code == section)
    return section_view(user.scope, enterprise_id, state, today)


@router.get(RECORD, operation_id="getRecord", summary="A record", responses=problems(401, 404, 422))
def get_record(
    enterprise_id: EnterpriseId, record_id: UUID, user: CurrentUser, session: Reading
) -> RecordDetail:
    """Return a record with its corrections."""
    chain = section_queries.get_record(session, user.scope, enterprise_id, record_id)
    views = record_views(session, chain)
    record = next(view for view in views if view.id == record_id)
    today = china_day(utc_now())
    may_write = section_records.may_write(user.scope, enterprise_id, record.section, today)
    return RecordDetail(record=record, history=views, may_write=may_write)


@router.post(
    f"{RECORD}/correction",
    operation_id="correctRecord",
    status_code=status.HTTP_201_CREATED,
    summary="Correct or renew a record",
    responses=problems(401, 403, 404, 409, 422),
)
def correct_record(
    enterprise_id: EnterpriseId,
    record_id: UUID,
    body: RecordCorrection,
    user: CurrentUser,
    session: Writing,
    remote: Remote,
) -> SectionRecordView:
    """Append a record that takes the place of this one; both stay in the ledger."""
    row = section_records.supersede(session, user.scope, enterprise_id, record_id, body, utc_now())
    log_access(
        session,
        actor=user.actor,
        action="section.correct",
        enterprise_id=enterprise_id,
        detail=f"{row.section} {record_id} by {row.id}",
        remote=remote,
    )
    chain = section_queries.get_record(session, user.scope, enterprise_id, row.id)
    return next(view for view in record_views(session, chain) if view.id == row.id)


@router.post(
    f"{RECORD}/withdrawal",
    operation_id="withdrawRecord",
    summary="Withdraw a record",
    responses=problems(401, 403, 404, 409, 422),
)
def withdraw_record(
    enterprise_id: EnterpriseId,
    record_id: UUID,
    body: Withdrawal,
    user: CurrentUser,
    session: Writing,
    remote: Remote,
) -> SectionRecordView:
    """Say that a record was a mistake; it no longer counts, and stays in the ledger."""
    row = section_records.withdraw(session, user.scope, enterprise_id, record_id, body, utc_now())
    log_access(
        session,
        actor=user.actor,
        action="section.withdraw",
        enterprise_id=enterprise_id,
        detail=f"{row.section} {row.id}",
        remote=remote,
    )
    chain = section_queries.get_record(session, user.scope, enterprise_id, row.id)
    return next(view for view in record_views(session, chain) if view.id == row.id)


@router.get(
    "/enterprises/{enterprise_id}/duties",
    operation_id="listDuties",
    summary="What is due of an enterprise",
    responses=problems(401, 404, 422),
)
def list_duties(
    enterprise_id: EnterpriseId,
    session: Reading,
    section: Annotated[
        str | None, Query(pattern=r"^L\d{2}$", description="of this section only")
    ] = None,
    state: Annotated[DutyState | None, Query(description="in this state only")] = None,
    *,
    paging: PageAsked,
) -> DutyList:
    """Return what is and was asked for since the enterprise's first service plan (or its first entry)."""
    today = china_day(utc_now())
    asked = section_queries.section_duties(session, [enterprise_id], today)[enterprise_id]
    if section is not None:
        asked = {section: asked.get(section, ())}
    views = duty_views(asked, None if state is None else {state})
    page = page_of_rows(
        views, lambda duty: (str(duty.last), duty.section, duty.period, str(duty.record_id)), paging
    )
    return DutyList(items=list(page.rows), next_cursor=page.next_cursor)


@router.get(
    "/duties",
    operation_id="listEnterpriseDuties",
    summary="What is missing or due, by enterprise",
    responses=problems(401, 422),
)
def list_enterprise_duties(
    user: CurrentUser, session: Reading, asked: PageAsked
) -> EnterpriseDutiesPage:
    """Return the enterprises in scope with what is missing and due in their sections."""
    page = queries.list_enterprises(session, user.scope, asked)
    found = section_queries.section_duties(
        session, [row.id for row in page.rows], china_day(utc_now())
    )
    return EnterpriseDutiesPage(
        items=[enterprise_duties(row, found[row.id]) for row in page.rows],
        next_cursor=page.next_cursor,
    )


@router.get(
    "/reminders",
    operation_id="listReminders",
    summary="Reminders to the caller",
    responses=problems(401, 403, 422),
)
def list_reminders(
    user: CurrentUser,
    session: Reading,
    asked: PageAsked,
    unread: Annotated[bool, Query(description="unread ones only")] = False,
) -> ReminderPage:
    """Return the caller's own reminders, the newest first."""
    page = reminders.list_reminders(session, user.scope, asked, unread=unread)
    return ReminderPage(
        items=[ReminderView.from_row(row) for row in page.rows], next_cursor=page.next_cursor
    )


@router.post(
    "/reminders/{reminder_id}/read",
    operation_id="readReminder",
    summary="A reminder was read",
    responses=problems(401, 403, 404, 422),
)
def read_reminder(reminder_id: UUID, user: CurrentUser, session: Writing) -> ReminderView:
    """Note that the caller has read it; the first time counts."""
    return ReminderView.from_row(reminders.mark_read(session, user.scope, reminder_id, utc_now()))
