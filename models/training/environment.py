"""Import ultralytics so that it stays offline and writes only inside the run's folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def prepare(run: Path) -> None:
    """Point ultralytics' settings, data folder and logs into `run`; call before importing it anywhere else."""
    home = run / "ultralytics"
    home.mkdir(parents=True, exist_ok=True)
    os.environ["YOLO_OFFLINE"] = "true"
    os.environ["YOLO_CONFIG_DIR"] = str(home)
    import_torchvision()
    from ultralytics.utils import SETTINGS

    SETTINGS.update(datasets_dir=str(home), weights_dir=str(home), runs_dir=str(run), sync=False)


def import_torchvision() -> None:
    """Import torchvision, or where its C part cannot load write what ultralytics needs of it in PyTorch."""
    try:
        import torchvision  # noqa: F401 - only whether it can be imported
    except RuntimeError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]  # half imported
        from models.training import torchvision_nms

        torchvision_nms.install()
