"""Clips with known truth, made from real photos, and what the watch finds in them with and without confirmation.

    make media
    python datasets/clips.py build var/clips [--data DATA]
    python datasets/clips.py evaluate var/clips [--fps 2] [--k 3] [--n 5]

Each clip pans slowly over photos, with a sensor's noise and a light that drifts, and is compressed as a camera does. Its truth stands in
``clips.json``: which hazards are known of it, and from when to when each is in the picture. Kinds:

- *clear*: photos that show none of the hazards that are known of it. Whatever is found is false.
- *event*: such a photo, then one that shows the hazard for eight seconds, then the first again.
- *glimpse*: the same, but for 0.4 seconds: shorter than anything that is to be told. Whatever is found is false.

Of the photos of the wheels it is known by looking (below). With `--data` photos of the training pool's sources are added, spread
evenly over each source's names: bare heads (hhw_bare_heads: every box a head, no helmet), flames and smoke (dfs_fire_smoke), and scenes
without people or fire (negatives). **The model was trained on a part of those**, so that these figures say what confirmation does, not
how good the model is.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import av
import cv2
import numpy as np

from edge.confirm import Confirmer, Needs
from edge.look import Look
from edge.videofile import video_frames

ROOT = Path(__file__).resolve().parents[1]
SIZE_WH, RATE = (960, 540), 5
BEFORE_S, EVENT_S, AFTER_S, GLIMPSE_S = 10.0, 8.0, 4.0, 0.4
# A finding a moment after the hazard left is of it: it was confirmed while it was there.
GRACE_S = 1.0
PEOPLE, FIRE = "PPE-01", ("EMG-01", "EMG-02")
KNOWN = (PEOPLE, *FIRE)
CLEAR = (
    "photos/coffee.png",
    "photos/motorcycle-left.png",
    "extra/cat.png",
    "extra/retina.jpg",
    "extra/brick-grey.png",
)
BARE_HEADS = ("photos/two-people.jpg", "photos/astronaut.png")
EACH = 4


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


@dataclass(frozen=True, slots=True)
class Scene:
    """A photo for so long."""

    photo: Path
    seconds: float


@dataclass(slots=True)
class Score:
    """What was found: events, those of them that were told, and findings that are of none."""

    events: int = 0
    found: int = 0
    false: int = 0
    seconds: float = 0.0
    waits_s: list[float] = field(default_factory=list)

    def line(self) -> str:
        """Return it as one line."""
        found = f"{self.found} of {self.events} hazards found" if self.events else "no hazard in it"
        median = f", median after {np.median(self.waits_s):.1f} s" if self.waits_s else ""
        hours = self.seconds / 3600
        return f"{found}{median}; {self.false} false in {hours * 60:.1f} min = {self.false / hours:.0f} an hour"


def grown(photo: np.ndarray) -> np.ndarray:
    """Return a photo of a size in which a view can wander; a tall one as high as the view, or its people would be cut."""
    width, height = SIZE_WH
    scale = 1.08 * max(width / photo.shape[1], height / photo.shape[0])
    if photo.shape[0] > photo.shape[1]:
        scale = height / photo.shape[0]
    return cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def view_of(photo: np.ndarray, number: int) -> np.ndarray:
    """Return a view that wanders over a grown photo; grey where that is narrower."""
    width, height = SIZE_WH
    spare_x, spare_y = max(photo.shape[1] - width, 0), max(photo.shape[0] - height, 0)
    x = int(spare_x * (0.5 + 0.5 * np.sin(number / 18)))
    y = int(spare_y * (0.5 + 0.5 * np.cos(number / 26)))
    cut = photo[y : y + height, x : x + width]
    view = np.full((height, width, 3), 96, np.uint8)
    left = (width - cut.shape[1]) // 2
    view[: cut.shape[0], left : left + cut.shape[1]] = cut
    return view


def frames_of(scenes: Sequence[Scene]) -> Iterator[np.ndarray]:
    """Yield the frames of scenes one after another."""
    random = np.random.default_rng(0)
    grains = random.integers(-6, 7, (8, *reversed(SIZE_WH), 1), dtype=np.int16)
    number = 0
    for scene in scenes:
        read = cv2.imread(str(scene.photo))
        if read is None:
            msg = f"{scene.photo} cannot be read"
            raise SystemExit(msg)
        photo = grown(read)
        for _ in range(round(scene.seconds * RATE)):
            light = int(10 * np.sin(number / 40))
            frame = view_of(photo, number) + grains[number % len(grains)] + np.int16(light)
            yield frame.clip(0, 255).astype(np.uint8)
            number += 1


def write_clip(path: Path, scenes: Sequence[Scene]) -> None:
    """Write a clip: H.264, a key frame a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height = SIZE_WH
        stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, RATE)
        stream.options = {"preset": "veryfast", "crf": "26", "g": str(RATE)}
        for frame in frames_of(scenes):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "bgr24")))
        container.mux(stream.encode())


