"""Environments."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import orjson

from broker import registry
from broker.call import NO_CONTENT, Call, Fields, Reply, Route, created
from broker.errors import InvalidError
from broker.hal import places as hal
from broker.store import environments

_ONE = "/environments/{environment}"


def listed(call: Call) -> Reply:
    with call.database.read() as tx:
        every = environments.every(tx)
    return Reply(hal.environments(every, call.urls))


def show(call: Call) -> Reply:
    with call.database.read() as tx:
        found = registry.environment(tx, call.params["environment"])
    return Reply(hal.environment(found, call.urls))


def create(call: Call) -> Reply:
    return _put(call, str(uuid4()))


def change(call: Call) -> Reply:
    """Replaces the environment; with an unused UUID it creates one, so that a script can be run twice."""
    return _put(call, _checked_uuid(call.params["environment"]))


def _put(call: Call, uuid: str) -> Reply:
    values = _values(call.json())
    with call.database.write() as tx:
        other = environments.named(tx, values["name"])
        if other is not None and other.uuid != uuid:
            raise InvalidError({"name": [f"'{other.name}' is already used by an existing environment"]})
        known = environments.find(tx, uuid) is not None
        if known:
            environments.change(tx, uuid, call.now, values)
        else:
            environments.create(tx, uuid, call.now, values)
        body = hal.environment(registry.environment(tx, uuid), call.urls)
    return Reply(body) if known else created(body, call.urls.environment(uuid))


def _values(body: dict[str, Any]) -> dict[str, Any]:
    fields = Fields(body)
    name = fields.name("name")
    display_name = fields.text("displayName")
    production = fields.flag("production", required=True)
    contacts = fields.objects("contacts") if body.get("contacts") is not None else None
    fields.check()
    return {
        "name": name,
        "display_name": display_name or registry.display_name(name),
        "production": bool(production),
        "contacts": orjson.dumps(contacts).decode() if contacts else None,
    }


def _checked_uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise InvalidError({"uuid": ["the environment in the path must be a UUID"]}) from None


def remove(call: Call) -> Reply:
    with call.database.write() as tx:
        environments.remove(tx, registry.environment(tx, call.params["environment"]).uuid)
    return NO_CONTENT


ROUTES: tuple[Route, ...] = (
    ("GET", "/environments", listed),
    ("POST", "/environments", create),
    ("GET", _ONE, show),
    ("PUT", _ONE, change),
    ("DELETE", _ONE, remove),
)
