"""The index, the integrations, and the health check."""

from __future__ import annotations

from broker.call import JSON, Call, Reply, Route
from broker.hal import index as hal
from broker.hal.values import Json, link
from broker.store import contracts, pacticipants


def index(call: Call) -> Reply:
    return Reply(hal.index(call.urls))


def integrations(call: Call) -> Reply:
    with call.database.read() as tx:
        pairs = contracts.integrations_of(tx)
        known = pacticipants.by_ids(tx, {id_ for pair in pairs for id_ in pair})
    bodies: list[Json] = [
        {
            "consumer": {"name": known[consumer].name},
            "provider": {"name": known[provider].name},
            "_links": {
                "pb:matrix": link(call.urls.matrix_of_pair(known[consumer].name, known[provider].name), title="Matrix")
            },
        }
        for consumer, provider in pairs
    ]
    bodies.sort(key=lambda body: (body["consumer"]["name"], body["provider"]["name"]))
    return Reply(
        {
            "_embedded": {"integrations": bodies},
            "_links": {"self": link(call.urls.at("/integrations"), title="Integrations")},
        }
    )


def heartbeat(call: Call) -> Reply:
    """Healthy means that the database answers."""
    with call.database.read() as tx:
        tx.exec_driver_sql("SELECT 1")
    own = call.urls.at("/diagnostic/status/heartbeat")
    return Reply({"ok": True, "_links": {"self": link(own)}}, media_type=JSON)


ROUTES: tuple[Route, ...] = (
    ("GET", "/", index),
    ("GET", "/integrations", integrations),
    ("GET", "/diagnostic/status/heartbeat", heartbeat),
)