@dataclass(slots=True)
class Builder:
    """Writes clips into a folder, and their truth."""

    folder: Path
    clips: list[Clip] = field(default_factory=list)

    def clear(self, photo: Path, origin: str, seconds: float = 30.0) -> None:
        """A photo without any of the known hazards."""
        self._write("clear", origin, KNOWN, [Scene(photo, seconds)], ())

    def event(self, clear: Path, photo: Path, hazards: Sequence[str], origin: str) -> None:
        """A hazard that comes and goes, and a glimpse of the same."""
        # Of a photo with people nobody looked whether something burns in it, and the other way round.
        known = (PEOPLE,) if PEOPLE in hazards else FIRE
        for kind, shown_s in (("event", EVENT_S), ("glimpse", GLIMPSE_S)):
            scenes = [Scene(clear, BEFORE_S), Scene(photo, shown_s), Scene(clear, AFTER_S)]
            told = hazards if kind == "event" else ()
            events = tuple(Event(code, BEFORE_S, BEFORE_S + shown_s) for code in told)
            self._write(kind, origin, known, scenes, events)

    def _write(
        self,
        kind: str,
        origin: str,
        known: Sequence[str],
        scenes: Sequence[Scene],
        events: tuple[Event, ...],
    ) -> None:
        name = f"{len(self.clips):03d}-{kind}.mp4"
        write_clip(self.folder / name, scenes)
        seconds = sum(scene.seconds for scene in scenes)
        self.clips.append(Clip(name, kind, origin, tuple(known), seconds, events))

    def finish(self) -> None:
        """Write the truth."""
        text = json.dumps([asdict(clip) for clip in self.clips], indent=1)
        (self.folder / "clips.json").write_text(text + "\n", "utf-8")


def build(folder: Path, media: Path, data: Path | None) -> int:
    """Make all clips."""
    if not (media / CLEAR[0]).exists():
        print(f"{media} is not there: run `make media`", file=sys.stderr)
        return 3
    folder.mkdir(parents=True, exist_ok=True)
    builder = Builder(folder)
    for name in CLEAR:
        builder.clear(media / name, "wheels", 60.0)
    for name in BARE_HEADS:
        for background in CLEAR[:3]:
            builder.event(media / background, media / name, [PEOPLE], "wheels")
    if data is not None:
        add_pool(builder, data)
    builder.finish()
    print(
        f"{len(builder.clips)} clips, {sum(clip.seconds for clip in builder.clips) / 60:.1f} minutes, in {folder}"
    )
    return 0


def add_pool(builder: Builder, data: Path) -> None:
    """Add clips of the training pool's sources."""
    with (data / "negatives" / "negatives.csv").open(encoding="utf-8") as file:
        scenes = [
            data / "negatives" / row["file"]
            for row in csv.DictReader(file)
            if row["people"] == "no"
        ]
    clear = spread(scenes, 3 * EACH)
    for photo in clear[:EACH]:
        builder.clear(photo, "negatives")
    heads = labelled(data / "hhw_bare_heads", {"head"}, {"helmet"})
    flames = labelled(data / "dfs_fire_smoke", {"fire"}, {"smoke"})
    smoke = labelled(data / "dfs_fire_smoke", {"smoke"}, {"fire"})
    for photos, hazard, origin in (
        (heads, PEOPLE, "hhw_bare_heads"), (flames, FIRE[0], "dfs_fire_smoke"), (smoke, FIRE[1], "dfs_fire_smoke"),
    ):  # fmt: skip
        for number, photo in enumerate(spread(photos, EACH)):
            builder.event(clear[EACH + number], photo, [hazard], origin)


