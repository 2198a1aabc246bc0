"""Watches over every camera's sight: judges their pictures now and then, and keeps what their views used to be."""

import time
from collections.abc import Callable, Mapping

from edge.address import Way
from edge.cameras import CameraEntry
from edge.settings import Settings
from edge.sight import SightJudge
from edge.views import Views
from edge.watched import SightChanged, Watched

# How often a camera's picture is judged, and its view looked after, seconds.
JUDGED_EVERY_S = 2.0
VIEW_EVERY_S = 10.0
VIEW_KEPT_EVERY_S = 600.0


class Sights:
    """Judges the cameras of a room; `notice` hears of every change."""

    def __init__(
        self,
        settings: Settings,
        notice: Callable[[SightChanged], None],
        every_s: float = JUDGED_EVERY_S,
    ) -> None:
        self._settings, self._notice, self._every_s = settings, notice, every_s
        self._views = Views(settings.views_dir)
        self._looked_after_s = self._kept_at_s = time.monotonic()

    def judge_of(self, entry: CameraEntry) -> tuple[SightJudge, bool]:
        """Return a judge for a camera that is about to be watched, and whether its view is known."""
        view = self._views.read(entry.name)
        judge = SightJudge(self._absent_after_s(entry, None), time.monotonic(), view)
        return judge, view is not None

    def look(self, cameras: Mapping[str, Watched]) -> None:
        """Judge those whose turn it is; keep the views now and then."""
        now_s = time.monotonic()
        for watched in cameras.values():
            if watched.is_live and self._has_changed(watched, now_s):
                judge = watched.judge
                self._notice(SightChanged(watched.entry.name, judge.sight, now_s - judge.since_s))
        if now_s - self._looked_after_s >= VIEW_EVERY_S:
            self._looked_after_s = now_s
            self._forget_accepted(cameras)
        if now_s - self._kept_at_s >= VIEW_KEPT_EVERY_S:
            self._kept_at_s = now_s
            self.keep(cameras)

    def keep(self, cameras: Mapping[str, Watched]) -> None:
        """Write down what the views look like; a full disk takes nothing from watching."""
        for name, watched in cameras.items():
            reference = watched.judge.reference
            if reference is None or not reference.is_ready:
                continue
            try:
                self._views.write(name, reference)
            except OSError:
                return
            watched.has_view = True

    def _has_changed(self, watched: Watched, now_s: float) -> bool:
        camera, judge = watched.camera, watched.judge
        judge.absent_after_s = self._absent_after_s(watched.entry, watched)
        seen_at_s = camera.seen_at_s or 0.0
        if camera.luma is None or seen_at_s <= watched.judged_at_s:
            return judge.tick(now_s)
        if now_s - watched.judged_at_s < self._every_s:
            return False
        watched.judged_at_s = seen_at_s
        return judge.take(camera.luma, seen_at_s)

    def _absent_after_s(self, entry: CameraEntry, watched: Watched | None) -> float:
        """A freeze is noticed after three times the read timeout; a slow sampling is no absence, nor are rare key frames."""
        after_s = 3 * self._settings.camera_read_timeout_s + 2 / entry.fps
        if watched is not None and watched.camera.way is Way.KEY:
            after_s += 2 * (watched.camera.key_every_s or 0.0)
        return after_s

    def _forget_accepted(self, cameras: Mapping[str, Watched]) -> None:
        """A view whose file was removed was accepted as it is now by somebody: it is learnt anew."""
        for name, watched in cameras.items():
            if watched.has_view and not self._views.path(name).is_file():
                watched.judge.reference, watched.has_view = None, False
