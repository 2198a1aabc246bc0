"""What a technician sees: lines, the progress bar's text, the status table."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge.errors import EdgeError
from edge.identity import find_identity
from edge.look import Look
from edge.messages import Language, LogForm, say
from edge.outbox import Outbox
from edge.outbox_records import Counts, DraftState, PhotoState
from edge.settings import Settings
from inspection.wire import utc_now

SHOWN_ROWS = 20
Level = Literal["info", "warning", "error"]
STYLES: dict[Level, str | None] = {"info": None, "warning": "yellow", "error": "red"}


@dataclass(frozen=True)
class Voice:
    """Says catalogue messages in one language: results on stdout, troubles on stderr."""

    lang: Language
    out: Console
    err: Console
    form: LogForm = "text"

    @classmethod
    def of(cls, lang: Language, form: LogForm = "text") -> "Voice":
        """Return a voice on the process's own streams; `json` writes a line of JSON for each thing said."""
        return cls(lang, Console(highlight=False), Console(stderr=True, highlight=False), form)

    def text(self, key: str, **facts: object) -> str:
        """Return a message."""
        return say(self.lang, key, **facts)

    def tell(self, key: str, **facts: object) -> None:
        """Print a message on stdout."""
        self._print(self.out, "info", key, facts)

    def warn(self, key: str, **facts: object) -> None:
        """Print a message on stderr."""
        self._print(self.err, "warning", key, facts)

    def warn_of(self, error: EdgeError) -> None:
        """Print an error that does not end anything, on stderr."""
        self._print(self.err, "warning", error.key, error.facts)

    def complain(self, error: EdgeError) -> None:
        """Print an error on stderr."""
        self._print(self.err, "error", error.key, error.facts)

    def _print(self, console: Console, level: Level, key: str, facts: Mapping[str, object]) -> None:
        text = self.text(key, **facts)
        if self.form == "text":
            console.print(escape(text), soft_wrap=True, style=STYLES[level])
            return
        said = {
            "at": utc_now().isoformat(timespec="milliseconds"),
            "level": level,
            "event": key,
            "message": text,
            "facts": {name: _plain(value) for name, value in facts.items()},
        }
        # Not through rich, which would wrap and colour it.
        print(json.dumps(said, ensure_ascii=False), file=console.file, flush=True)


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def say_look(voice: Voice, look: Look, outbox: Outbox) -> None:
    """Say what this run looks for and what is off, and remember it for `status`."""
    on = ", ".join(sorted(look.hazards)) or voice.text("nothing_on")
    off = ", ".join(map(str, look.switches.off))
    voice.tell("looks_for", model=look.detector.name, codes=on)
    runtime = look.detector.runtime
    voice.tell("runs_on", runtime=runtime.name, precision=runtime.precision)
    on_trial = [each for each in look.switches.on_trial if each.hazard_code in look.hazards]
    if on_trial:
        voice.tell("on_trial", codes=", ".join(map(str, on_trial)))
    if off:
        voice.tell("off", codes=off)
    outbox.put_facts(
        last_looked_for=f"{look.detector.name}: {on}",
        last_off=off,
        last_ran_on=f"{runtime.name} {runtime.precision}",
    )


def show_status(
    voice: Voice, settings: Settings, outbox: Outbox, more: Mapping[str, str] | None = None
) -> None:
    """Print what this device has and what waits; `more` rows by the names of their messages."""
    voice.out.print(_overview(voice, settings, outbox, more or {}))
    if rejected := outbox.rejected(SHOWN_ROWS):
        table = _table(voice, "rejected_title", "column_id", "column_code", "column_reason")
        for draft in rejected:
            table.add_row(draft.id, draft.code, escape(draft.reason))
        voice.out.print(table)
    if failed := list(islice(outbox.photos(PhotoState.FAILED), SHOWN_ROWS)):
        table = _table(voice, "failed_title", "column_path", "column_error", "column_reason")
        for photo in failed:
            table.add_row(escape(photo.path), photo.error, escape(photo.reason or ""))
        voice.out.print(table)