def labelled(source: Path, wanted: set[str], unwanted: set[str]) -> list[Path]:
    """Return the images with a box of a wanted class of at least 4 % of the picture, and none of an unwanted class."""
    names = (source / "classes.txt").read_text("utf-8").split()
    found = []
    for label in sorted((source / "labels").glob("*.txt")):
        boxes = [line.split() for line in label.read_text("utf-8").splitlines() if line.strip()]
        classes = {names[int(box[0])] for box in boxes}
        is_large = any(
            names[int(b[0])] in wanted and float(b[3]) * float(b[4]) >= 0.04 for b in boxes
        )
        image = source / "images" / f"{label.stem}.webp"
        if is_large and not classes & unwanted and image.exists():
            found.append(image)
    return found


def spread(photos: Sequence[Path], count: int) -> list[Path]:
    """Return so many, evenly spread."""
    return [photos[number * len(photos) // count] for number in range(min(count, len(photos)))]


def read_truth(folder: Path) -> list[Clip]:
    """Return what is known of each clip."""
    listed = json.loads((folder / "clips.json").read_text("utf-8"))
    return [
        Clip(
            **{
                **one,
                "known": tuple(one["known"]),
                "events": tuple(Event(**each) for each in one["events"]),
            }
        )
        for one in listed
    ]


def findings_of(
    seen: Sequence[tuple[float, list]], needs: Needs, known: Sequence[str]
) -> list[tuple[float, str]]:
    """Return what is told of a clip, with when."""
    confirmer = Confirmer(needs)
    told = []
    for at_s, hazards in seen:
        counting = [one for one in hazards if one.hazard_code in known]
        told += [(at_s, one.seen.hazard_code) for one in confirmer.observe(at_s, counting)]
    return told


def judge(score: Score, clip: Clip, told: Sequence[tuple[float, str]]) -> None:
    """Add a clip to a score."""
    score.seconds += clip.seconds
    score.events += len(clip.events)
    for event in clip.events:
        hits = [at_s for at_s, code in told if is_of(event, at_s, code)]
        if hits:
            score.found += 1
            score.waits_s.append(hits[0] - event.from_s)
    score.false += sum(not any(is_of(event, *one) for event in clip.events) for one in told)


def is_of(event: Event, at_s: float, code: str) -> bool:
    """Tell whether a finding is of an event."""
    return code == event.hazard and event.from_s <= at_s <= event.to_s + GRACE_S


def evaluate(folder: Path, fps: float, needs: Needs) -> int:
    """Look at all clips and print what was found, with and without confirmation."""
    look = Look.prepare(None, None, None, ["all"])
    ways = {"without confirmation": Needs(1, 1), f"with {needs.k} of {needs.n}": needs}
    scores: dict[tuple[str, str, str], Score] = {}
    clips = read_truth(folder)
    for clip in clips:
        seen = [
            (frame.at_s, look.assess(frame.image_bgr))
            for frame in video_frames(folder / clip.file, fps)
        ]
        for way, asked in ways.items():
            told = findings_of(seen, asked, clip.known)
            for origin in (clip.origin, "all"):
                judge(scores.setdefault((origin, clip.kind, way), Score()), clip, told)
    print(
        f"{look.detector.name} on {look.detector.runtime.name}, {fps:g} looks a second, {len(clips)} clips"
    )
    for (origin, kind, way), score in sorted(scores.items()):
        print(f"{origin:16} {kind:8} {way:22} {score.line()}")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Build or evaluate. Returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=("build", "evaluate"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--media", type=Path, default=ROOT / "var/media")
    parser.add_argument("--data", type=Path, help="folder of the training pool's sources")
    parser.add_argument("--fps", type=float, default=2.0)
    parser.add_argument("--k", type=int, default=3)
    parser.add_argument("--n", type=int, default=5)
    asked = parser.parse_args(arguments)
    if asked.what == "build":
        return build(asked.folder, asked.media, asked.data)
    return evaluate(asked.folder, asked.fps, Needs(asked.k, asked.n))


if __name__ == "__main__":
    raise SystemExit(main())
