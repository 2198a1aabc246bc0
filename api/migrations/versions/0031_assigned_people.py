"""Every assignment of a ticket names its person, so that whoever was ever assigned is known to the reinspection.

Revision ID: 0031
Revises: 0027
"""

import json
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and read the people of earlier assignments from the ledgers; what was erased there stays unknown."""
    with op.batch_alter_table("ticket_step") as batch:
        batch.add_column(sa.Column("assignee_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key("fk_ticket_step_assignee_id", "app_user", ["assignee_id"], ["id"])
    _read_assignees()


def _read_assignees() -> None:
    connection = op.get_bind()
    step = sa.table(
        "ticket_step",
        sa.column("enterprise_id", sa.Uuid()),
        sa.column("ticket_id", sa.Uuid()),
        sa.column("number", sa.Integer()),
        sa.column("action", sa.String()),
        sa.column("entry_index", sa.Integer()),
        sa.column("assignee_id", sa.Uuid()),
    )
    entry = sa.table(
        "ledger_entry",
        sa.column("log_id", sa.String()),
        sa.column("index", sa.BigInteger()),
        sa.column("content", sa.Text()),
    )
    key = (step.c.enterprise_id, step.c.ticket_id, step.c.number)
    assignments = connection.execute(
        sa.select(*key, step.c.entry_index).where(step.c.action == "assign")
    ).all()
    for enterprise_id, ticket_id, number, index in assignments:
        content = connection.scalar(
            sa.select(entry.c.content).where(
                entry.c.log_id == str(enterprise_id), entry.c.index == index
            )
        )
        if content is None:
            continue
        assignee = UUID(json.loads(content)["data"]["assignee"].removeprefix("user:"))
        connection.execute(
            step.update()
            .where(
                step.c.enterprise_id == enterprise_id,
                step.c.ticket_id == ticket_id,
                step.c.number == number,
            )
            .values(assignee_id=assignee)
        )


def downgrade() -> None:
    """Drop it; the assignments stay in the ledgers."""
    with op.batch_alter_table("ticket_step") as batch:
        batch.drop_constraint("fk_ticket_step_assignee_id", type_="foreignkey")
        batch.drop_column("assignee_id")
