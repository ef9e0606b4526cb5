"""Whether the broker is well, and what it is doing: for load balancers and for Prometheus."""

from __future__ import annotations

import logging

from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from broker.call import JSON, Call, Reply, Route
from broker.hal.values import link
from broker.store.census import deliveries, totals
from broker.store.migrate import HEAD, revision
from broker.store.schema import schema_info

_LOG = logging.getLogger("broker.operations")


def heartbeat(call: Call) -> Reply:
    """The process answers. What it stands on is another question: restarting it would not mend a database."""
    own = call.urls.at("/diagnostic/status/heartbeat")
    return Reply({"ok": True, "_links": {"self": link(own)}}, media_type=JSON)


def dependencies(call: Call) -> Reply:
    """Whether the database can be written, and has the tables that this broker works with."""
    own = call.urls.at("/diagnostic/status/dependencies")
    try:
        with call.database.write() as tx:
            attempt = tx.begin_nested()
            tx.execute(update(schema_info).values(version=schema_info.c.version))
            attempt.rollback()
            found = revision(tx)
    except SQLAlchemyError:
        _LOG.exception("the database cannot be written")
        found, said = None, "The database cannot be written; the log tells why"
    else:
        said = f"The database is at revision {found}, this broker works with {HEAD}"
    database = {"ok": found == HEAD} | ({} if found == HEAD else {"message": said})
    body = {"ok": found == HEAD, "database": database, "_links": {"self": link(own)}}
    return Reply(body, 200 if found == HEAD else 503, media_type=JSON)


def metrics(call: Call) -> Reply:
    with call.database.read() as tx:
        text = call.metrics.exposition(totals(tx), deliveries(tx))
    return Reply(text, media_type=CONTENT_TYPE_LATEST)


ROUTES: tuple[Route, ...] = (
    ("GET", "/diagnostic/status/heartbeat", heartbeat),
    ("GET", "/diagnostic/status/dependencies", dependencies),
    ("GET", "/metrics", metrics),
)
