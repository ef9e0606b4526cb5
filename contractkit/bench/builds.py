"""How long it takes to make the bundle and the generated code from the configured spec."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from contractkit.config import Config


@frozen
class Figure:
    """One plain figure: the median of `calls` calls, in milliseconds."""

    name: str
    calls: int
    milliseconds: float


def measure(config: Config, run: Path, bundlings: int) -> list[Figure]:
    """Bundles and generates beside the tree, in `run`. Generation is timed once, as it takes seconds."""
    from contractkit import bundle
    from contractkit.generate.client import generate_client
    from contractkit.generate.provider import generate_provider

    made = run / "bundle" / config.bundle.name
    client = config.client
    return [
        _timed("bundle", lambda: bundle.write_bundle(config.spec, made), bundlings),
        _timed(
            "generate client",
            lambda: generate_client(made, run / "client", project=client.project, package=client.package),
        ),
        _timed("generate types", lambda: generate_provider(made, run / "provider")),
    ]


def _timed(name: str, work: Callable[[], object], times: int = 1) -> Figure:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1000)
    return Figure(name, times, statistics.median(taken))
