"""The index."""

from __future__ import annotations

from broker.call import Call, Reply, Route
from broker.hal import index as hal


def index(call: Call) -> Reply:
    return Reply(hal.index(call.urls))


ROUTES: tuple[Route, ...] = (("GET", "/", index),)
