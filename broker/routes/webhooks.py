"""Webhooks: definitions, trying them out, and the log of their deliveries."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from attrs import evolve
from sqlalchemy import Connection

from broker import paging, registry
from broker.call import NO_CONTENT, Call, Reply, Route, created
from broker.errors import InvalidError
from broker.hal import webhooks as hal
from broker.hal.values import Json, link
from broker.model import Delivery, Webhook, WebhookRequest
from broker.routes.verification_results import find_result
from broker.store import contracts, pacticipants, webhook_deliveries, webhooks
from broker.webhooks import trial
from broker.webhooks.definition import Definition, checked_uuid, definition
from broker.webhooks.destinations import Policy, policy

_RECENT = 1000  # of one integration: what is older has left the logs of those who would look
_TEXT = "text/plain;charset=utf-8"


def every(call: Call) -> Reply:
    with call.database.read() as tx:
        found = webhooks.every(tx)
    return Reply(hal.webhooks(found, call.urls.at("/webhooks"), "Webhooks", call.urls))


def of_pacticipants(call: Call) -> Reply:
    """Those that would be called for a pact of the consumer, the provider or both that the path names."""
    with call.database.read() as tx:
        sides = _sides(tx, call)
        found = webhooks.applying(tx, **sides)
    heading = "Webhooks for " + " and ".join(
        f"{role} {call.params[role]}" for role in ("consumer", "provider") if role in call.params
    )
    return Reply(hal.webhooks(found, call.urls.at(call.path), heading, call.urls))


def create(call: Call) -> Reply:
    return _created(call, secrets.token_urlsafe(16))


def _created(call: Call, uuid: str) -> Reply:
    read = definition(call.json(), _policy(call), None)
    with call.database.write() as tx:
        values = _values(tx, read, call) | _sides(tx, call)
        webhooks.create(tx, uuid, call.now, values)
        body = hal.webhook(registry.webhook(tx, uuid), call.urls)
    return created(body, call.urls.webhook(uuid))


def show(call: Call) -> Reply:
    with call.database.read() as tx:
        found = registry.webhook(tx, call.params["uuid"])
    return Reply(hal.webhook(found, call.urls))


def put(call: Call) -> Reply:
    """Creates it under a UUID of the client's own, or replaces the definition."""
    uuid = checked_uuid(call.params["uuid"])
    with call.database.write() as tx:
        found = webhooks.find(tx, uuid)
        read = definition(call.json(), _policy(call), found.request if found else None)
        values = _values(tx, read, call)
        (webhooks.change if found else webhooks.create)(tx, uuid, call.now, values)
        body = hal.webhook(registry.webhook(tx, uuid), call.urls)
    return Reply(body) if found else created(body, call.urls.webhook(uuid))


def remove(call: Call) -> Reply:
    """Its deliveries go too; those that wait are not made any more."""
    with call.database.write() as tx:
        webhooks.remove(tx, registry.webhook(tx, call.params["uuid"]).uuid)
    return NO_CONTENT


def execute(call: Call) -> Reply:
    """Calls the webhook now, once, for the latest pact or result that it is meant for. 200 either way."""
    with call.database.read() as tx:
        found = registry.webhook(tx, call.params["uuid"])
        values = trial.values_of(tx, trial.scope_of(found), call.urls)
    return _tried(call, found.request, values, found.uuid)


def execute_unsaved(call: Call) -> Reply:
    """The same for a definition that is not stored."""
    read = definition(call.json(), _policy(call), None)
    with call.database.read() as tx:
        columns = _values(tx, read, call)
        scope = trial.Scope(columns["consumer_id"], read.consumer_label, columns["provider_id"], read.provider_label)
        values = trial.values_of(tx, scope, call.urls)
    return _tried(call, read.request, values, None)


def _tried(call: Call, request: WebhookRequest, values: dict[str, str], uuid: str | None) -> Reply:
    shown, log, success = trial.run(request, values, _policy(call), call.config.webhooks.timeout)
    return Reply(hal.execution(shown, log, success=success, uuid=uuid, urls=call.urls))


def deliveries(call: Call) -> Reply:
    """The latest first, in pages."""
    page = paging.asked_or_first(call.query)
    with call.database.read() as tx:
        hook = registry.webhook(tx, call.params["uuid"])
        total = webhook_deliveries.count(tx, hook.id)
        found = webhook_deliveries.listed(tx, hook.id, limit=page.size, offset=page.offset)
    own = f"{call.urls.webhook(hook.uuid)}/deliveries"
    return Reply(
        {
            "_embedded": {"deliveries": [_delivery(one, hook, call) for one in found]},
            "page": paging.body(page, total),
            "_links": {
                "self": link(own, title=f"Deliveries of {hal.title(hook)}"),
                "pb:webhook": link(call.urls.webhook(hook.uuid), title=hal.title(hook)),
                **paging.links(page, total, own, call.query),
            },
        }
    )


def delivery(call: Call) -> Reply:
    with call.database.read() as tx:
        found, hook = registry.delivery(tx, call.params["uuid"])
        attempts = webhook_deliveries.attempts(tx, found.id)
    body = _delivery(found, hook, call)
    body["_embedded"]["attempts"] = [hal.attempt(one) for one in attempts]
    return Reply(body)


