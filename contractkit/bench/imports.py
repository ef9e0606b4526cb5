"""How long importing takes and how much memory it needs, each time in a fresh process."""

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from contractkit.config import child_environment
from contractkit.errors import ServerError

PATIENCE_SECONDS = 60.0
# The peak is asked of /proc: what getrusage says of a child includes its parent as it was when the child began.
CHILD = """
import sys
sys.path[:0] = sys.argv[2:]
from time import perf_counter

def peak():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:
        return 0

code = compile(sys.argv[1], "measured", "exec")
before = peak()
began = perf_counter()
exec(code, {})
seconds = perf_counter() - began
print(f"[{1000 * seconds}, {(peak() - before) / 1024}]")
"""


@frozen
class Imported:
    """What some statements cost in a fresh process: the medians of all runs, and the quickest run.

    `megabytes` is the growth of the process at its peak; 0 where the system does not tell.
    """

    milliseconds: float
    quickest: float
    megabytes: float


def measure(statements: Mapping[str, str], paths: Sequence[Path], runs: int) -> dict[str, Imported]:
    """Each of the statements `runs` times, in turns, with `paths` first on the import path.

    A round before the first compiles what is imported. Raises ServerError when a statement fails.
    """
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in statements}
    for number in range(-1, runs):
        for name, code in statements.items():
            measured = _once(code, paths)
            if number >= 0:
                found[name].append(measured)
    return {name: _summary(each) for name, each in found.items()}


def _once(code: str, paths: Sequence[Path]) -> tuple[float, float]:
    command = [sys.executable, "-c", CHILD, code, *map(str, paths)]
    # Byte code is written, whatever the environment says: otherwise compiling would be what is measured.
    environment = child_environment(PYTHONDONTWRITEBYTECODE="")
    done = subprocess.run(
        command, env=environment, capture_output=True, timeout=PATIENCE_SECONDS, check=False, text=True
    )
    if done.returncode:
        raise ServerError(f"`{code}` failed: {done.stderr.strip().splitlines()[-1]}")
    milliseconds, megabytes = json.loads(done.stdout)
    return milliseconds, megabytes


def _summary(runs: Sequence[tuple[float, float]]) -> Imported:
    times = [milliseconds for milliseconds, _ in runs]
    return Imported(statistics.median(times), min(times), statistics.median(megabytes for _, megabytes in runs))
