"""The models of a box: those that the server gave, by their hash, which one runs, and which one ran before.

Under ``models/`` in the state folder lie ``SHA.onnx`` and ``SHA.json`` of each, and ``current.json``. The model that is shipped with the
program has no file there; `SHIPPED` names it. A file is only ever run by `models.bundle.load_bundle`, which hashes the bytes that it runs.

A model that was just switched to is *unproven* until it looked for a while. What fails meanwhile brings the one before it back, also when the
program died of it: after `MAX_STARTS` starts without proof.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from edge.errors import ModelUnusable
from edge.private_file import write_private

SHIPPED = "shipped"
MAX_STARTS = 2


class CurrentModel(BaseModel):
    """What `current.json` says.

    Attributes:
        sha256: of the model that runs, or `SHIPPED`.
        previous: of the one before it; None where there was none.
        is_proven: it has looked for a while.
        starts: of the program, since the switch, without proof.
        refused: why others are not run, by hash.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    sha256: str = SHIPPED
    previous: str | None = None
    is_proven: bool = True
    starts: int = 0
    refused: dict[str, str] = Field(default_factory=dict)


class ModelStore:
    """The models under a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / "current.json"

    @property
    def current(self) -> CurrentModel:
        """Which model runs; a damaged or missing file names the shipped one."""
        try:
            return CurrentModel.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return CurrentModel()

    @property
    def stamp(self) -> int:
        """What changes when somebody chose another model."""
        try:
            return self._path.stat().st_mtime_ns
        except OSError:
            return 0

    def bundle(self, sha256: str) -> Path | None:
        """Return the NAME.json of a model; None for the shipped one.

        Raises:
            ModelUnusable: this box has no such model.
        """
        if sha256 == SHIPPED:
            return None
        path = self.folder / f"{sha256}.json"
        if not path.is_file():
            raise ModelUnusable(f"this box has no model {sha256}; it has {', '.join(self.names())}")
        return path

    def begin(self) -> Path | None:
        """Return the bundle to start with; one that twice ended the program before it was proven is left."""
        current = self.current
        if current.is_proven:
            return self._bundle_or_shipped(current)
        if current.starts >= MAX_STARTS:
            self.roll_back("the program ended twice before it was proven")
            return self._bundle_or_shipped(self.current)
        self._keep(current.model_copy(update={"starts": current.starts + 1}))
        return self._bundle_or_shipped(current)

    def use(self, sha256: str) -> None:
        """Run a model from now on, unproven; the last one that was proven is kept as the one before it, all others go.

        Raises:
            ModelUnusable: this box has no such model.
        """
        self.bundle(sha256)
        current = self.current
        if sha256 == current.sha256:
            return
        refused = {key: why for key, why in current.refused.items() if key != sha256}
        previous = current.sha256 if current.is_proven else current.previous
        self._keep(
            CurrentModel(
                sha256=sha256, previous=previous, is_proven=False, starts=1, refused=refused
            )
        )
        self._sweep((sha256, previous))

    def prove(self) -> None:
        """Say that the current model works."""
        current = self.current
        if not current.is_proven:
            self._keep(current.model_copy(update={"is_proven": True, "starts": 0}))

    def roll_back(self, reason: str) -> bool:
        """Run the model before this one again and refuse this one; return whether there was one before."""
        current = self.current
        if current.previous is None:
            return False
        refused = current.refused | {current.sha256: reason}
        self._keep(CurrentModel(sha256=current.previous, previous=None, refused=refused))
        return True

    def refuse(self, sha256: str, reason: str) -> None:
        """Remember why a model that does not run is not to run; its file goes."""
        current = self.current
        self._keep(current.model_copy(update={"refused": current.refused | {sha256: reason}}))
        self._sweep((current.sha256, current.previous))

    def names(self) -> list[str]:
        """Return the hashes of the models that are here, the shipped one's name first."""
        return [SHIPPED, *sorted(path.stem for path in self.folder.glob("?" * 64 + ".json"))]

    # --- download

    def part(self, sha256: str) -> Path:
        """Return where a model is downloaded to."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.folder / f"{sha256}.part"

    def received(self, sha256: str) -> int:
        """Return how many bytes of it have arrived."""
        part = self.part(sha256)
        return part.stat().st_size if part.is_file() else 0

    def complete(self, sha256: str, description: dict[str, JsonValue]) -> None:
        """Check what arrived and keep it.

        Raises:
            ModelUnusable: it does not hash to its name; the part is removed.
        """
        part = self.part(sha256)
        actual = hashlib.sha256(part.read_bytes()).hexdigest()
        if actual != sha256:
            part.unlink()
            raise ModelUnusable(f"its bytes hash to {actual}")
        with part.open("rb") as file:
            os.fsync(file.fileno())
        model = self.folder / f"{sha256}.onnx"
        part.replace(model)
        told = description | {"file": model.name, "sha256": sha256}
        write_private(self.folder / f"{sha256}.json", json.dumps(told, ensure_ascii=False))

    def _bundle_or_shipped(self, current: CurrentModel) -> Path | None:
        try:
            return self.bundle(current.sha256)
        except ModelUnusable:
            return None

    def _keep(self, current: CurrentModel) -> None:
        write_private(self._path, current.model_dump_json(indent=1))

    def _sweep(self, kept: Iterable[str | None]) -> None:
        for path in self.folder.glob("?" * 64 + ".*"):
            if path.stem not in set(kept) and path.suffix in (".onnx", ".json"):
                path.unlink(missing_ok=True)
