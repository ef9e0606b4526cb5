"""Trying a webhook out: one call right now, for the latest pact or result that it is meant for."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen
from sqlalchemy import Connection

from broker.hal.urls import Urls
from broker.hal.values import Json
from broker.model import Webhook, WebhookRequest
from broker.store import contracts, labels, verifications
from broker.webhooks import transcript
from broker.webhooks.deliverer import execute
from broker.webhooks.destinations import Policy
from broker.webhooks.parameters import Subject, placeholder_values, values_for
from broker.webhooks.sending import Sender

_EVENT = "test"


@frozen
class Scope:
    """Which pacts a webhook is meant for; None on a side means any."""

    consumer_id: int | None
    consumer_label: str | None
    provider_id: int | None
    provider_label: str | None


def scope_of(webhook: Webhook) -> Scope:
    return Scope(webhook.consumer_id, webhook.consumer_label, webhook.provider_id, webhook.provider_label)


def values_of(tx: Connection, scope: Scope, urls: Urls) -> dict[str, str]:
    """Of the pact with the newest result, else of the newest pact; placeholders when there is no pact at all."""
    meant = [
        pact
        for pact in contracts.latest_pacts(tx, provider_id=scope.provider_id)
        if scope.consumer_id in (None, pact.consumer_id)
        and _labelled(tx, pact.consumer_id, scope.consumer_label)
        and _labelled(tx, pact.provider_id, scope.provider_label)
    ]
    if not meant:
        return placeholder_values(urls)
    results = verifications.newest(tx, {pact.content_id for pact in meant})
    ages = {pact.id: results[pact.content_id].id if pact.content_id in results else 0 for pact in meant}
    chosen = max(meant, key=lambda pact: (ages[pact.id], pact.id))
    result = results.get(chosen.content_id)
    if result is None:
        return values_for(tx, _EVENT, Subject(chosen), urls)
    subject = Subject(chosen, result, result.provider_version_id, result.provider_number)
    return values_for(tx, _EVENT, subject, urls)


def _labelled(tx: Connection, pacticipant_id: int, label: str | None) -> bool:
    return label is None or labels.find(tx, pacticipant_id, label) is not None


def run(request: WebhookRequest, values: Mapping[str, str], policy: Policy, timeout: float) -> tuple[Json, str, bool]:
    """(request and response or error, log, whether the answer was a success), without secrets."""
    done = execute(Sender(policy, timeout), request, values)
    return transcript.result(done.exchange, done.secrets), done.log, done.exchange.success
