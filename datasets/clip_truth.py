"""What is known of a clip, how it is written down, and how findings are judged by it. Pure, but for the manifest's file.

``clips.json`` is ``{"format": 1, "clips": [...]}``; each clip is

===========  ==============================================================================================
field        means
===========  ==============================================================================================
``file``     its name in the manifest's folder
``sha256``   of the file: what was judged is what was built
``kind``     how it was made, see ``clips.py``
``variant``  ``plain``, ``dark``, ``noisy`` or ``compressed``
``origin``   where its photos come from: ``wheels`` or a source of the training pool
``known``    hazard codes of which is known when they are there; of others nothing is known, and none is looked for
``seconds``  its length
``events``   ``hazard``, ``from_s`` and ``to_s`` for each time that a known hazard is in the picture, seconds of the clip
===========  ==============================================================================================
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

MANIFEST, FORMAT = "clips.json", 1
PLAIN = "plain"
# A finding a moment after the hazard left is of it: it was confirmed while it was there.
GRACE_S = 1.0


@dataclass(frozen=True, slots=True)
class Event:
    """A hazard that is in the picture from when to when, seconds of the clip."""

    hazard: str
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip and its truth. Of the hazards in `known` it is known when they are there; of others nothing is."""

    file: str
    kind: str
    origin: str
    known: tuple[str, ...]
    seconds: float
    events: tuple[Event, ...] = ()
    variant: str = PLAIN
    sha256: str = ""


def write_truth(folder: Path, clips: Sequence[Clip]) -> None:
    """Write the manifest."""
    text = json.dumps({"format": FORMAT, "clips": [asdict(clip) for clip in clips]}, indent=1)
    (folder / MANIFEST).write_text(text + "\n", "utf-8")


def read_truth(folder: Path) -> list[Clip]:
    """Return what is known of each clip.

    Raises:
        ValueError: another format, or a clip that is not the one which was built.
    """
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        msg = f"{folder / MANIFEST} is not of format {FORMAT}: build the clips again"
        raise ValueError(msg)
    clips = []
    for one in manifest["clips"]:
        events = tuple(Event(**each) for each in one["events"])
        clip = Clip(**{**one, "known": tuple(one["known"]), "events": events})
        if sha256_of(folder / clip.file) != clip.sha256:
            msg = f"{clip.file} is not the clip that the manifest describes"
            raise ValueError(msg)
        clips.append(clip)
    return clips


def sha256_of(path: Path) -> str:
    """Return the hash of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(slots=True)
class Score:
    """What was told: events, those of them that were found, and findings that are of none."""

    events: int = 0
    found: int = 0
    false: int = 0
    seconds: float = 0.0
    waits_s: list[float] = field(default_factory=list)

    def judge(self, clip: Clip, told: Sequence[tuple[float, str]]) -> None:
        """Add a clip of which was told what, with when (seconds of the clip)."""
        self.seconds += clip.seconds
        self.events += len(clip.events)
        for event in clip.events:
            hits = [at_s for at_s, code in told if _is_of(event, at_s, code)]
            if hits:
                self.found += 1
                self.waits_s.append(hits[0] - event.from_s)
        self.false += sum(not any(_is_of(event, *one) for event in clip.events) for one in told)

    def line(self) -> str:
        """Return it as one line."""
        hours = self.seconds / 3600
        found = "no hazard in it"
        if self.events:
            found = (
                f"{self.found} of {self.events} hazards found, {self.events - self.found} missed"
            )
        if self.waits_s:
            found += f", median after {np.median(self.waits_s):.1f} s"
        return f"{found}; {self.false} false in {hours * 60:.1f} min = {self.false / hours:.0f} an hour"


def _is_of(event: Event, at_s: float, code: str) -> bool:
    return code == event.hazard and event.from_s <= at_s <= event.to_s + GRACE_S