def status(settings: Settings, outbox: Outbox) -> dict[str, object]:
    """Return the status as plain data."""
    identity = find_identity(settings)
    counts = outbox.counts()
    return {
        "data_dir": str(settings.data_dir),
        "device": identity and identity.model_dump(mode="json", exclude={"token"}),
        "findings": {state.value: count for state, count in counts.drafts.items()},
        "photos": {state.value: count for state, count in counts.photos.items()},
        "evidence_bytes": outbox.kept_bytes(),
        "evidence_waiting": counts.evidence_waiting,
        "left_out": counts.left_out,
        "full_since": outbox.get_fact("room_full_since"),
        "clock_offset_s": outbox.clock_offset_s(),
        "clock_measured_at": outbox.get_fact("clock_measured_at"),
        "last_looked_for": outbox.get_fact("last_looked_for"),
        "last_ran_on": outbox.get_fact("last_ran_on"),
        "experimental_off": outbox.get_fact("last_off"),
        "last_delivery_at": outbox.get_fact("last_delivery_at"),
        "delivery_trouble": outbox.get_fact("delivery_trouble") or None,
        "rejected": [
            {"id": draft.id, "code": draft.code, "reason": draft.reason}
            for draft in outbox.rejected()
        ],
        "failed_photos": [
            {"path": photo.path, "error": photo.error, "reason": photo.reason}
            for photo in outbox.photos(PhotoState.FAILED)
        ],
    }


def _overview(voice: Voice, settings: Settings, outbox: Outbox, more: Mapping[str, str]) -> Table:
    identity = find_identity(settings)
    counts = outbox.counts()
    none = voice.text("row_none")
    megabytes = f"{outbox.kept_bytes() / 1e6:.1f}"
    table = Table(title=voice.text("status_title"), show_header=False)
    rows = {
        "row_state": str(settings.data_dir),
        "row_device": identity.device_name if identity else none,
        "row_enterprise": identity.enterprise_name if identity else none,
        "row_server": identity.server_url if identity else none,
        "row_drafts": voice.text("drafts_cell", **_named(counts)),
        "row_evidence": voice.text("evidence_cell", mb=megabytes, waiting=counts.evidence_waiting),
        "row_photos": voice.text("photos_cell", **_named(counts)),
        "row_clock": _clock(voice, outbox),
        "row_looks_for": outbox.get_fact("last_looked_for") or voice.text("never"),
        "row_runs_on": outbox.get_fact("last_ran_on") or voice.text("never"),
        "row_off": outbox.get_fact("last_off") or "–",
        "row_last": _local(outbox.get_fact("last_delivery_at")) or voice.text("never"),
    }
    for key, cell in (rows | dict(more)).items():
        table.add_row(voice.text(key), escape(cell))
    return table


def _named(counts: Counts) -> dict[str, object]:
    drafts: dict[str, object] = {state.value: counts.drafts[state] for state in DraftState}
    return drafts | {state.value: counts.photos[state] for state in PhotoState}


def _clock(voice: Voice, outbox: Outbox) -> str:
    offset_s = outbox.clock_offset_s()
    if offset_s is None:
        return voice.text("never")
    at = _local(outbox.get_fact("clock_measured_at"))
    return voice.text("clock_cell", offset=f"{offset_s:+.3f}", at=at)


def _local(at: str | None) -> str:
    return "" if at is None else f"{local_time(datetime.fromisoformat(at)):%Y-%m-%d %H:%M:%S}"


def local_time(at: datetime) -> datetime:
    """Return an aware time in this machine's zone."""
    return at.astimezone()


def _table(voice: Voice, title: str, *columns: str) -> Table:
    table = Table(title=voice.text(title))
    for column in columns:
        table.add_column(voice.text(column), overflow="fold")
    return table
