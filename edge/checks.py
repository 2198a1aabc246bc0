"""What doctor looks at besides speed: each check says what it found, and where something is wrong what to do."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from edge.address import shown
from edge.camera import Frame, LiveCamera
from edge.client import Client
from edge.errors import EdgeError, OutboxUnusable, Refused, ServerAway
from edge.identity import Identity, find_identity
from edge.outbox import Outbox
from edge.outbox_records import DraftState
from edge.settings import Settings
from inspection.wire import utc_now
from models.bundle import load_bundle
from models.errors import ModelError
from models.running import FP32, Running

Connect = Callable[[Identity], Client]

LEAST_FREE_BYTES = 2_000_000_000
MAX_CLOCK_OFFSET_S = 5.0
# A clock before this has lost its battery: the program did not exist then.
RELEASED_AT = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: of the thing, such as ``disk``.
        is_ok: None where it could not be told.
        key: the message that says what was found and what to do.
        facts: what fills the message.
    """

    name: str
    is_ok: bool | None
    key: str
    facts: Mapping[str, object] = field(default_factory=dict)


def check_model(model: Path | None) -> Check:
    """Read the model's file, check its hash, and start it on the runtime that is always there."""
    try:
        detector = load_bundle(model, running=Running("onnxruntime:cpu", FP32))
    except ModelError as error:
        return Check("model", False, "error_said", {"reason": str(error)})
    facts = {"name": detector.name, "version": detector.version, "sha256": detector.sha256[:12]}
    return Check("model", True, "model_ok", facts)


def check_device(settings: Settings, connect: Connect | None = None) -> Iterator[Check]:
    """Look at enrolment, server, clock, disk and outbox; `connect` makes the client, or the usual one is made."""
    identity = find_identity(settings)
    if identity is None:
        yield Check("enrolment", False, "not_enrolled", {"data_dir": settings.data_dir})
        yield Check("server", None, "server_unasked")
        server_offset_s = None
    else:
        facts = {"device": identity.device_name, "enterprise": identity.enterprise_name}
        yield Check("enrolment", True, "enrolment_ok", facts)
        with (connect or partial(_connected, settings))(identity) as client:
            server, server_offset_s = _server(client)
        yield server
    yield _clock(settings, server_offset_s)
    yield _disk(settings.data_dir)
    yield _outbox(settings)


def _connected(settings: Settings, identity: Identity) -> Client:
    return Client(identity.server_url, identity.token, settings)


def _server(client: Client) -> tuple[Check, float | None]:
    """Return the check, and this device's clock minus the server's where it answered."""
    offset_s = None
    try:
        offset_s = client.measure_clock().offset_s
        asked_s = time.monotonic()
        client.require_known()
    except (ServerAway, Refused) as error:
        return Check("server", False, error.key, error.facts), offset_s
    took_ms = round((time.monotonic() - asked_s) * 1000)
    return Check("server", True, "server_ok", {"url": client.server_url, "ms": took_ms}), offset_s


def _clock(settings: Settings, offset_s: float | None) -> Check:
    now = utc_now()
    if now < RELEASED_AT:
        return Check("clock", False, "clock_old", {"date": f"{now:%Y-%m-%d}"})
    if offset_s is None:
        known_s = _known_offset_s(settings)
        said = "-" if known_s is None else f"{known_s:+.1f} s"
        return Check("clock", None, "clock_unknown", {"offset": said})
    is_ok = abs(offset_s) <= MAX_CLOCK_OFFSET_S
    key = "clock_ok" if is_ok else "clock_off"
    return Check("clock", is_ok, key, {"offset": f"{offset_s:+.1f}"})


def _known_offset_s(settings: Settings) -> float | None:
    try:
        with Outbox(settings.outbox_dir) as outbox:
            return outbox.clock_offset_s()
    except EdgeError:
        return None


def _disk(data_dir: Path) -> Check:
    """Write a file of one block where findings are kept, and look how much room is left."""
    folder = data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(4096))
            file.flush()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Check("disk", False, "disk_unwritable", {"folder": folder, "reason": reason})
    free = shutil.disk_usage(folder).free
    facts = {"folder": folder, "free_gb": f"{free / 1e9:.1f}"}
    if free < LEAST_FREE_BYTES:
        least = {"least_gb": f"{LEAST_FREE_BYTES / 1e9:.0f}"}
        return Check("disk", False, "disk_low", facts | least)
    return Check("disk", True, "disk_ok", facts)


def _outbox(settings: Settings) -> Check:
    try:
        with Outbox(settings.outbox_dir) as outbox:
            counts = outbox.counts()
    except EdgeError as error:
        return Check("outbox", False, error.key, error.facts)
    except OSError as error:
        unusable = OutboxUnusable(settings.outbox_dir, error.strerror or type(error).__name__)
        return Check("outbox", False, unusable.key, unusable.facts)
    rejected = counts.drafts[DraftState.REJECTED]
    facts = {"waiting": counts.waiting, "rejected": rejected}
    return Check("outbox", not rejected, "outbox_rejected" if rejected else "outbox_ok", facts)


def check_cameras(
    sources: Sequence[str], settings: Settings
) -> Iterator[tuple[Check, Frame | None]]:
    """Yield for each live source its check, and the frame that it showed."""
    for source in sources:
        frame = _first_frame(source, settings)
        if frame is None:
            yield Check("camera", False, "camera_dark", {"source": shown(source)}), None
        else:
            height, width = frame.image_bgr.shape[:2]
            facts = {"source": shown(source), "width": width, "height": height}
            yield Check("camera", True, "camera_ok", facts), frame


def _first_frame(source: str, settings: Settings) -> Frame | None:
    camera = LiveCamera(source, 1.0, settings)
    camera.start()
    try:
        return camera.newest(settings.camera_open_timeout_s + settings.camera_read_timeout_s)
    finally:
        camera.stop()
