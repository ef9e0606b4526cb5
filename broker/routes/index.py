"""The index, and the health check."""

from __future__ import annotations

from broker.call import JSON, Call, Reply, Route
from broker.hal import index as hal
from broker.hal.values import link


def index(call: Call) -> Reply:
    return Reply(hal.index(call.urls))


def heartbeat(call: Call) -> Reply:
    """Healthy means that the database answers."""
    with call.database.read() as tx:
        tx.exec_driver_sql("SELECT 1")
    own = call.urls.at("/diagnostic/status/heartbeat")
    return Reply({"ok": True, "_links": {"self": link(own)}}, media_type=JSON)


ROUTES: tuple[Route, ...] = (
    ("GET", "/", index),
    ("GET", "/diagnostic/status/heartbeat", heartbeat),
)
