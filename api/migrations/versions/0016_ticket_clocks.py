"""Tickets have a clock: a budget of counted time, requests for pauses and extensions; what the server does is a step too.

Revision ID: 0016
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give every ticket the budget that its deadline meant, and the time of the submission that stands."""
    with op.batch_alter_table("remediation_ticket") as batch:
        batch.add_column(
            sa.Column("budget_s", sa.Integer(), nullable=False, server_default="86400")
        )
        batch.add_column(
            sa.Column("clock_unit", sa.String(), nullable=False, server_default="calendar")
        )
        batch.add_column(
            sa.Column(
                "is_deadline_provisional", sa.Boolean(), nullable=False, server_default=sa.false()
            )
        )
        batch.add_column(sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True))
    _read_budgets()
    with op.batch_alter_table("remediation_ticket") as batch:
        batch.alter_column("budget_s", server_default=None, existing_type=sa.Integer())
        batch.alter_column("clock_unit", server_default=None, existing_type=sa.String())
    with op.batch_alter_table("ticket_step") as batch:
        batch.alter_column("by_user_id", existing_type=sa.Uuid(), nullable=True)
    op.create_table(
        "ticket_hold",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["decided_by"], ["app_user.id"]),
        sa.ForeignKeyConstraint(["requested_by"], ["app_user.id"]),
        sa.ForeignKeyConstraint(
            ["enterprise_id", "ticket_id"],
            ["remediation_ticket.enterprise_id", "remediation_ticket.id"],
        ),
        sa.PrimaryKeyConstraint("enterprise_id", "id"),
    )
    op.create_index("ix_ticket_hold_ticket", "ticket_hold", ["enterprise_id", "ticket_id"])


def _read_budgets() -> None:
    connection = op.get_bind()
    ticket = sa.table(
        "remediation_ticket",
        sa.column("enterprise_id", sa.Uuid()),
        sa.column("id", sa.Uuid()),
        sa.column("opened_at", sa.DateTime(timezone=True)),
        sa.column("deadline", sa.DateTime(timezone=True)),
        sa.column("budget_s", sa.Integer()),
    )
    rows = connection.execute(
        sa.select(ticket.c.enterprise_id, ticket.c.id, ticket.c.opened_at, ticket.c.deadline)
    ).all()
    for enterprise_id, ticket_id, opened_at, deadline in rows:
        connection.execute(
            ticket.update()
            .where(ticket.c.enterprise_id == enterprise_id, ticket.c.id == ticket_id)
            .values(budget_s=max(1, round((deadline - opened_at).total_seconds())))
        )
    op.execute(
        "UPDATE remediation_ticket SET submitted_at = (SELECT max(s.at) FROM ticket_step AS s "
        "WHERE s.enterprise_id = remediation_ticket.enterprise_id AND s.ticket_id = remediation_ticket.id "
        "AND s.action = 'submit') WHERE state IN ('SUBMITTED', 'CLOSED')"
    )


def downgrade() -> None:
    """Drop what was added; steps of the server itself have nobody to name and go, their entries stay in the ledgers."""
    op.drop_index("ix_ticket_hold_ticket", table_name="ticket_hold")
    op.drop_table("ticket_hold")
    op.execute("DELETE FROM ticket_step WHERE by_user_id IS NULL")
    with op.batch_alter_table("ticket_step") as batch:
        batch.alter_column("by_user_id", existing_type=sa.Uuid(), nullable=False)
    with op.batch_alter_table("remediation_ticket") as batch:
        for column in ("submitted_at", "is_deadline_provisional", "clock_unit", "budget_s"):
            batch.drop_column(column)
