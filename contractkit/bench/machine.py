"""On what the figures were measured; without it a figure says nothing."""

import os
import platform
from pathlib import Path

from attrs import frozen


@frozen
class Machine:
    """`load` is the one-minute load average when the run began: other work that the figures shared the cores with."""

    cpu: str
    cores: int
    system: str
    python: str
    load: float | None

    def __str__(self) -> str:
        busy = "" if self.load is None else f", load {self.load:.1f} at the start"
        return f"{self.cpu}, {self.cores} cores, {self.system}, Python {self.python}{busy}"


def this_machine() -> Machine:
    """The machine that runs this."""
    return Machine(
        cpu=_cpu_model(Path("/proc/cpuinfo")) or platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    )


def _cpu_model(file: Path) -> str:
    """What Linux says of its processor; empty elsewhere."""
    if not file.is_file():
        return ""
    lines = (line.partition(":") for line in file.read_text(encoding="utf-8", errors="replace").splitlines())
    return next((value.strip() for name, _, value in lines if name.strip() == "model name"), "")
