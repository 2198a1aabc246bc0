"""Import ultralytics so that it stays offline and writes only inside the run's folder."""

from __future__ import annotations

import os
from pathlib import Path


def prepare(run: Path) -> None:
    """Point ultralytics' settings, data folder and logs into `run`; call before importing it anywhere else."""
    home = run / "ultralytics"
    home.mkdir(parents=True, exist_ok=True)
    os.environ["YOLO_OFFLINE"] = "true"
    os.environ["YOLO_CONFIG_DIR"] = str(home)
    try:
        import torchvision_beside_cpu_torch  # noqa: F401 - only machines whose torchvision lacks its C part have it
    except ModuleNotFoundError:
        pass
    from ultralytics.utils import SETTINGS

    SETTINGS.update(datasets_dir=str(home), weights_dir=str(home), runs_dir=str(run), sync=False)
