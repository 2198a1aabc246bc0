"""People prove who they are in more ways: second factors, personal tokens, invitations; bureaus have towns.

Revision ID: 0013
Revises: 0007
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0007"
branch_labels = None
depends_on = None

_KIND = sa.Enum("COOKIE", "BEARER", name="tokenkind")
_ROLE = sa.Enum(
    "EXPERT",
    "ENTERPRISE_OFFICER",
    "ENTERPRISE_WORKER",
    "SERVICE_CENTRE",
    "INSURER",
    "GOVERNMENT",
    name="role",
)


def _at(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _of_user(name: str = "user_id", *, nullable: bool = False) -> sa.Column[UUID]:
    is_owner = name == "user_id"
    return sa.Column(
        name, sa.Uuid(), sa.ForeignKey("app_user.id"), nullable=nullable, index=is_owner or None
    )


def upgrade() -> None:
    """Make the tables. Who is signed in signs in again: a session is now either a cookie or a header."""
    op.execute("DELETE FROM sign_in_session")
    # PostgreSQL makes an enumerated type with the table, but not with a column.
    _KIND.create(op.get_bind(), checkfirst=True)
    with op.batch_alter_table("sign_in_session") as batch:
        batch.add_column(sa.Column("id", sa.Uuid(), nullable=False))
        batch.add_column(sa.Column("kind", _KIND, nullable=False))
        batch.add_column(sa.Column("remote", sa.String(), nullable=False))
        batch.add_column(sa.Column("user_agent", sa.String(), nullable=False))
        batch.create_index(op.f("ix_sign_in_session_id"), ["id"])
    with op.batch_alter_table("organisation") as batch:
        batch.add_column(sa.Column("parent_id", sa.Uuid(), nullable=True))
        batch.create_foreign_key("fk_organisation_parent", "organisation", ["parent_id"], ["id"])
        batch.create_index(op.f("ix_organisation_parent_id"), ["parent_id"])
    with op.batch_alter_table("membership") as batch:
        batch.add_column(
            sa.Column("is_administrator", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    _make_proofs()
    _make_invitations()


def _make_proofs() -> None:
    op.create_table(
        "second_factor",
        sa.Column("user_id", sa.Uuid(), sa.ForeignKey("app_user.id"), primary_key=True),
        sa.Column("secret", sa.String(), nullable=False),
        _at("created_at"),
        _at("confirmed_at", nullable=True),
        sa.Column("last_counter", sa.Integer(), nullable=False),
    )
    op.create_table(
        "recovery_code",
        sa.Column("code_sha256", sa.String(), primary_key=True),
        _of_user(),
        _at("used_at", nullable=True),
    )
    op.create_table(
        "personal_token",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _of_user(),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token_sha256", sa.String(), nullable=False, unique=True),
        sa.Column("scopes", sa.JSON(), nullable=False),
        _at("created_at"),
        _at("expires_at"),
        _at("last_used_at", nullable=True),
        _at("revoked_at", nullable=True),
    )
    op.create_table(
        "foreign_identity",
        sa.Column("issuer", sa.String(), primary_key=True),
        sa.Column("subject", sa.String(), primary_key=True),
        _of_user(),
        _at("linked_at"),
    )


def _make_invitations() -> None:
    role = _ROLE
    if op.get_bind().dialect.name == "postgresql":
        role = sa.dialects.postgresql.ENUM(*_ROLE.enums, name="role", create_type=False)
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("token_sha256", sa.String(), nullable=False, unique=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", role, nullable=False),
        sa.Column("is_administrator", sa.Boolean(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), sa.ForeignKey("organisation.id"), index=True),
        sa.Column("enterprise_id", sa.Uuid(), sa.ForeignKey("enterprise.id"), index=True),
        _of_user("invited_by"),
        _at("created_at"),
        _at("expires_at"),
        _at("accepted_at", nullable=True),
        _of_user("accepted_by", nullable=True),
        _at("withdrawn_at", nullable=True),
    )


def downgrade() -> None:
    """Drop them; everyone signs in again, with their password alone."""
    for table in (
        "invitation",
        "foreign_identity",
        "personal_token",
        "recovery_code",
        "second_factor",
    ):
        op.drop_table(table)
    with op.batch_alter_table("membership") as batch:
        batch.drop_column("is_administrator")
    with op.batch_alter_table("organisation") as batch:
        batch.drop_index(op.f("ix_organisation_parent_id"))
        batch.drop_constraint("fk_organisation_parent", type_="foreignkey")
        batch.drop_column("parent_id")
    op.execute("DELETE FROM sign_in_session")
    with op.batch_alter_table("sign_in_session") as batch:
        batch.drop_index(op.f("ix_sign_in_session_id"))
        for column in ("id", "kind", "remote", "user_agent"):
            batch.drop_column(column)
    _KIND.drop(op.get_bind(), checkfirst=True)
