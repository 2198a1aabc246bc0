"""What a camera asks of a hazard: rules, hours and dwell, as the file of cameras says them."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from edge.camera import Frame, capture_of
from edge.cameras import read_cameras
from edge.capture import Capture, TimeSource
from edge.confirm import Confirmer, Needs
from edge.errors import CamerasInvalid
from edge.hazard_rules import Demands, demands_of
from edge.keep import Keep
from edge.look import Look
from edge.outbox import Outbox
from edge.pixels import BgrPixels
from edge.settings import Settings
from edge.standing import Place, Standing
from edge.watch import Watch
from inspection.box_wire import ItemStanding
from inspection.rules import SeenHazard
from inspection.wire import Box

FILE = """
[defaults]
time_zone = "Asia/Shanghai"
k = 2
n = 3

[[cameras]]
name = "gate"
source = "rtsp://10.0.0.7/1"
dwell_s = 1

[[cameras.rules]]
hazards = ["PPE-01", "PPE-05"]
hours = ["mon-fri 07:30-18:00"]
k = 3
n = 5
dwell_s = 10
repeat_after_s = 7200

[[cameras.zones]]
name = "lane"
polygon = [[0, 0], [1, 0], [1, 1]]
hazards = ["PPE-01"]
hours = ["08:00-12:00"]
"""
# 10:00 on a Wednesday in Shanghai, and 20:00.
MORNING = datetime(2026, 11, 25, 2, tzinfo=UTC)
EVENING = datetime(2026, 11, 25, 12, tzinfo=UTC)


def seen(code: str, zone: str | None = None) -> SeenHazard:
    """Return a hazard."""
    box = Box(x1=0.4, y1=0.4, x2=0.5, y2=0.5, label="x", confidence=0.9)
    return SeenHazard(code, "x", 0.9, (box,), zone)


def test_a_file_says_it_per_hazard_and_zone(tmp_path: Path) -> None:
    """A helmet zone in working hours: everything else counts on."""
    path = tmp_path / "cameras.toml"
    path.write_text(FILE)
    (gate,) = read_cameras(path, {})
    demands = gate.demands
    assert demands.needs == Needs(2, 3, 1)
    assert demands.by_hazard["PPE-05"] == Needs(3, 5, 10)
    assert demands.repeats_after_s("PPE-01") == 7200
    every = [seen("PPE-01", "lane"), seen("PPE-05"), seen("FIR-08")]
    assert demands.counting(every, MORNING) == every
    assert demands.counting(every, EVENING) == [seen("FIR-08")]
    noon = datetime(2026, 11, 25, 5, tzinfo=UTC)
    assert [one.hazard_code for one in demands.counting(every, noon)] == ["PPE-05", "FIR-08"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('[[cameras.rules]]\nhazards = ["XXX-99"]', "XXX-99"),
        ('[[cameras.rules]]\nhazards = ["PPE-01"]\nk = 7', "k of n needs"),
        ('[[cameras.rules]]\nhazards = ["PPE-01"]\nhours = ["noon"]', "mon-fri 07:30-18:00"),
        ("[[cameras.rules]]\nhazards = []", "rules.0.hazards"),
        ('hours = ["mon 24:00-25:00"]', "24:00"),
        ('time_zone = "Asia/Nowhere"', "Asia/Shanghai"),
        ("dwell_s = -1", "dwell_s"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(tmp_path: Path, line: str, reason: str) -> None:
    """Nothing begins with a rule that would never hold."""
    path = tmp_path / "cameras.toml"
    path.write_text(f'[[cameras]]\nname = "a"\nsource = "0"\n{line}\n')
    with pytest.raises(CamerasInvalid, match="camera a") as refused:
        read_cameras(path, {})
    assert reason in str(refused.value)


@pytest.fixture
def keep(settings: Settings) -> Keep:
    """Return where findings are kept."""
    return Keep(Outbox(settings.outbox_dir), lambda _: None)


def burning(at_s: float, captured_at: datetime = MORNING, shade: int = 250) -> Capture:
    """Return a picture; in a bright one the tiny model sees a flame."""
    pixels = BgrPixels(np.full((48, 64, 3), shade, np.uint8))
    return capture_of(Frame(pixels, captured_at, at_s), "gate", TimeSource.CLOCK, 90)


def test_a_hazard_is_told_after_its_dwell(look: Look, keep: Keep) -> None:
    """Ten seconds at a look a second: the eleventh look tells."""
    watch = Watch(look, Confirmer(Needs(2, 3, 10.0)), keep)
    told = [bool(watch.take(burning(i))) for i in range(15)]
    assert told == [False] * 10 + [True] + [False] * 4


def test_out_of_its_hours_nothing_is_told_also_by_a_wrong_clock(
    look: Look, keep: Keep, settings: Settings
) -> None:
    """A box whose clock is ten hours fast works by the server's hours."""
    demands = demands_of(
        Needs(1, 1), (), hours=["08:00-18:00"], zone_hours={}, time_zone="Asia/Shanghai"
    )
    watch = Watch(look, Confirmer(Needs(1, 1)), keep, demands)
    assert not watch.take(burning(0, EVENING))
    with Outbox(settings.outbox_dir) as outbox:
        outbox.put_facts(clock_offset_s=str(10 * 3600))
    assert watch.take(burning(1, EVENING))


def test_an_open_item_is_silent_and_a_closed_one_is_told_where_it_stands(
    look: Look, keep: Keep
) -> None:
    """Gone and back is the same item; closed, it is told though it never went."""
    standing = Standing()
    demands = Demands(hazard_repeat_after_s={"EMG-01": 3600.0})
    watch = Watch(look, Confirmer(Needs(1, 1), gone_after_s=2), keep, demands, standing)
    (first,) = watch.take(burning(0))
    assert not watch.take(burning(5, shade=0))
    assert not watch.take(burning(10))
    assert watch.repeated == 1
    (place,) = standing.take({first.id: ItemStanding.CLOSED})
    assert place == Place("gate", "EMG-01", None)
    watch.forget(place)
    (second,) = watch.take(burning(11))
    assert second.id != first.id
