"""Webhooks for people: what is called and when, how each call went, and the log of its attempts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from broker import paging, registry
from broker.call import Call, Reply, Route
from broker.hal.webhooks import request_title, title
from broker.model import Delivery, Webhook
from broker.pages.bodies import json_lines
from broker.pages.render import local, page
from broker.store import webhook_deliveries, webhooks
from broker.webhooks.secrecy import masked

_RECENT = 25
_MOST_LISTED = 500

# Event -> what happened; deliveries' states -> status of the pages and the word for it.
EVENTS = {
    "contract_published": "a pact was published",
    "contract_content_changed": "the content of a pact changed",
    "contract_requiring_verification_published": "a pact needs to be verified",
    "provider_verification_published": "a provider verified a pact",
    "provider_verification_succeeded": "a verification succeeded",
    "provider_verification_failed": "a verification failed",
}
_STATES = {
    "waiting": ("waiting", "Waiting"),
    "retrying": ("waiting", "Retrying"),
    "success": ("verified", "Delivered"),
    "failure": ("failed", "Not delivered"),
    "cancelled": ("unverified", "Cancelled"),
}


def every(call: Call) -> Reply:
    with call.database.read() as tx:
        return _list(call, tx, webhooks.every(tx), webhook_deliveries.listed(tx, None, limit=_RECENT), "")


def of_pacticipants(call: Call) -> Reply:
    roles = [role for role in ("consumer", "provider") if role in call.params]
    with call.database.read() as tx:
        sides = {f"{role}_id": registry.pacticipant(tx, call.params[role]).id for role in roles}
        found = webhooks.applying(tx, **sides)
        recent = []
        if len(roles) == 2:
            recent = webhook_deliveries.recent_of_pair(tx, sides["consumer_id"], sides["provider_id"], limit=_RECENT)
        return _list(call, tx, found, recent, " and ".join(f"{role} {call.params[role]}" for role in roles))


def _list(call: Call, tx: Connection, found: Sequence[Webhook], recent: Sequence[Delivery], scope: str) -> Reply:
    last = {hook.id: next(iter(webhook_deliveries.listed(tx, hook.id, limit=1)), None) for hook in found[:_MOST_LISTED]}
    hooks = webhooks.by_ids(tx, {one.webhook_id for one in recent})
    return page(
        call,
        "webhooks.html",
        hooks=found[:_MOST_LISTED],
        left_out=max(0, len(found) - _MOST_LISTED),
        last=last,
        recent=[(one, hooks[one.webhook_id]) for one in recent],
        scope=scope,
        **_words(),
    )


def show(call: Call) -> Reply:
    asked = paging.asked_or_first(call.query)
    with call.database.read() as tx:
        hook = registry.webhook(tx, call.params["uuid"])
        total = webhook_deliveries.count(tx, hook.id)
        found = webhook_deliveries.listed(tx, hook.id, limit=asked.size, offset=asked.offset)
    shown = masked(hook.request)
    return page(
        call,
        "webhook.html",
        hook=hook,
        request=shown,
        body=json_lines(shown.body) if isinstance(shown.body, (dict, list)) else None,
        deliveries=[(one, hook) for one in found],
        total=total,
        pages=paging.links(asked, total, local(call.urls).webhook(hook.uuid), call.query),
        **_words(),
    )


def delivery(call: Call) -> Reply:
    with call.database.read() as tx:
        found, hook = registry.delivery(tx, call.params["uuid"])
        attempts = webhook_deliveries.attempts(tx, found.id)
    return page(call, "delivery.html", of=found, hook=hook, attempts=attempts, **_words())


def _words() -> dict[str, object]:
    return {"events": EVENTS, "states": _STATES, "title": title, "request_title": request_title}


ROUTES: tuple[Route, ...] = (
    ("GET", "/webhooks", every),
    ("GET", "/webhooks/{uuid}", show),
    ("GET", "/webhooks/{uuid}/deliveries", show),
    ("GET", "/webhooks/provider/{provider}/consumer/{consumer}", of_pacticipants),
    ("GET", "/webhooks/provider/{provider}", of_pacticipants),
    ("GET", "/webhooks/consumer/{consumer}", of_pacticipants),
    ("GET", "/pacts/provider/{provider}/consumer/{consumer}/webhooks", of_pacticipants),
    ("GET", "/triggered-webhooks/{uuid}", delivery),
)
