"""What tests build: a town with two enterprises and someone in every role, drafts, pictures."""

import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import cv2
import numpy as np
from sqlmodel import Session

from inspection import areas
from inspection.evidence import receive_evidence
from inspection.scopes import Actor
from inspection.stores import MemoryStore
from inspection.tables import (
    Device,
    Enterprise,
    Evidence,
    Organisation,
    OrganisationKind,
    PilotArea,
    Role,
    ServicePlan,
    User,
    new_id,
)
from inspection.wire import FindingDraft, Source, SourceKind

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
TERM = areas.Term("2026-001", date(2026, 1, 1), date(2027, 12, 31))
MODEL_SHA256 = "ab" * 32


@dataclass
class Town:
    """`mine` has an expert, an officer, two workers, a plan, a policy and a device; `other` is a stranger's.

    `far` lies in another area.
    """

    area: PilotArea
    mine: Enterprise
    other: Enterprise
    far: Enterprise
    plan: ServicePlan
    expert: User
    officer: User
    worker: User
    second_worker: User
    centre: User
    government: User
    ministry: User
    insurer: User
    stranger: User
    device: Device
    other_device: Device


def make_town(session: Session) -> Town:
    """Write the town and commit it."""
    area, elsewhere = areas.add_area(session, "柳市"), areas.add_area(session, "北白象")
    mine, other = (make_enterprise(session, area, f"91330382MA000000{n:02d}") for n in range(2))
    far = make_enterprise(session, elsewhere, "91330382MA00000099")
    centre_org = make_party(session, OrganisationKind.SERVICE_CENTRE, area)
    bureau = make_party(session, OrganisationKind.GOVERNMENT, area)
    ministry_org = make_party(session, OrganisationKind.GOVERNMENT, None)
    insurer_org = make_party(session, OrganisationKind.INSURER, None)
    areas.add_policy(session, mine, insurer_org, TERM)
    plan = areas.add_plan(session, mine, areas.PlanFacts("基础方案", TERM))
    logins = [
        "expert",
        "officer",
        "worker",
        "second_worker",
        "centre",
        "government",
        "ministry",
        "insurer",
        "stranger",
    ]
    users = {
        login: areas.add_user(session, login, login.title(), "no password") for login in logins
    }
    areas.join_organisation(session, users["expert"], Role.EXPERT, centre_org)
    areas.assign_expert(session, users["expert"], mine)
    areas.join_enterprise(session, users["officer"], Role.ENTERPRISE_OFFICER, mine)
    areas.join_enterprise(session, users["worker"], Role.ENTERPRISE_WORKER, mine)
    areas.join_enterprise(session, users["second_worker"], Role.ENTERPRISE_WORKER, mine)
    areas.join_organisation(session, users["centre"], Role.SERVICE_CENTRE, centre_org)
    areas.join_organisation(session, users["government"], Role.GOVERNMENT, bureau)
    areas.join_organisation(session, users["ministry"], Role.GOVERNMENT, ministry_org)
    areas.join_organisation(session, users["insurer"], Role.INSURER, insurer_org)
    areas.join_enterprise(session, users["stranger"], Role.ENTERPRISE_OFFICER, other)
    town = Town(
        area=area,
        mine=mine,
        other=other,
        far=far,
        plan=plan,
        device=make_device(session, mine),
        other_device=make_device(session, other),
        **users,
    )
    session.commit()
    return town


def make_enterprise(session: Session, area: PilotArea, credit_code: str) -> Enterprise:
    """Add an enterprise named by its credit code."""
    facts = areas.EnterpriseFacts(name=f"企业 {credit_code}", credit_code=credit_code)
    return areas.add_enterprise(session, area.id, facts)


def make_party(session: Session, kind: OrganisationKind, area: PilotArea | None) -> Organisation:
    """Add an organisation named by its kind."""
    return areas.add_organisation(session, kind, kind.value, area.id if area else None)


def make_device(session: Session, enterprise: Enterprise) -> Device:
    """Add an enrolled device."""
    device = Device(enterprise_id=enterprise.id, name="box", token_sha256=new_id().hex * 2)
    session.add(device)
    session.flush()
    return device


def jpeg(shade: int = 0, size_wh: tuple[int, int] = (64, 48)) -> bytes:
    """Return a real JPEG; another shade is another file."""
    image = np.full((size_wh[1], size_wh[0], 3), shade, np.uint8)
    return bytes(cv2.imencode(".jpg", image)[1])


def sha256_of(data: bytes) -> str:
    """Return the hash that names the bytes."""
    return hashlib.sha256(data).hexdigest()


def keep(session: Session, enterprise: Enterprise, data: bytes) -> Evidence:
    """Give an enterprise evidence, with its bytes in a store of its own."""
    return receive_evidence(
        session,
        MemoryStore(),
        enterprise_id=enterprise.id,
        sha256=sha256_of(data),
        source=io.BytesIO(data),
        actor=Actor.from_device(new_id()),
        now=NOW,
    )


def make_draft(evidence_sha256: str, **changes: Any) -> FindingDraft:
    """Return a draft of a bare head at a gate, a minute ago."""
    facts: dict[str, Any] = {
        "id": new_id(),
        "hazard_code": "PPE-01",
        "label": "head",
        "confidence": 0.87,
        "boxes": [
            {"x1": 0.1, "y1": 0.1, "x2": 0.2, "y2": 0.25, "label": "head", "confidence": 0.87}
        ],
        "captured_at": NOW - timedelta(minutes=1),
        "source": Source(kind=SourceKind.CAMERA, name="gate-north"),
        "model_name": "anxun-nano",
        "model_sha256": MODEL_SHA256,
        "evidence_sha256": evidence_sha256,
    }
    return FindingDraft.model_validate(facts | changes)


def id_of(row: Any) -> UUID:
    """Return a row's id."""
    identifier: UUID = row.id
    return identifier
