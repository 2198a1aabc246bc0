"""Which model looks while a watch runs: switched after a trial, proven by looking, rolled back when it fails or by command."""

import time

import numpy as np

from edge.console import Voice
from edge.errors import ModelUnusable, SetupError
from edge.model_store import ModelStore
from edge.pixels import Image
from edge.settings import Settings
from edge.trial import Tried, carry_choice, try_model
from edge.watchroom import Watchroom
from models.bundle import describe_bundle
from models.errors import ModelError
from models.running import FP32, INT8

# A model that looked for so long, and so often, works.
PROVEN_AFTER_S = 60.0
PROVEN_LOOKS = 10
FOLLOWED_EVERY_S = 2.0


class ModelSwitch:
    """Changes the model of a room. `follows_server` is False where a command named the model."""

    def __init__(
        self,
        room: Watchroom,
        store: ModelStore,
        settings: Settings,
        voice: Voice,
        *,
        follows_server: bool = True,
        proven_after_s: float = PROVEN_AFTER_S,
    ) -> None:
        self._room, self.store, self._settings, self._voice = room, store, settings, voice
        self.follows_server = follows_server
        self._proven_after_s = proven_after_s
        self._since_s, self._looks = time.monotonic(), 0
        self._followed_s = self._since_s
        # Looked at once in any case: somebody may have chosen while the program was starting.
        self._stamp = -1

    def switch(self, sha256: str, tried: Tried) -> None:
        """Look with a model that passed its trial, and keep the one before it."""
        if sha256 == self._room.look.detector.sha256:
            return
        try:
            self._room.set_look(tried.look)
        except SetupError as error:
            # The cameras changed since it was tried.
            self.store.refuse(sha256, str(error))
            return
        self.store.use(sha256)
        self._began(tried)

    def follow(self) -> None:
        """Prove a model that has looked for a while; take what a person chose by command."""
        now_s = time.monotonic()
        if now_s - self._followed_s < FOLLOWED_EVERY_S:
            return
        self._followed_s = now_s
        if self.store.stamp != self._stamp and self.follows_server:
            self._stamp = self.store.stamp
            self._take_choice()
        looked = self._all_looks() - self._looks
        if now_s - self._since_s >= self._proven_after_s and looked >= PROVEN_LOOKS:
            self.store.prove()
            self._stamp = self.store.stamp

    def roll_back(self, error: ModelUnusable) -> bool:
        """Look with the model before again, because the present one failed; return whether there was one."""
        if self.store.current.is_proven or not self.store.roll_back(str(error.facts["reason"])):
            return False
        self._voice.warn_of(error)
        return self._load()

    def _take_choice(self) -> None:
        chosen = self.store.current.sha256
        try:
            bundle = self.store.bundle(chosen)
        except ModelUnusable as error:
            self._voice.warn_of(error)
            return
        detector = self._room.look.detector
        precision = INT8 if detector.runtime.precision == INT8 else FP32
        try:
            is_running = describe_bundle(bundle, precision=precision).sha256 == detector.sha256
        except ModelError:
            is_running = False
        if not is_running:
            self._load()

    def _load(self) -> bool:
        """Load the store's current model in the place of the present one; return whether it looks now."""
        bundle = self.store.bundle(self.store.current.sha256)
        entries = [watched.entry for watched in self._room.watched.values()]
        try:
            # A person chose it, or it ran before: slow or not.
            tried = try_model(
                self._settings,
                bundle,
                self._room.look,
                entries,
                self._picture(),
                must_be_fast=False,
            )
            self._room.set_look(tried.look)
        except SetupError as error:
            self._voice.warn_of(error)
            return False
        self._began(tried)
        return True

    def _began(self, tried: Tried) -> None:
        detector = tried.look.detector
        carry_choice(self._settings, tried)
        self._stamp = self.store.stamp
        self._since_s, self._looks = time.monotonic(), self._all_looks()
        self._voice.tell(
            "model_switched",
            name=detector.name,
            version=detector.version,
            sha256=detector.sha256[:12],
            ms=f"{tried.median_ms:.0f}",
        )

    def _all_looks(self) -> int:
        return sum(watched.watch.looked for watched in self._room.watched.values())

    def _picture(self) -> Image:
        return self._room.image if self._room.image is not None else _blank()


def _blank() -> Image:
    return np.zeros((360, 640, 3), np.uint8)
