"""What a running watch says of itself: to `status`, the local page, the metrics and the server. Plain data."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from inspection.sight import Sight


class _Plain(BaseModel):
    # A newer program may have written the file that an older one reads.
    model_config = ConfigDict(frozen=True, extra="ignore")


class CameraState(_Plain):
    """A camera.

    Attributes:
        source: without its password.
        since: since when it sees, or does not.
        frame_at: when its last frame came; None before the first.
        trouble: why no picture comes; empty while one does.
        looked, found, repeated: looks; findings told; confirmations of open items that were not told.
        look_s: seconds that its looks took in all.
        seen_s, blind_s: of today (local), since the program started.
    """

    name: str
    source: str
    sight: Sight
    since: AwareDatetime
    frame_at: AwareDatetime | None = None
    trouble: str = ""
    way: str = ""
    fps: float = 0.0
    connections: int = 0
    looked: int = 0
    found: int = 0
    repeated: int = 0
    look_s: float = 0.0
    seen_s: float = 0.0
    blind_s: float = 0.0


class ModelState(_Plain):
    """Which model looks, and on what."""

    name: str
    version: str
    sha256: str
    runtime: str
    precision: str
    trouble: str = Field(
        default="", description="why another one is not used, such as a failed trial"
    )


class OutboxState(_Plain):
    """What waits for delivery.

    Attributes:
        left_out: repeated sightings that were not kept, or gave way, because the budget was used up.
        full_since: since when new ones are left out; None while there is room.
    """

    waiting: int = 0
    rejected: int = 0
    evidence_bytes: int = 0
    held: int = 0
    left_out: int = 0
    full_since: str | None = None
    last_delivery_at: str | None = None
    trouble: str = ""


class ConfigurationState(_Plain):
    """Which cameras file is watched.

    Attributes:
        origin: ``server``, ``file`` or ``command``.
        version: the server's, of what is watched.
        refused_version, refused: the server's version that this box refuses, and why.
    """

    origin: str = "command"
    version: int | None = None
    refused_version: int | None = None
    refused: str = ""


class BoxState(_Plain):
    """A running watch.

    Attributes:
        pid: of the process.
        clock_offset_s: device clock minus server clock, as last measured, less jumps since.
        clock_jumps, clock_jumped_s, clock_jumped_at: how often the clock was set while the program runs, how far the last time, and when.
        disk_full_at: when the disk last took nothing while the program runs.
        memory_bytes: resident.
        page: address of the local page, with its token; None without one.
    """

    version: str
    pid: int
    started_at: AwareDatetime
    at: AwareDatetime
    cameras: tuple[CameraState, ...] = ()
    model: ModelState | None = None
    outbox: OutboxState = OutboxState()
    configuration: ConfigurationState = ConfigurationState()
    clock_offset_s: float | None = None
    clock_jumps: int = 0
    clock_jumped_s: float | None = None
    clock_jumped_at: AwareDatetime | None = None
    disk_free_bytes: int | None = None
    disk_full_at: AwareDatetime | None = None
    memory_bytes: int | None = None
    is_behind: bool = False
    page: str | None = None
    device: str | None = None

    @property
    def blind(self) -> int:
        """How many cameras do not see."""
        return sum(camera.sight is not Sight.SEEING for camera in self.cameras)
