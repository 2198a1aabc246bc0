"""Receiving and showing evidence, apart from the routes that name it."""

import re
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Response, status

from api.access import Noted
from api.auth import Caller
from api.deps import AppParts, Body, CurrentUser, EnterpriseId, Remote, Sha256Path
from api.errors import MalformedHeader
from api.parts import Parts
from inspection import queries
from inspection.errors import (
    EvidenceErased,
    EvidenceQuotaReached,
    EvidenceTooLarge,
    NotFound,
)
from inspection.evidence import (
    KeptBytes,
    Part,
    keep_bytes,
    keep_part,
    part_key,
    record_evidence,
    require_kept,
)
from inspection.evidence_usage import require_room
from inspection.photo_privacy import shows_heads
from inspection.plans import china_day
from inspection.removals import queue_removal
from inspection.scopes import Scope
from inspection.tables import Evidence
from inspection.visits import INSPECTING_ROLES
from inspection.wire import EvidenceReceipt, utc_now

CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15})", re.ASCII)
# A hash never names other bytes, so a browser need not ask again.
IMMUTABLE = "private, max-age=31536000, immutable"
# What one address shows depends on who looks: the next person at the same browser must not find it.
ASK_FIRST = "private, no-cache"


@dataclass(frozen=True)
class PartRange:
    """Which bytes of how many a part is; `last` is included."""

    first: int
    last: int
    total: int

    @classmethod
    def from_header(cls, text: str) -> "PartRange":
        """Read a Content-Range. Raises `MalformedHeader`."""
        found = CONTENT_RANGE.fullmatch(text.strip())
        if found is None:
            raise MalformedHeader(f"Content-Range looks like bytes 0-1048575/3145728, not {text!r}")
        part = cls(int(found[1]), int(found[2]), int(found[3]))
        if not part.first <= part.last < part.total:
            raise MalformedHeader(f"{text!r} is no part of a whole: first ≤ last < total")
        return part

    @property
    def size(self) -> int:
        """How many bytes the part has."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Upload:
    """One evidence on its way to one enterprise."""

    parts: Parts
    scope: Scope
    enterprise_id: UUID
    sha256: str

    def receive(self, body: Body, content_range: str | None, response: Response) -> EvidenceReceipt:
        """Keep a whole body or a part of one; the last part, or the whole, becomes evidence.

        Raises `MalformedHeader`, `EvidenceQuotaReached`, and what `keep_bytes` and `keep_part` raise.
        """
        present = self._present()
        if present is not None:
            size = present.size
            return EvidenceReceipt(sha256=self.sha256, received=size, size=size, complete=True)
        self._require_room(body, content_range)
        receipt, kept = self._keep(body, content_range)
        if kept is None:
            response.status_code = status.HTTP_202_ACCEPTED
            response.headers["Upload-Offset"] = str(receipt.received)
            return receipt
        try:
            self._record(kept)
        except EvidenceQuotaReached:
            # Others were faster: its bytes came for nothing, and go unless somebody else has them.
            with self.parts.write.begin() as session:
                queue_removal(session, self.enterprise_id, self.sha256, utc_now())
            raise
        return receipt

    def _record(self, kept: KeptBytes) -> None:
        with self.parts.write.begin() as session:
            record_evidence(
                session,
                enterprise_id=self.enterprise_id,
                kept=kept,
                actor=self.scope.actor,
                now=utc_now(),
                quota=self.parts.settings.evidence_quota,
            )
            require_kept(self.parts.evidence, self.sha256)

    def _require_room(self, body: Body, content_range: str | None) -> None:
        """Refuse before anything is kept what cannot fit. Raises `EvidenceQuotaReached`, `MalformedHeader`."""
        size = body.size if content_range is None else PartRange.from_header(content_range).total
        with self.parts.read() as session:
            require_room(session, self.enterprise_id, size, self.parts.settings.evidence_quota)

    def offset(self) -> Response:
        """Return how much has arrived, as headers. Raises `NotFound` when nothing has."""
        present = self._present()
        if present is not None:
            return Response(headers={"Upload-Offset": str(present.size)})
        received = self.parts.evidence.part_size(part_key(self.enterprise_id, self.sha256))
        if received == 0:
            raise NotFound("evidence", self.sha256)
        headers = {"Upload-Offset": str(received)}
        return Response(status_code=status.HTTP_202_ACCEPTED, headers=headers)

    def _keep(
        self, body: Body, content_range: str | None
    ) -> tuple[EvidenceReceipt, KeptBytes | None]:
        store, limit = self.parts.evidence, self.parts.settings.max_evidence_bytes
        if content_range is None:
            kept = keep_bytes(store, self.sha256, body.source, limit=limit)
            receipt = EvidenceReceipt(
                sha256=self.sha256, received=kept.size, size=kept.size, complete=True
            )
            return receipt, kept
        asked = PartRange.from_header(content_range)
        if asked.total > limit:
            raise EvidenceTooLarge(limit)
        if asked.size != body.size:
            raise MalformedHeader(
                f"{content_range!r} says {asked.size} bytes, but {body.size} came; send the part again"
            )
        part = Part(asked.first, asked.total, body.source)
        return keep_part(store, self.enterprise_id, self.sha256, part, limit=limit)

    def _present(self) -> Evidence | None:
        with self.parts.read() as session:
            row = session.get(Evidence, (self.enterprise_id, self.sha256))
        if row is not None and row.erased_at is not None:
            raise EvidenceErased(self.sha256)
        return row


@dataclass(frozen=True)
class EvidenceView:
    """A person looks at an evidence of an enterprise."""

    parts: Parts
    caller: Caller
    enterprise_id: UUID
    sha256: str
    cached_tags: str
    remote: str

    def row(self) -> Evidence:
        """Return the evidence. Raises `NotFound`."""
        with self.parts.read() as session:
            return queries.get_evidence(session, self.caller.scope, self.enterprise_id, self.sha256)

    def is_cached(self, tag: str) -> bool:
        """Return whether the browser has it already."""
        return f'"{tag}"' in self.cached_tags

    def not_modified(self, tag: str, cache_control: str = IMMUTABLE) -> Response:
        """Return the answer for a browser that has it already."""
        headers = kept_headers(tag, cache_control)
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)

    def hides_heads(self) -> bool:
        """Return whether this person is shown derived pictures with heads blurred, unless they ask otherwise."""
        roles = self.caller.scope.roles_in(self.enterprise_id)
        return not shows_heads(roles, china_day(utc_now()))

    def log(self, action: str) -> None:
        """Note in the access log that it was shown; again within minutes is counted."""
        caller = self.caller
        self.parts.notes.note(
            Noted(
                caller.actor,
                action,
                self.enterprise_id,
                self.sha256,
                self.remote,
                caller.credential.id,
            ),
            utc_now(),
        )


def kept_headers(tag: str, cache_control: str = IMMUTABLE) -> dict[str, str]:
    """Return the headers that let a browser keep it, for good unless it has to ask first."""
    return {"ETag": f'"{tag}"', "Cache-Control": cache_control}


async def evidence_view(
    enterprise_id: EnterpriseId,
    sha256: Sha256Path,
    caller: CurrentUser,
    parts: AppParts,
    remote: Remote,
    if_none_match: Annotated[str, Header(description="tags that the browser has")] = "",
) -> EvidenceView:
    """Return who looks at what."""
    return EvidenceView(parts, caller, enterprise_id, sha256, if_none_match, remote)


async def uploader(enterprise_id: EnterpriseId, caller: CurrentUser) -> Caller:
    """Return the caller. Raises `NotAllowed` for someone who only reads, before the body is taken."""
    caller.scope.require_role(enterprise_id, "send evidence", *INSPECTING_ROLES)
    return caller


Viewing = Annotated[EvidenceView, Depends(evidence_view)]
Uploader = Annotated[Caller, Depends(uploader)]
