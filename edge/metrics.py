"""The numbers of a box for Prometheus. Imported only once somebody asks for them."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from edge.box_state import BoxState, CameraState
from inspection.sight import Sight

CONTENT_TYPE = CONTENT_TYPE_LATEST
# Name, what it is, and its value.
Told = tuple[str, str, Callable[[CameraState], float]]
COUNTERS: tuple[Told, ...] = (
    ("findings", "Findings told", lambda camera: camera.found),
    ("repeated", "Confirmations of open items that were not told", lambda camera: camera.repeated),
    ("connections", "How often the camera was opened", lambda camera: camera.connections),
    ("seen_seconds", "Seconds of today that it saw", lambda camera: camera.seen_s),
    ("blind_seconds", "Seconds of today that it did not see", lambda camera: camera.blind_s),
)


class _Box(Collector):
    def __init__(self, state: BoxState) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        yield from _box(self._state)
        yield from _cameras(self._state)


def metrics_of(state: BoxState) -> bytes:
    """Return a box's numbers in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Box(state))
    return generate_latest(registry)


def _box(state: BoxState) -> Iterator[Metric]:
    outbox = state.outbox
    gauges: tuple[tuple[str, str, float | None], ...] = (
        ("cameras", "Cameras that are watched", len(state.cameras)),
        ("cameras_blind", "Cameras that do not see", state.blind),
        ("behind", "1 while more is asked for than the machine can do", state.is_behind),
        ("outbox_waiting", "Findings that wait for delivery", outbox.waiting),
        ("outbox_rejected", "Findings that the server will never take", outbox.rejected),
        ("outbox_held", "Pictures with findings that wait for room on the disk", outbox.held),
        ("outbox_left_out", "Repeated sightings that had no room", outbox.left_out),
        ("outbox_full", "1 while first findings alone are kept", outbox.full_since is not None),
        ("evidence_bytes", "Evidence kept on this box", outbox.evidence_bytes),
        ("clock_offset_seconds", "Device clock minus server clock", state.clock_offset_s),
        ("clock_jumps", "How often the clock was set since the start", state.clock_jumps),
        ("clock_jumped_seconds", "How far the clock went the last time", state.clock_jumped_s),
        ("disk_free_bytes", "Free space where findings are kept", state.disk_free_bytes),
        ("resident_memory_bytes", "Memory of the program", state.memory_bytes),
        ("start_time_seconds", "When the program started", state.started_at.timestamp()),
        ("configuration_version", "The server's version", state.configuration.version),
    )
    for name, text, value in gauges:
        if value is not None:
            yield GaugeMetricFamily(f"anxun_edge_{name}", text, value=value)
    if state.model is not None:
        facts = state.model.model_dump(exclude={"trouble"})
        yield InfoMetricFamily("anxun_edge_model", "The model that looks", value=facts)


def _cameras(state: BoxState) -> Iterator[Metric]:
    looks = SummaryMetricFamily("anxun_edge_look_seconds", "Looks", labels=["camera"])
    sight = GaugeMetricFamily(
        "anxun_edge_camera_sight", "1 for what the camera's picture is", labels=["camera", "sight"]
    )
    age = GaugeMetricFamily(
        "anxun_edge_camera_frame_age_seconds", "Since its last frame came", labels=["camera"]
    )
    for camera in state.cameras:
        looks.add_metric([camera.name], count_value=camera.looked, sum_value=camera.look_s)
        for kind in Sight:
            sight.add_metric([camera.name, kind.value], camera.sight is kind)
        if camera.frame_at is not None:
            age.add_metric([camera.name], (state.at - camera.frame_at).total_seconds())
    yield from (looks, sight, age)
    for name, text, value in COUNTERS:
        family = CounterMetricFamily(f"anxun_edge_camera_{name}", text, labels=["camera"])
        for camera in state.cameras:
            family.add_metric([camera.name], value(camera))
        yield family