def logs(call: Call) -> Reply:
    with call.database.read() as tx:
        found, _ = registry.delivery(tx, call.params["uuid"])
        attempts = webhook_deliveries.attempts(tx, found.id)
    text = "\n".join(one.log for one in attempts) or "There has been no attempt yet.\n"
    return Reply(text.encode(), media_type=_TEXT)


def status(call: Call) -> Reply:
    with call.database.read() as tx:
        consumer = registry.pacticipant(tx, call.params["consumer"])
        provider = registry.provider(tx, call.params["provider"])
        found = webhook_deliveries.latest_of_pair(tx, consumer.id, provider.id)
        hooks = webhooks.by_ids(tx, {one.webhook_id for one in found})
        latest = next(iter(contracts.pacts_between(tx, consumer.id, provider.id, limit=1)), None)
    bodies = [_delivery(one, hooks[one.webhook_id], call) for one in found]
    own, pact = call.urls.at(call.path), call.urls.pact(latest) if latest else None
    return Reply(hal.status(bodies, consumer.name, provider.name, pact, own, call.urls))


def triggered_by_pact(call: Call) -> Reply:
    """The calls that a version's pact set in motion, the latest first."""
    number = call.params["version"]

    def belongs(one: Delivery) -> bool:
        return one.event.startswith("contract_") and one.values["consumerVersionNumber"] == number

    return _triggered(call, belongs)


def triggered_by_result(call: Call) -> Reply:
    """The calls that a verification result set in motion, the latest first."""
    with call.database.read() as tx:
        pact, result = find_result(tx, call)
    ending = f"/pact-version/{pact.sha}/verification-results/{result.id}"

    def belongs(one: Delivery) -> bool:
        return one.event.startswith("provider_") and one.values["verificationResultUrl"].endswith(ending)

    return _triggered(call, belongs)


def _triggered(call: Call, belongs: Callable[[Delivery], bool]) -> Reply:
    with call.database.read() as tx:
        consumer = registry.pacticipant(tx, call.params["consumer"])
        provider = registry.provider(tx, call.params["provider"])
        recent = webhook_deliveries.recent_of_pair(tx, consumer.id, provider.id, limit=_RECENT)
        found = [one for one in recent if belongs(one)]
        hooks = webhooks.by_ids(tx, {one.webhook_id for one in found})
    bodies = [_delivery(one, hooks[one.webhook_id], call) for one in found]
    own = link(call.urls.at(call.path), title="Triggered webhooks")
    return Reply({"_embedded": {"triggeredWebhooks": bodies}, "_links": {"self": own}})


def _delivery(of: Delivery, hook: Webhook, call: Call) -> Json:
    over = of.status not in ("waiting", "retrying")
    remaining = 0 if over else max(0, len(call.config.webhooks.retry) + 1 - of.attempts)
    return hal.delivery(of, hook, remaining, call.urls)


def _policy(call: Call) -> Policy:
    config = call.config.webhooks
    return policy(config.schemes, config.methods, config.allow)


def _sides(tx: Connection, call: Call) -> dict[str, Any]:
    """Who the path names, as columns; raises NotFoundError."""
    return {
        f"{role}_id": registry.pacticipant(tx, call.params[role]).id
        for role in ("consumer", "provider")
        if role in call.params
    }


def _values(tx: Connection, read: Definition, call: Call) -> dict[str, Any]:
    """The columns of a definition; raises InvalidError when it names an unknown pacticipant."""
    known = pacticipants.named(tx, {name for name in (read.consumer, read.provider) if name is not None})
    missing = {
        f"{role}.name": [f"there is no pacticipant '{name}'"]
        for role, name in (("consumer", read.consumer), ("provider", read.provider))
        if name is not None and name not in known
    }
    if missing:
        raise InvalidError(missing)
    return {
        "description": read.description,
        "consumer_id": known[read.consumer].id if read.consumer else None,
        "consumer_label": read.consumer_label,
        "provider_id": known[read.provider].id if read.provider else None,
        "provider_label": read.provider_label,
        "events": read.events,
        "request": evolve(read.request, base=call.urls.base),
        "enabled": read.enabled,
    }


_PAIR = "/webhooks/provider/{provider}/consumer/{consumer}"
_PACTS = "/pacts/provider/{provider}/consumer/{consumer}"
_PACT = f"{_PACTS}/webhooks"
_ONE = "/webhooks/{uuid}"
_DELIVERY = "/triggered-webhooks/{uuid}"
ROUTES: tuple[Route, ...] = (
    ("GET", "/webhooks", every),
    ("POST", "/webhooks", create),
    ("POST", "/webhooks/execute", execute_unsaved),
    ("GET", _ONE, show),
    ("PUT", _ONE, put),
    ("DELETE", _ONE, remove),
    ("POST", f"{_ONE}/execute", execute),
    ("GET", f"{_ONE}/deliveries", deliveries),
    *(
        (method, path, handler)
        for path in (_PAIR, "/webhooks/provider/{provider}", "/webhooks/consumer/{consumer}", _PACT)
        for method, handler in (("GET", of_pacticipants), ("POST", create))
    ),
    ("GET", f"{_PACT}/status", status),
    ("GET", f"{_PACTS}/version/{{version}}/triggered-webhooks", triggered_by_pact),
    ("GET", f"{_PACTS}/pact-version/{{sha}}/verification-results/{{number}}/triggered-webhooks", triggered_by_result),
    ("GET", _DELIVERY, delivery),
    ("GET", f"{_DELIVERY}/logs", logs),
)
