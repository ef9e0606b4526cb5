"""Webhooks, their deliveries, and what trying one out showed. No secret is in any of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from broker.hal.urls import Urls
from broker.hal.values import Json, curies, instant, link
from broker.model import Attempt, Delivery, Webhook
from broker.webhooks.events import Detected
from broker.webhooks.secrecy import masked

_RUN = "Try the webhook with the latest pact or verification result that it is meant for, by a POST to this URL"


def webhook(of: Webhook, urls: Urls) -> Json:
    body: Json = {"uuid": of.uuid, "description": title(of)}
    body |= _side("consumer", of.consumer, of.consumer_label) | _side("provider", of.provider, of.provider_label)
    body["enabled"] = of.enabled
    body["request"] = _request(of)
    body["events"] = [{"name": name} for name in of.events]
    body["createdAt"] = instant(of.created_at)
    if of.updated_at != of.created_at:
        body["updatedAt"] = instant(of.updated_at)
    own = urls.webhook(of.uuid)
    links: Json = {
        "self": link(own, title=title(of)),
        "pb:execute": link(f"{own}/execute", title=_RUN),
        "pb:deliveries": link(f"{own}/deliveries", title="Deliveries of this webhook"),
    }
    for role, name in (("consumer", of.consumer), ("provider", of.provider)):
        if name is not None:
            links[f"pb:{role}"] = link(urls.pacticipant(name), title=role.capitalize(), name=name)
    if of.consumer is not None and of.provider is not None:
        links["pb:pact-webhooks"] = _pair_link(of.consumer, of.provider, urls)
    links["pb:webhooks"] = link(urls.at("/webhooks"), title="All webhooks")
    body["_links"] = links
    return body


def title(of: Webhook) -> str:
    """Its description, or what it does: "POST hooks.example"."""
    return of.description or request_title(of)


def request_title(of: Webhook) -> str:
    return f"{of.request.method} {urlsplit(of.request.url).hostname}"


def webhooks(found: Sequence[Webhook], own: str, heading: str, urls: Urls) -> Json:
    return {
        "_links": {
            "self": link(own, title=heading),
            "pb:webhooks": [link(urls.webhook(of.uuid), title=title(of), name=request_title(of)) for of in found],
            "curies": curies(urls.base, "webhooks"),
        }
    }


def delivery(of: Delivery, hook: Webhook, remaining: int, urls: Urls) -> Json:
    """`remaining`: how many attempts may still be made."""
    own, name = urls.triggered_webhook(of.uuid), request_title(hook)
    return {
        "uuid": of.uuid,
        "name": name,
        "status": of.status,
        "attemptsMade": of.attempts,
        "attemptsRemaining": remaining,
        "triggerType": "resource_creation",
        "eventName": of.event,
        "triggeredAt": instant(of.created_at),
        "_embedded": {
            "consumer": {"name": of.values["consumerName"], "version": of.values["consumerVersionNumber"]},
            "provider": {"name": of.values["providerName"], "version": of.values["providerVersionNumber"] or None},
        },
        "_links": {
            "self": link(own, title="Delivery"),
            "pb:logs": link(f"{own}/logs", title="Log of all attempts", name=name),
            "pb:webhook": link(urls.webhook(hook.uuid), title="Webhook", name=title(hook)),
        },
    }


def attempt(of: Attempt) -> Json:
    return {"success": of.success, "status": of.status, "attemptedAt": instant(of.created_at)}


def status(
    deliveries: Sequence[Json], consumer: str, provider: str, latest_pact: str | None, own: str, urls: Urls
) -> Json:
    """How the last calls for one integration went."""
    states = [one["status"] for one in deliveries]
    counts = {"successful": "success", "failed": "failure", "retrying": "retrying", "notRun": "waiting"}
    failed = [one for one in deliveries if one["status"] in ("failure", "retrying")]
    links: Json = {
        "self": link(own, title="Webhooks status"),
        "pb:error-logs": [one["_links"]["pb:logs"] for one in failed],
        "pb:pact-webhooks": _pair_link(consumer, provider, urls),
        "pb:consumer": link(urls.pacticipant(consumer), title="Consumer", name=consumer),
        "pb:provider": link(urls.pacticipant(provider), title="Provider", name=provider),
    }
    if latest_pact is not None:
        links["pb:pact-version"] = link(latest_pact, title="Pact")
    return {
        "summary": {name: states.count(state) for name, state in counts.items()},
        "_embedded": {"triggeredWebhooks": list(deliveries)},
        "_links": links,
    }


def execution(shown: Mapping[str, Any], log: str, *, success: bool, uuid: str | None, urls: Urls) -> Json:
    """`shown`: request, and response or error; `uuid` None when the webhook was not saved."""
    links: Json = {"try-again": link(urls.at("/webhooks/execute"), title="Try the webhook again")}
    if uuid is not None:
        own = urls.webhook(uuid)
        links = {"webhook": link(own), "try-again": link(f"{own}/execute", title="Try the webhook again")}
    return {**shown, "logs": log, "success": success, "_links": links}


def event_notices(detected: Sequence[Detected], urls: Urls) -> list[tuple[str, str]]:
    """What a publication set in motion, as (type, text)."""
    names = ", ".join(f"{one.name} ({one.reason})" if one.reason else one.name for one in detected)
    said = [("debug", f"  Events detected: {names}")]
    for one in detected:
        said += [
            ("debug", f"  Webhook '{title(hook)}' runs for {one.name}: {urls.webhook(hook.uuid)}/deliveries")
            for hook in one.triggered
        ]
    return said


def _side(role: str, name: str | None, label: str | None) -> Json:
    if name is not None:
        return {role: {"name": name}}
    return {} if label is None else {role: {"label": label}}


def _request(of: Webhook) -> Json:
    shown = masked(of.request)
    body: Json = {"method": shown.method, "url": shown.url}
    if shown.headers:
        body["headers"] = dict(shown.headers)
    for name, value in (("username", shown.username), ("password", shown.password), ("body", shown.body)):
        if value is not None:
            body[name] = value
    return body


def _pair_link(consumer: str, provider: str, urls: Urls) -> Json:
    heading = f"All webhooks for consumer {consumer} and provider {provider}"
    return link(urls.webhooks_of_pair(consumer, provider), title=heading)
