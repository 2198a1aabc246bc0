"""Clips with known truth, made from real photos and clips, and what a box finds in them with and without confirmation.

    make media
    python datasets/clips.py build var/clips [--data DATA]
    python datasets/clips.py evaluate var/clips [--fps 2] [--k 3] [--n 5]

Each clip has a sensor's noise and a light that drifts, and is compressed as a camera does. Its truth stands in ``clips.json``
(`clip_truth.py` describes it): which hazards are known of it, and from when to when each is in the picture. Kinds:

- *clear*: a view without any hazard that is known of it. Whatever is found is false. *long* is the same for five minutes, with
  the lamps switched now and then.
- *event*: such a view, then a photo that shows the hazard for eight seconds, then the first again.
- *walk*: somebody without helmet and vest, cut out of a photo, walks in at the left and out at the right.
- *carried*: an event of a bare head with a helmet in the hand or under the arm.
- *glimpse*: an event of 0.4 seconds, and *glitch*: one frame every three seconds: shorter than anything that is to be told. Whatever is
  found is false.
- *real*: a real clip, as long as it is.

Of some there are variants: *dark*, *noisy*, *compressed*. Of the photos and clips of the wheels it is known by looking (below). With `--data`,
photos of the training pool's sources are added, spread evenly over each source's names: bare heads (hhw_bare_heads: every box a head,
no helmet), flames and smoke (dfs_fire_smoke), scenes without people or fire (negatives), helmets to be carried (minh_helmet_vest), and the
clips beside them. **The model was trained on a part of those photos**, so that these figures say what confirmation does, not how good the
model is. Nor do pasted people and photos that hang before a camera look like a plant: a figure for a plant comes from that plant.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from clip_pool import Pool, pool_of
from clip_scenes import (
    RATE,
    VARIANTS,
    CutOut,
    Image,
    Walk,
    cut_out,
    filmed,
    glitched,
    read_photo,
    still,
    walked,
    write_frames,
)
from clip_truth import PLAIN, Clip, Event, Score, read_truth, sha256_of, write_truth
from clip_watch import RememberingLook, told_of

from edge.confirm import Needs
from edge.look import Look

ROOT = Path(__file__).resolve().parents[1]
BEFORE_S, EVENT_S, AFTER_S, GLIMPSE_S, GLITCH_EVERY_S = 10.0, 8.0, 4.0, 0.4, 3.0
CLEAR_S, PART_S, LONG_S = 45.0, 15.0, 300.0
HEADS, VESTS, FIRE = "PPE-01", "PPE-05", ("EMG-01", "EMG-02")
KNOWN = (HEADS, VESTS, *FIRE)
WHEELS = "wheels"
CLEAR = (
    "photos/coffee.png",
    "photos/motorcycle-left.png",
    "extra/cat.png",
    "extra/retina.jpg",
    "extra/brick-grey.png",
)
# What hazards the people on a photo show.
PEOPLE = {"photos/two-people.jpg": (HEADS, VESTS), "photos/street-bus.jpg": (HEADS, VESTS)}
# She holds her helmet before her; whether a space suit is a vest is not ours to say.
CARRIED = "photos/astronaut.png"
# Who walks: a box on a photo.
WALKER, WALKER_XYXY, WALKER_PX = "photos/street-bus.jpg", (215, 399, 353, 863), 420
# Of real clips: what is known of them, and which of it they show all the time.
FILMED = {"clips/street-bikes.mp4": (FIRE, ()), "clips/man-in-car.mp4": (FIRE, ())}
FILMED_POOL = {
    "clips/worker_zone.mp4": (KNOWN, ()),
    "clips/forklift_warehouse.mp4": ((HEADS, *FIRE), ()),
    "clips/night_orange_screens.mp4": (FIRE, ()),
    "clips/store_aisle.mp4": (KNOWN, (HEADS, VESTS)),
    "clips/building_fire.mp4": (FIRE, FIRE),
}


@dataclass(slots=True)
class Builder:
    """Writes clips into a folder, and their truth; a hazard shows for so long, with so much before and after it, seconds."""

    folder: Path
    before_s: float = BEFORE_S
    event_s: float = EVENT_S
    after_s: float = AFTER_S
    clips: list[Clip] = field(default_factory=list)

    def clear(self, photo: Image, origin: str, seconds: float, variant: str = PLAIN) -> None:
        """A view without any of the known hazards."""
        self.write("clear", origin, KNOWN, still(photo, seconds), variant=variant)

    def long(self, photos: Sequence[Image], origin: str, seconds: float) -> None:
        """A long time without a hazard: one view after another, every second one with half the lamps."""
        parts = round(seconds / PART_S)
        frames = (
            (frame if part % 2 == 0 else frame >> 1)
            for part in range(parts)
            for frame in still(photos[part % len(photos)], PART_S, round(part * PART_S * RATE))
        )
        self.write("long", origin, KNOWN, frames)

    def event(
        self,
        clear: Image,
        photo: Image,
        hazards: Sequence[str],
        origin: str,
        *,
        kind: str = "event",
        variant: str = PLAIN,
    ) -> None:
        """A hazard that comes and goes."""
        shown_s = GLIMPSE_S if kind == "glimpse" else self.event_s
        told = () if kind == "glimpse" else hazards
        scenes = (
            still(clear, self.before_s),
            still(photo, shown_s),
            still(clear, self.after_s),
        )
        events = [Event(code, self.before_s, self.before_s + shown_s) for code in told]
        self.write(
            kind, origin, known_with(hazards), chain.from_iterable(scenes), events, variant=variant
        )

    def glitch(
        self,
        clear: Image,
        photo: Image,
        hazards: Sequence[str],
        origin: str,
        seconds: float = CLEAR_S,
    ) -> None:
        """Single frames of a hazard, again and again."""
        frames = glitched(clear, photo, seconds, GLITCH_EVERY_S)
        self.write("glitch", origin, known_with(hazards), frames)

    def walk(self, clear: Image, figure: CutOut, origin: str, variant: str = PLAIN) -> None:
        """Somebody walks through the view."""
        walk = Walk(figure, self.before_s, self.event_s + 2)
        events = [Event(code, walk.from_s, walk.to_s) for code in (HEADS, VESTS)]
        frames = walked(clear, walk, self.before_s + self.event_s + 2 + self.after_s)
        self.write("walk", origin, KNOWN, frames, events, variant=variant)

    def real(self, path: Path, origin: str, known: Sequence[str], shown: Sequence[str]) -> None:
        """A real clip, which shows some hazards all the time."""
        self.write("real", origin, known, filmed(path))
        clip = self.clips.pop()
        events = tuple(Event(code, 0.0, clip.seconds) for code in shown)
        self.clips.append(
            Clip(clip.file, "real", origin, clip.known, clip.seconds, events, sha256=clip.sha256)
        )

    def write(
        self,
        kind: str,
        origin: str,
        known: Sequence[str],
        frames: Iterable[Image],
        events: Sequence[Event] = (),
        *,
        variant: str = PLAIN,
    ) -> None:
        """Write a clip as a camera would send it."""
        seen_by, crf = VARIANTS[variant]
        path = self.folder / f"{len(self.clips):03d}-{kind}-{variant}.mp4"
        seconds = write_frames(path, seen_by(frames), crf) / RATE
        self.clips.append(
            Clip(
                path.name,
                kind,
                origin,
                tuple(known),
                seconds,
                tuple(events),
                variant,
                sha256_of(path),
            )
        )


def known_with(hazards: Sequence[str]) -> tuple[str, ...]:
    """Return of which hazards is known whether a photo of some shows them: nobody looked for fire among people, nor the reverse."""
    return FIRE if set(hazards) <= set(FIRE) else tuple(hazards)


def build(folder: Path, media: Path, data: Path | None) -> int:
    """Make all clips."""
    if not (media / CLEAR[0]).exists():
        print(f"{media} is not there: run `make media`", file=sys.stderr)
        return 3
    folder.mkdir(parents=True, exist_ok=True)
    builder = Builder(folder)
    add_wheels(builder, media)
    if data is not None:
        add_pool(builder, pool_of(data), data)
    write_truth(folder, builder.clips)
    minutes = sum(clip.seconds for clip in builder.clips) / 60
    print(f"{len(builder.clips)} clips, {minutes:.1f} minutes, in {folder}")
    return 0


def add_wheels(builder: Builder, media: Path) -> None:
    """Add what can be made of photos and clips that wheels ship."""
    clear = [read_photo(media / name) for name in CLEAR]
    for photo in clear:
        builder.clear(photo, WHEELS, CLEAR_S)
    builder.long(clear, WHEELS, LONG_S)
    figure = cut_out(read_photo(media / WALKER), WALKER_XYXY, WALKER_PX)
    for variant in VARIANTS:
        builder.clear(clear[1], WHEELS, PART_S, variant)
        builder.walk(clear[1], figure, WHEELS, variant)
    for name, hazards in PEOPLE.items():
        photo = read_photo(media / name)
        for variant in VARIANTS:
            builder.event(clear[0], photo, hazards, WHEELS, variant=variant)
        builder.event(clear[1], photo, hazards, WHEELS, kind="glimpse")
        builder.glitch(clear[2], photo, hazards, WHEELS)
    builder.event(clear[1], read_photo(media / CARRIED), [HEADS], WHEELS, kind="carried")
    for name, (known, shown) in FILMED.items():
        builder.real(media / name, WHEELS, known, shown)


def add_pool(builder: Builder, pool: Pool, data: Path) -> None:
    """Add clips of the training pool's sources."""
    clear = [read_photo(path) for path in pool.clear]
    builder.long(clear, "negatives", LONG_S)
    for photos, hazard, origin in (
        (pool.heads, HEADS, "hhw_bare_heads"),
        (pool.flames, FIRE[0], "dfs_fire_smoke"),
        (pool.smoke, FIRE[1], "dfs_fire_smoke"),
    ):
        for number, path in enumerate(photos):
            photo, background = read_photo(path), clear[number % len(clear)]
            builder.event(background, photo, [hazard], origin)
            builder.event(background, photo, [hazard], origin, kind="glimpse")
        photo = read_photo(photos[0])
        builder.glitch(clear[0], photo, [hazard], origin)
        for variant in list(VARIANTS)[1:]:
            builder.event(clear[1], photo, [hazard], origin, variant=variant)
    for number, (photo, _) in enumerate(pool.carried()):
        builder.event(clear[number % len(clear)], photo, [HEADS], "hhw_bare_heads", kind="carried")
    for name, (known, shown) in FILMED_POOL.items():
        if (data / name).is_file():
            builder.real(data / name, "clips", known, shown)


