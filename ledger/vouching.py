"""What a SQL database knows about the trust in its logs: what area logs cover, who cosigned, which keys signed.

As `ledger.sql`, it works within the caller's transaction and never commits. Nothing here need be believed: every row
repeats what an entry or a signed note says, or finds it again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import Field, SQLModel

from ledger import log
from ledger.area import Counts, area_record
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.cosignature import Cosignature, add_cosignatures
from ledger.lines import entry_to_line
from ledger.rotation import state_change
from ledger.sql import SqlStore
from ledger.statement import Statement

_MOST_IN_A_QUERY = 500


class LedgerAreaEntry(SQLModel, table=True):
    """Which entry of an area log publishes which checkpoint of a log."""

    __tablename__ = "ledger_area_entry"
    area_log_id: str = Field(primary_key=True, max_length=200)
    log_id: str = Field(primary_key=True, max_length=200)
    size: int = Field(primary_key=True, sa_type=sa.BigInteger)
    index: int = Field(sa_type=sa.BigInteger)


class LedgerCosignature(SQLModel, table=True):
    """The newest cosignature of a checkpoint by a witness's key, found good before it was stored."""

    __tablename__ = "ledger_cosignature"
    log_id: str = Field(primary_key=True, max_length=200)
    witness: str = Field(primary_key=True, max_length=400, description="the witness's vkey")
    size: int = Field(primary_key=True, sa_type=sa.BigInteger)
    timestamp: int = Field(sa_type=sa.BigInteger, description="POSIX seconds, by the witness")
    line: str = Field(sa_type=sa.Text)
    number: int = Field(sa_type=sa.BigInteger, description="1 is the first that came for the log")


class LedgerKey(SQLModel, table=True):
    """A key that signs, or signed, a log: public half only. `index` is the entry that announced it."""

    __tablename__ = "ledger_key"
    log_id: str = Field(primary_key=True, max_length=200)
    number: int = Field(primary_key=True, description="1 is the log's first key")
    vkey: str = Field(max_length=400)
    kind: str = Field(max_length=32, description="first, key.rotated or key.replaced")
    index: int | None = Field(default=None, sa_type=sa.BigInteger)
    announced: str | None = Field(
        default=None, sa_type=sa.Text, description="the checkpoint that ends with the announcement"
    )
    since: int = Field(
        sa_type=sa.BigInteger,
        description="POSIX seconds: the time of the announcement, or of entry 0",
    )


_AREA: sa.Table = SQLModel.metadata.tables["ledger_area_entry"]
_COSIGNATURE: sa.Table = SQLModel.metadata.tables["ledger_cosignature"]
_KEY: sa.Table = SQLModel.metadata.tables["ledger_key"]
_HEAD: sa.Table = SQLModel.metadata.tables["ledger_head"]
_CHECKPOINT: sa.Table = SQLModel.metadata.tables["ledger_checkpoint"]


@dataclass(frozen=True)
class LastSeen:
    """The largest checkpoint that a witness cosigned, and when it last cosigned (POSIX seconds)."""

    size: int
    timestamp: int

    @property
    def at(self) -> datetime:
        """When it last cosigned, by its own clock."""
        return datetime.fromtimestamp(self.timestamp, UTC)


