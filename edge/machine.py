"""What a measurement of speed depends on: the processor and the engines that are installed."""

import os
import platform
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

ENGINES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "openvino")
CPU_INFO = Path("/proc/cpuinfo")


class Machine(BaseModel):
    """A machine, as far as timings of it hold.

    Attributes:
        cpu: the processor's name.
        cores: those that this process may use.
        architecture: such as ``x86_64``.
        engines: name to version of each engine that is installed.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    cpu: str
    cores: int
    architecture: str
    engines: dict[str, str]

    @classmethod
    def here(cls) -> Self:
        """Return this machine."""
        return cls(
            cpu=_cpu_name(), cores=_cores(), architecture=platform.machine(), engines=_engines()
        )

    def changes(self, now: "Machine") -> Iterator[str]:
        """Yield each thing that is another now, as ``name: before -> now``."""
        before, after = self.model_dump(), now.model_dump()
        before |= {name: before["engines"].get(name, "-") for name in ENGINES}
        after |= {name: after["engines"].get(name, "-") for name in ENGINES}
        for name in ("cpu", "cores", "architecture", *ENGINES):
            if before[name] != after[name]:
                yield f"{name}: {before[name]} -> {after[name]}"


def _cores() -> int:
    # Not every system tells which cores a process may use.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu_name() -> str:
    try:
        lines = CPU_INFO.read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _engines() -> dict[str, str]:
    found = {}
    for name in ENGINES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