def evaluate(folder: Path, fps: float, needs: Needs, model: Path | None = None) -> int:
    """Let a box watch all clips, and print what it found, with and without confirmation."""
    look = RememberingLook.of(Look.prepare(model, None, None, ["all"]))
    clips = read_truth(folder)
    scores = scores_of(folder, clips, look, needs, fps)
    print(
        f"{look.detector.name} {look.detector.version} on {look.detector.runtime.name}, {fps:g} looks a second,"
        f" {len(clips)} clips, {sum(clip.seconds for clip in clips) / 60:.1f} minutes"
    )
    for (origin, what, way), score in sorted(scores.items()):
        print(f"{origin:16} {what:20} {way:22} {score.line()}")
    return 0


def scores_of(
    folder: Path, clips: Sequence[Clip], look: RememberingLook, needs: Needs, fps: float
) -> dict[tuple[str, str, str], Score]:
    """Return the score of each origin, kind or variant, and way."""
    ways = {"without confirmation": Needs(1, 1), f"with {needs.k} of {needs.n}": needs}
    scores: dict[tuple[str, str, str], Score] = {}
    for clip in clips:
        fresh = look.fresh()
        what = clip.kind if clip.variant == PLAIN else f"{clip.kind}, {clip.variant}"
        for way, asked in ways.items():
            told = told_of(folder, clip, fresh, asked, fps)
            for key in ((clip.origin, what), ("all", what), ("all", "all")):
                scores.setdefault((*key, way), Score()).judge(clip, told)
    return scores


def main(arguments: list[str] | None = None) -> int:
    """Build or evaluate. Returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=("build", "evaluate"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--media", type=Path, default=ROOT / "var/media")
    parser.add_argument("--data", type=Path, help="folder of the training pool's sources")
    parser.add_argument("--model", type=Path, help="its NAME.json; the shipped one when left out")
    parser.add_argument("--fps", type=float, default=2.0)
    parser.add_argument("--k", type=int, default=3)
    parser.add_argument("--n", type=int, default=5)
    asked = parser.parse_args(arguments)
    if asked.what == "build":
        return build(asked.folder, asked.media, asked.data)
    return evaluate(asked.folder, asked.fps, Needs(asked.k, asked.n), asked.model)


if __name__ == "__main__":
    raise SystemExit(main())
