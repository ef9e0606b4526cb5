"""What happens to contracts, and which webhooks are to be called for it.

Calls are noted down in the transaction of what they report: either both are there after a crash, or neither.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from attrs import frozen
from sqlalchemy import Connection

from broker.changes import Change
from broker.hal.urls import Urls
from broker.model import Pact, Verification, Webhook
from broker.query import Metadata
from broker.store import branching, contracts, verifications, webhook_deliveries, webhooks
from broker.webhooks import definition
from broker.webhooks.parameters import Subject, values_for

UrlsFor = Callable[[Webhook], Urls]


@frozen
class Detected:
    """An event, why it happened where that is not plain, and the webhooks that will be called."""

    name: str
    reason: str | None
    triggered: tuple[Webhook, ...]


def pact_published(tx: Connection, pact: Pact, change: Change | None, urls: UrlsFor, now: int) -> list[Detected]:
    """`change` is None when the version had this very pact already."""
    events: list[tuple[str, str | None]] = [(definition.CONTRACT_PUBLISHED, None)]
    owing = webhooks.owing(tx, pact.provider_id, pact.content_id)
    if owing:
        owed = ", ".join(f"{number} ({' and '.join(reasons)})" for (_, number), reasons in owing.items())
        events.append((definition.REQUIRING_VERIFICATION, f"by {owed}"))
    if change is not None and change.changed:
        events.append((definition.CONTENT_CHANGED, change.reason))
    detected = _triggered(tx, pact, events)
    if any(one.triggered for one in detected):
        by_main = _main_branch_success(tx, pact)
        known = _subject(pact, verifications.find(tx, pact.content_id), by_main)
        asked = [Subject(pact, None, id_, number, tuple(why), by_main) for (id_, number), why in owing.items()]
        for one in detected:
            _note(tx, one, asked if one.name == definition.REQUIRING_VERIFICATION else [known], urls, now)
    return detected


def verification_published(
    tx: Connection, pact: Pact, result: Verification, metadata: Metadata, urls: UrlsFor, now: int
) -> list[Detected]:
    """Once for each consumer version that the verifier was given the content for."""
    outcome = definition.VERIFICATION_SUCCEEDED if result.success else definition.VERIFICATION_FAILED
    detected = _triggered(tx, pact, [(definition.VERIFICATION_PUBLISHED, None), (outcome, None)])
    if any(one.triggered for one in detected):
        by_main = _main_branch_success(tx, pact)
        subjects = [_subject(one, result, by_main) for one in _attributed(tx, pact, metadata)]
        for one in detected:
            _note(tx, one, subjects, urls, now)
    return detected


def _triggered(tx: Connection, pact: Pact, events: Sequence[tuple[str, str | None]]) -> list[Detected]:
    meant = webhooks.applying(tx, consumer_id=pact.consumer_id, provider_id=pact.provider_id)
    return [
        Detected(name, reason, tuple(one for one in meant if one.enabled and name in one.events))
        for name, reason in events
    ]


def _note(tx: Connection, event: Detected, subjects: Sequence[Subject], urls: UrlsFor, now: int) -> None:
    for subject in subjects if event.triggered else ():
        addresses = {one.id: urls(one) for one in event.triggered}
        values = {own: values_for(tx, event.name, subject, own) for own in set(addresses.values())}
        rows = [
            {
                "uuid": secrets.token_urlsafe(16),
                "webhook_id": one.id,
                "event": event.name,
                "consumer_id": subject.pact.consumer_id,
                "provider_id": subject.pact.provider_id,
                "values": values[addresses[one.id]],
            }
            for one in event.triggered
        ]
        webhook_deliveries.add(tx, rows, now)


def _main_branch_success(tx: Connection, pact: Pact) -> bool | None:
    head = branching.branch_heads(tx, [pact.provider_id], None).get(pact.provider_id)
    results = verifications.latest(tx, [pact.content_id], [head]) if head is not None else []
    return results[-1].success if results else None


def _subject(pact: Pact, result: Verification | None, by_main: bool | None) -> Subject:
    if result is None:
        return Subject(pact, main_branch_success=by_main)
    return Subject(pact, result, result.provider_version_id, result.provider_number, main_branch_success=by_main)


def _attributed(tx: Connection, pact: Pact, metadata: Metadata) -> Sequence[Pact]:
    named = contracts.pacts_of_versions(tx, metadata.consumer_version_ids, [pact.provider_id])
    return [one for one in named if one.content_id == pact.content_id] or [pact]