class Vouching:
    """Area logs, cosignatures and key history within the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._store = SqlStore(session)

    def cover(self, area_log_id: str, log_ids: Collection[str], at: datetime) -> int:
        """Append to an area log the newest checkpoint of every log that grew since; return how many.

        Locks the area log if there is any.
        """
        grown = self._grown(area_log_id, sorted(log_ids))
        if not grown:
            return 0
        self._store.lock_head(area_log_id)
        own = sa.select(_HEAD.c.checkpoints, _HEAD.c.cosignatures)
        counts = self._session.execute(own.where(_HEAD.c.log_id == area_log_id)).one()
        # Another server may have been faster.
        grown = self._grown(area_log_id, grown)
        for log_id in grown:
            number, text = self._newest_checkpoint(log_id)
            checkpoint = parse_checkpoint(text)
            record = area_record(checkpoint, at, Counts(number, *counts))
            entry = log.append(self._store, area_log_id, record)
            self._session.execute(
                sa.insert(_AREA).values(
                    area_log_id=area_log_id, log_id=log_id, size=checkpoint.size, index=entry.index
                )
            )
        return len(grown)

    def area_statement(
        self, area_log_id: str, log_id: str, checkpoint: Checkpoint, cosigned_by: int = 0
    ) -> Statement | None:
        """Return the proof that the area covers a log up to `checkpoint`, under the area's newest checkpoint.

        Only area checkpoints that at least `cosigned_by` witnesses cosigned count. None where nothing is covered yet.
        """
        area = self.area_checkpoint(area_log_id, cosigned_by)
        row = None if area is None else self._covered(area_log_id, log_id, checkpoint, area)
        if area is None or row is None:
            return None
        size, index = row
        entry = log.get_entry(self._store, area_log_id, index)
        proof = log.tlog_proof(self._store, area_log_id, index, area)
        continued = log.prove_consistency(self._store, log_id, size, checkpoint.size)
        return Statement(entry_to_line(entry).removesuffix(b"\n"), proof, continued.hashes)

    def best_statement(
        self, area_log_id: str, log_id: str, checkpoint: Checkpoint
    ) -> Statement | None:
        """Return the area proof that most witnesses vouch for; the newest one where no witness does."""
        for cosigned_by in range(len(self.last_seen(area_log_id)), -1, -1):
            found = self.area_statement(area_log_id, log_id, checkpoint, cosigned_by)
            if found is not None:
                return found
        return None

    def area_checkpoint(self, area_log_id: str, cosigned_by: int = 0) -> Checkpoint | None:
        """Return the newest checkpoint that so many witnesses cosigned, with all cosignatures; None without one."""
        size = None
        if cosigned_by:
            query = (
                sa.select(_COSIGNATURE.c.size)
                .where(_COSIGNATURE.c.log_id == area_log_id)
                .group_by(_COSIGNATURE.c.size)
                .having(sa.func.count() >= cosigned_by)
            )
            newest = query.order_by(_COSIGNATURE.c.size.desc()).limit(1)
            size = self._session.scalar(newest)
            if size is None:
                return None
        found = self._store.latest_checkpoint(area_log_id, size)
        return None if found is None else self.cosigned(area_log_id, found)

    def cosigned(self, log_id: str, checkpoint: Checkpoint) -> Checkpoint:
        """Return the checkpoint with every stored cosignature of it."""
        query = sa.select(_COSIGNATURE.c.line).where(
            _COSIGNATURE.c.log_id == log_id, _COSIGNATURE.c.size == checkpoint.size
        )
        text = checkpoint.text
        for line in self._session.scalars(query.order_by(_COSIGNATURE.c.witness)):
            text = add_cosignatures(text, line)
        return parse_checkpoint(text)

    def add_cosignature(self, log_id: str, size: int, cosignature: Cosignature) -> None:
        """Store a cosignature that was found good; a newer one of the same checkpoint takes its place."""
        key = (log_id, cosignature.key.to_vkey(), size)
        # Until the transaction ends nobody else takes this number.
        self._store.lock_head(log_id)
        known = self._session.get(LedgerCosignature, key)
        if known is None:
            known = LedgerCosignature(
                log_id=log_id,
                witness=key[1],
                size=size,
                timestamp=-1,
                line="",
                number=self._next(log_id),
            )
            self._session.add(known)
        if cosignature.timestamp > known.timestamp:
            known.timestamp, known.line = cosignature.timestamp, cosignature.line
        self._session.flush()

    def last_seen(self, log_id: str) -> Mapping[str, LastSeen]:
        """Return, by vkey, how far each witness followed a log."""
        query = (
            sa.select(
                _COSIGNATURE.c.witness,
                sa.func.max(_COSIGNATURE.c.size),
                sa.func.max(_COSIGNATURE.c.timestamp),
            )
            .where(_COSIGNATURE.c.log_id == log_id)
            .group_by(_COSIGNATURE.c.witness)
        )
        return {vkey: LastSeen(size, at) for vkey, size, at in self._session.execute(query)}

    def keys(self, log_id: str) -> Sequence[LedgerKey]:
        """Return the keys of a log, the first one first."""
        query = sa.select(LedgerKey).where(_KEY.c.log_id == log_id).order_by(_KEY.c.number)
        return self._session.scalars(query).all()

    def key_changes(self, log_id: str, vkey: str, checkpoint: Checkpoint) -> Sequence[Statement]:
        """Return the changes that led from a log's first key to `vkey`, which signed `checkpoint`, for its verifiers."""
        rows = [row for row in self.keys(log_id) if (row.index or 0) < checkpoint.size]
        while rows and rows[-1].vkey != vkey:
            rows.pop()
        store = SqlStore(self._session)
        return [
            state_change(store, log_id, row.index, parse_checkpoint(row.announced), checkpoint)
            for row in rows
            if row.index is not None and row.announced is not None
        ]

    def add_key(self, log_id: str, vkey: str, kind: str, since: int) -> LedgerKey:
        """Note the key that signs a log from now on; `since` in POSIX seconds."""
        number = len(self.keys(log_id)) + 1
        row = LedgerKey(log_id=log_id, number=number, vkey=vkey, kind=kind, since=since)
        self._session.add(row)
        self._session.flush()
        return row

    def _next(self, log_id: str) -> int:
        """Count one more cosignature of a log whose head is locked, and return how many there are."""
        of_log = _HEAD.c.log_id == log_id
        more = sa.update(_HEAD).where(of_log).values(cosignatures=_HEAD.c.cosignatures + 1)
        self._session.execute(more)
        counted: int = self._session.execute(
            sa.select(_HEAD.c.cosignatures).where(of_log)
        ).scalar_one()
        return counted

    def _newest_checkpoint(self, log_id: str) -> tuple[int, str]:
        """Return number and text of the newest checkpoint of a log that has one."""
        query = sa.select(_CHECKPOINT.c.number, _CHECKPOINT.c.text)
        newest = query.where(_CHECKPOINT.c.log_id == log_id).order_by(_CHECKPOINT.c.size.desc())
        number, text = self._session.execute(newest.limit(1)).one()
        return number, text

    def _covered(
        self, area_log_id: str, log_id: str, checkpoint: Checkpoint, area: Checkpoint
    ) -> tuple[int, int] | None:
        query = (
            sa.select(_AREA.c.size, _AREA.c.index)
            .where(
                _AREA.c.area_log_id == area_log_id,
                _AREA.c.log_id == log_id,
                _AREA.c.size <= checkpoint.size,
                _AREA.c.index < area.size,
            )
            .order_by(_AREA.c.size.desc())
            .limit(1)
        )
        row = self._session.execute(query).one_or_none()
        return None if row is None else (row[0], row[1])

    def _grown(self, area_log_id: str, log_ids: Sequence[str]) -> list[str]:
        # Both maxima are the end of a range of a primary key: no older row is read.
        published = _newest(_CHECKPOINT, _CHECKPOINT.c.log_id == _HEAD.c.log_id)
        in_area = _AREA.c.area_log_id == area_log_id
        covered = _newest(_AREA, sa.and_(in_area, _AREA.c.log_id == _HEAD.c.log_id))
        query = sa.select(_HEAD.c.log_id).where(published > covered).order_by(_HEAD.c.log_id)
        grown: list[str] = []
        for start in range(0, len(log_ids), _MOST_IN_A_QUERY):
            some = log_ids[start : start + _MOST_IN_A_QUERY]
            grown += self._session.scalars(query.where(_HEAD.c.log_id.in_(some)))
        return grown


def _newest(table: sa.Table, of_log: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    newest = sa.select(sa.func.max(table.c.size)).where(of_log).correlate(_HEAD).scalar_subquery()
    return sa.func.coalesce(newest, 0)
