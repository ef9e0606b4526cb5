"""Performance of a project's stub against its peers, as ratios of one interleaved run; plain figures beside them."""

from contractkit.bench.compare import Plan
from contractkit.bench.session import run

__all__ = ["Plan", "run"]
