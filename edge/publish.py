"""What this box tells an MQTT broker: its findings, each at least once, and how its cameras do.

===============================  ========  ==========================================================================
``PREFIX/BOX/status``            retained  ``online``; ``offline`` when it ends or is lost (the broker's last will)
``PREFIX/BOX/cameras/CAMERA``    retained  JSON of how a camera does; empty once it is no longer watched
``PREFIX/BOX/findings/CAMERA``             JSON of a finding, in the order in which they were kept
===============================  ========  ==========================================================================

All with QoS 1. No address of a camera, no token and no picture is among it; evidence is named by its SHA-256.
"""

import json
import re
from collections.abc import Callable
from typing import Protocol

from edge.board import is_running
from edge.box_state import BoxState, CameraState
from edge.told import NeighbourOutbox
from inspection.taxonomy import hazard_type
from inspection.wire import FindingDraft

CURSOR = "mqtt_published_seq"
BATCH = 50
_UNFIT = re.compile(r"[/+#%\x00-\x1f]")


class Wire(Protocol):
    """What publishes: returns whether the broker has acknowledged."""

    def publish(self, topic: str, payload: str, *, is_retained: bool) -> bool:
        """Publish with QoS 1 and wait for the broker's word."""
        ...


def level_of(name: str) -> str:
    """Return a name as one level of a topic: what has a meaning there is written as ``%`` and its number."""
    return _UNFIT.sub(lambda found: f"%{ord(found[0]):02X}", name) or "%"


def finding_payload(draft: FindingDraft) -> str:
    """Return a finding as it is published."""
    hazard = hazard_type(draft.hazard_code)
    said = draft.model_dump(
        mode="json",
        include={
            "id", "hazard_code", "label", "confidence", "boxes", "captured_at", "zone",
            "model_name", "evidence_sha256", "sightings",
        },
    )  # fmt: skip
    names = {"hazard_zh": hazard.name_zh, "hazard_en": hazard.name_en}
    return json.dumps(
        said | names | {"camera": draft.source.name, "source": draft.source.kind.value},
        ensure_ascii=False,
    )


def camera_payload(camera: CameraState) -> str:
    """Return how a camera does as it is published: neither its address nor what its trouble says of that."""
    said = camera.model_dump(mode="json", include={"name", "sight", "since", "way", "found"})
    return json.dumps(said, ensure_ascii=False)


class Publisher:
    """Publishes what is new, each time `turn` is called."""

    def __init__(self, wire: Wire, root: str, state: Callable[[], BoxState | None]) -> None:
        self._wire, self._root, self._state = wire, root, state
        self._cameras: dict[str, str] = {}

    def begin(self, outbox: NeighbourOutbox) -> None:
        """Begin behind what is in the outbox already, the first time that this box publishes at all."""
        if outbox.get_fact(CURSOR) is None:
            outbox.put_facts(**{CURSOR: str(outbox.last_seq())})

    def connected(self) -> None:
        """Tell all cameras again: the broker may have forgotten them."""
        self._cameras.clear()

    def turn(self, outbox: NeighbourOutbox) -> int:
        """Publish what is new; return how many findings the broker took."""
        self._tell_cameras()
        return self._tell_findings(outbox)

    def _tell_findings(self, outbox: NeighbourOutbox) -> int:
        """Publish findings behind the last one that the broker took. A cut between its word and ours tells one twice."""
        count = 0
        for seq, draft in outbox.after(int(outbox.get_fact(CURSOR) or 0), BATCH):
            topic = f"{self._root}/findings/{level_of(draft.source.name)}"
            if not self._wire.publish(topic, finding_payload(draft), is_retained=False):
                break
            outbox.put_facts(**{CURSOR: str(seq)})
            count += 1
        return count

    def _tell_cameras(self) -> None:
        state = self._state()
        if state is None:
            return
        now = {}
        if is_running(state):
            now = {
                f"{self._root}/cameras/{level_of(camera.name)}": camera_payload(camera)
                for camera in state.cameras
            }
        for topic in self._cameras.keys() | now.keys():
            payload = now.get(topic, "")
            if self._cameras.get(topic) != payload and self._wire.publish(
                topic, payload, is_retained=True
            ):
                self._cameras[topic] = payload
