"""Names of those who wrote into a ledger: an entry says only ``user:<id>``, ``device:<id>`` or ``system``."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from inspection.reports.words import Words
from inspection.tables import Device, User


@dataclass
class Signer:
    """A person who wrote into the ledger in the period."""

    name: str
    entries: int
    first_at: datetime
    last_at: datetime


@dataclass
class Names:
    """Looks names up once, and remembers who wrote."""

    session: Session
    words: Words
    signers: dict[str, Signer] = field(default_factory=dict)
    _known: dict[str, str] = field(default_factory=dict)

    def of(self, actor: str) -> str:
        """Return what an actor is called."""
        if actor not in self._known:
            self._known[actor] = self._look_up(actor)
        return self._known[actor]

    def note_entry(self, actor: str, at: datetime) -> None:
        """Remember that a person wrote an entry; devices and the system sign nothing."""
        if not actor.startswith("user:"):
            return
        signer = self.signers.get(actor)
        if signer is None:
            self.signers[actor] = Signer(self.of(actor), 1, at, at)
            return
        signer.entries += 1
        signer.first_at, signer.last_at = min(signer.first_at, at), max(signer.last_at, at)

    def _look_up(self, actor: str) -> str:
        kind, _, key = actor.partition(":")
        if kind in ("system", "operator"):
            return self.words[kind]
        identifier = _uuid(key)
        if kind == "user":
            user = self.session.get(User, identifier) if identifier else None
            return user.name if user else f"{self.words['unknown_person']} {key[-6:]}"
        device = self.session.get(Device, identifier) if identifier else None
        return f"{self.words['device']} {device.name if device else key[-6:]}"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
