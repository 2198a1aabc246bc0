"""Every table of the first release.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "access_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("remote", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_access_log_at"), "access_log", ["at"], unique=False)
    op.create_index(
        op.f("ix_access_log_enterprise_id"), "access_log", ["enterprise_id"], unique=False
    )
    op.create_table(
        "app_user",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("login"),
    )
    op.create_table(
        "ledger_checkpoint",
        sa.Column("log_id", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "size"),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("log_id", sa.String(200), nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.Column("section", sa.String(64), nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("log_id", "index"),
    )
    op.create_index(
        "ix_ledger_entry_section", "ledger_entry", ["log_id", "section", "index"], unique=False
    )
    op.create_table(
        "ledger_head",
        sa.Column("log_id", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("edge", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log_id"),
    )
    op.create_table(
        "ledger_subtree",
        sa.Column("log_id", sa.String(200), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "level", "position"),
    )
    op.create_table(
        "pilot_area",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "enterprise",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("credit_code", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("industry", sa.String(), nullable=False),
        sa.Column("is_high_risk", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_id"],
            ["pilot_area.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("credit_code"),
    )
    op.create_index(op.f("ix_enterprise_area_id"), "enterprise", ["area_id"], unique=False)
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "GOVERNMENT", "SERVICE_CENTRE", "INSURER", "SERVICE_BODY", name="organisationkind"
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["area_id"],
            ["pilot_area.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "sign_in_session",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["app_user.id"],
        ),
        sa.PrimaryKeyConstraint("token_sha256"),
    )
    op.create_index(
        op.f("ix_sign_in_session_user_id"), "sign_in_session", ["user_id"], unique=False
    )
    op.create_table(
        "device",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_sha256"),
    )
    op.create_index(op.f("ix_device_enterprise_id"), "device", ["enterprise_id"], unique=False)
    op.create_table(
        "enrolment_code",
        sa.Column("code_sha256", sa.String(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["app_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
        ),
        sa.PrimaryKeyConstraint("code_sha256"),
    )
    op.create_index(
        op.f("ix_enrolment_code_enterprise_id"), "enrolment_code", ["enterprise_id"], unique=False
    )
    op.create_table(
        "evidence",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_from", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
        ),
        sa.PrimaryKeyConstraint("enterprise_id", "sha256"),
    )
    op.create_table(
        "expert_assignment",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["app_user.id"],
        ),
        sa.PrimaryKeyConstraint("enterprise_id", "user_id"),
    )
    op.create_index(
        op.f("ix_expert_assignment_user_id"), "expert_assignment", ["user_id"], unique=False
    )
    op.create_table(
        "hazard_item",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hazard_code", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=True),
        sa.Column(
            "state", sa.Enum("OPEN", "CLOSED", "DISMISSED", name="itemstate"), nullable=False
        ),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sightings", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
        ),
        sa.PrimaryKeyConstraint("enterprise_id", "id"),
    )
    op.create_index(
        "ix_hazard_item_place",
        "hazard_item",
        ["enterprise_id", "hazard_code", "place", "state"],
        unique=False,
    )
    op.create_table(
        "inspection",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("inspector_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
        ),
        sa.ForeignKeyConstraint(
            ["inspector_id"],
            ["app_user.id"],
        ),
        sa.PrimaryKeyConstraint("enterprise_id", "id"),
    )
    op.create_index(
        op.f("ix_inspection_inspector_id"), "inspection", ["inspector_id"], unique=False
    )
    op.create_table(
        "insurance_policy",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("insurer_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
        ),
        sa.ForeignKeyConstraint(
            ["insurer_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("enterprise_id", "id"),
    )
    op.create_index(
        op.f("ix_insurance_policy_insurer_id"), "insurance_policy", ["insurer_id"], unique=False
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "EXPERT",
                "ENTERPRISE_OFFICER",
                "ENTERPRISE_WORKER",
                "SERVICE_CENTRE",
                "INSURER",
                "GOVERNMENT",
                name="role",
            ),
            nullable=False,
        ),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("enterprise_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["app_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("ix_membership_enterprise_id"), "membership", ["enterprise_id"], unique=False
    )
    op.create_index(op.f("ix_membership_user_id"), "membership", ["user_id"], unique=False)
    op.create_table(
        "service_plan",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("opens_tickets", sa.Boolean(), nullable=False),
        sa.Column("hazards", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
        ),
        sa.PrimaryKeyConstraint("enterprise_id", "id"),
    )
    op.create_table(
        "finding",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("draft_sha256", sa.String(), nullable=False),
        sa.Column("hazard_code", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("boxes", sa.JSON(), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device_captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock_offset_s", sa.Float(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "source_kind",
            sa.Enum("CAMERA", "PATROL", "INSPECTION", name="sourcekind"),
            nullable=False,
        ),
        sa.Column("source_name", sa.String(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("inspection_id", sa.Uuid(), nullable=True),
        sa.Column("photo_id", sa.Uuid(), nullable=True),
        sa.Column("zone", sa.String(), nullable=True),
        sa.Column("model_name", sa.String(), nullable=False),
        sa.Column("model_sha256", sa.String(), nullable=False),
        sa.Column("evidence_sha256", sa.String(), nullable=False),
        sa.Column("sightings", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("entry_index", sa.Integer(), nullable=False),
        sa.Column("leaf_hash", sa.String(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["app_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["device_id"],
            ["device.id"],
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id", "evidence_sha256"],
            ["evidence.enterprise_id", "evidence.sha256"],
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id", "item_id"],
            ["hazard_item.enterprise_id", "hazard_item.id"],
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
        ),
        sa.PrimaryKeyConstraint("enterprise_id", "id"),
    )
    op.create_index(op.f("ix_finding_captured_at"), "finding", ["captured_at"], unique=False)
    op.create_index(
        "ix_finding_inspection", "finding", ["enterprise_id", "inspection_id"], unique=False
    )
    op.create_index("ix_finding_item", "finding", ["enterprise_id", "item_id"], unique=False)
    op.create_index(op.f("ix_finding_state"), "finding", ["state"], unique=False)
    op.create_table(
        "inspection_photo",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("inspection_id", sa.Uuid(), nullable=False),
        sa.Column("evidence_sha256", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.Column(
            "state", sa.Enum("WAITING", "DETECTED", "FAILED", name="photostate"), nullable=False
        ),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["enterprise_id", "evidence_sha256"],
            ["evidence.enterprise_id", "evidence.sha256"],
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id", "inspection_id"],
            ["inspection.enterprise_id", "inspection.id"],
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by"],
            ["app_user.id"],
        ),
        sa.PrimaryKeyConstraint("enterprise_id", "id"),
        sa.UniqueConstraint("enterprise_id", "inspection_id", "evidence_sha256"),
    )
    op.create_index(op.f("ix_inspection_photo_state"), "inspection_photo", ["state"], unique=False)
    op.create_table(
        "remediation_ticket",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        sa.Column("hazard_code", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("is_basis_checked", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "OPEN", "ASSIGNED", "FIXING", "SUBMITTED", "CLOSED", "RETURNED", name="ticketstate"
            ),
            nullable=False,
        ),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("fixer_id", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignee_id"],
            ["app_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id", "item_id"],
            ["hazard_item.enterprise_id", "hazard_item.id"],
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
        ),
        sa.ForeignKeyConstraint(
            ["fixer_id"],
            ["app_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["opened_by"],
            ["app_user.id"],
        ),
        sa.PrimaryKeyConstraint("enterprise_id", "id"),
        sa.UniqueConstraint("enterprise_id", "number"),
    )
    op.create_index(
        "ix_ticket_state",
        "remediation_ticket",
        ["enterprise_id", "state", "deadline"],
        unique=False,
    )
    op.create_table(
        "ticket_step",
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "OPEN", "ASSIGNED", "FIXING", "SUBMITTED", "CLOSED", "RETURNED", name="ticketstate"
            ),
            nullable=False,
        ),
        sa.Column("by_user_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("evidence_sha256s", sa.JSON(), nullable=False),
        sa.Column("entry_index", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_user_id"],
            ["app_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id", "ticket_id"],
            ["remediation_ticket.enterprise_id", "remediation_ticket.id"],
        ),
        sa.PrimaryKeyConstraint("enterprise_id", "ticket_id", "number"),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("ticket_step")
    op.drop_index("ix_ticket_state", table_name="remediation_ticket")
    op.drop_table("remediation_ticket")
    op.drop_index(op.f("ix_inspection_photo_state"), table_name="inspection_photo")
    op.drop_table("inspection_photo")
    op.drop_index(op.f("ix_finding_state"), table_name="finding")
    op.drop_index("ix_finding_item", table_name="finding")
    op.drop_index("ix_finding_inspection", table_name="finding")
    op.drop_index(op.f("ix_finding_captured_at"), table_name="finding")
    op.drop_table("finding")
    op.drop_table("service_plan")
    op.drop_index(op.f("ix_membership_user_id"), table_name="membership")
    op.drop_index(op.f("ix_membership_enterprise_id"), table_name="membership")
    op.drop_table("membership")
    op.drop_index(op.f("ix_insurance_policy_insurer_id"), table_name="insurance_policy")
    op.drop_table("insurance_policy")
    op.drop_index(op.f("ix_inspection_inspector_id"), table_name="inspection")
    op.drop_table("inspection")
    op.drop_index("ix_hazard_item_place", table_name="hazard_item")
    op.drop_table("hazard_item")
    op.drop_index(op.f("ix_expert_assignment_user_id"), table_name="expert_assignment")
    op.drop_table("expert_assignment")
    op.drop_table("evidence")
    op.drop_index(op.f("ix_enrolment_code_enterprise_id"), table_name="enrolment_code")
    op.drop_table("enrolment_code")
    op.drop_index(op.f("ix_device_enterprise_id"), table_name="device")
    op.drop_table("device")
    op.drop_index(op.f("ix_sign_in_session_user_id"), table_name="sign_in_session")
    op.drop_table("sign_in_session")
    op.drop_table("organisation")
    op.drop_index(op.f("ix_enterprise_area_id"), table_name="enterprise")
    op.drop_table("enterprise")
    op.drop_table("pilot_area")
    op.drop_table("ledger_subtree")
    op.drop_table("ledger_head")
    op.drop_index("ix_ledger_entry_section", table_name="ledger_entry")
    op.drop_table("ledger_entry")
    op.drop_table("ledger_checkpoint")
    op.drop_table("app_user")
    op.drop_index(op.f("ix_access_log_enterprise_id"), table_name="access_log")
    op.drop_index(op.f("ix_access_log_at"), table_name="access_log")
    op.drop_table("access_log")
    # PostgreSQL keeps a type for each enumeration; SQLite has none.
    for name in (
        "itemstate",
        "organisationkind",
        "photostate",
        "role",
        "sourcekind",
        "ticketstate",
    ):
        sa.Enum(name=name).drop(op.get_bind(), checkfirst=True)
