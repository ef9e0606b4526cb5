"""The environments, with what is deployed to or released in each, and since when."""

from __future__ import annotations

import orjson
from sqlalchemy import Connection

from broker import registry
from broker.call import Call, Reply, Route
from broker.model import Environment, Presence
from broker.pages.render import page
from broker.store import environments


def listed(call: Call) -> Reply:
    with call.database.read() as tx:
        every = sorted(environments.every(tx), key=lambda place: (place.production, place.name))
        found = [(place, _inside(tx, place), _contacts(place)) for place in every]
    return page(call, "environments.html", found=found, one=False)


def show(call: Call) -> Reply:
    with call.database.read() as tx:
        place = registry.environment(tx, call.params["uuid"])
        found = [(place, _inside(tx, place), _contacts(place))]
    return page(call, "environments.html", found=found, one=True)


def _inside(tx: Connection, place: Environment) -> list[tuple[Presence, str]]:
    """Everything there with "deployed" or "released", by pacticipant."""
    found = [(of, "deployed") for of in environments.DEPLOYMENTS.now(tx, environment_id=place.id)]
    found += [(of, "released") for of in environments.RELEASES.now(tx, environment_id=place.id)]
    return sorted(found, key=lambda pair: (pair[0].pacticipant.lower(), pair[0].version_id))


def _contacts(place: Environment) -> list[str]:
    """Each contact as a text: its name, and whatever details were given."""
    loaded = orjson.loads(place.contacts) if place.contacts else []
    found = []
    for contact in loaded if isinstance(loaded, list) else []:
        if isinstance(contact, dict):
            details = contact.get("details")
            values = list(details.values()) if isinstance(details, dict) else []
            found.append(", ".join(str(part) for part in (contact.get("name"), *values) if part))
    return found


ROUTES: tuple[Route, ...] = (("GET", "/environments", listed), ("GET", "/environments/{uuid}", show))
