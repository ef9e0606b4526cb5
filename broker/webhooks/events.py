"""What happens to contracts, and which webhooks are to be called for it.

Calls are noted down in the transaction of what they report: either both are there after a crash, or neither.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence

from attrs import frozen
from sqlalchemy import Connection

from broker.hal.urls import Urls
from broker.model import Pact, Verification, Webhook
from broker.query import Metadata
from broker.store import contracts, environments, pacticipants, verifications, webhooks
from broker.webhooks import definition
from broker.webhooks.parameters import Subject, values_for


@frozen
class Detected:
    """An event, why it happened where that is not plain, and the webhooks that will be called."""

    name: str
    reason: str | None
    triggered: tuple[Webhook, ...]


def pact_published(tx: Connection, pact: Pact, urls: Urls, now: int, *, repeated: bool) -> list[Detected]:
    """`repeated`: the version had this very pact already."""
    results = verifications.latest(tx, [pact.content_id])
    main_id = pacticipants.branch_heads(tx, [pact.provider_id], None).get(pact.provider_id)
    by_main = next((one.success for one in results if one.provider_version_id == main_id), None)
    known = _subject(pact, results[-1] if results else None, by_main)
    events: list[tuple[str, str | None, list[Subject]]] = [(definition.CONTRACT_PUBLISHED, None, [known])]
    owing = _owing(tx, pact, results, main_id, by_main)
    if owing:
        events.append((definition.REQUIRING_VERIFICATION, _owed(owing), owing))
    changed = None if repeated else _change(tx, pact)
    if changed is not None:
        events.append((definition.CONTENT_CHANGED, changed, [known]))
    return _emitted(tx, events, urls, now)


def verification_published(
    tx: Connection, pact: Pact, result: Verification, metadata: Metadata, urls: Urls, now: int
) -> list[Detected]:
    """Once for each consumer version that the verifier was given the content for."""
    outcome = definition.VERIFICATION_SUCCEEDED if result.success else definition.VERIFICATION_FAILED
    main_id = pacticipants.branch_heads(tx, [pact.provider_id], None).get(pact.provider_id)
    by_main = next(
        (one.success for one in verifications.latest(tx, [pact.content_id], [main_id] if main_id else [])), None
    )
    subjects = [_subject(one, result, by_main) for one in _attributed(tx, pact, metadata)]
    events = [(name, None, subjects) for name in (definition.VERIFICATION_PUBLISHED, outcome)]
    return _emitted(tx, events, urls, now)


def _subject(pact: Pact, result: Verification | None, by_main: bool | None) -> Subject:
    if result is None:
        return Subject(pact, main_branch_success=by_main)
    return Subject(pact, result, result.provider_version_id, result.provider_number, main_branch_success=by_main)


def _attributed(tx: Connection, pact: Pact, metadata: Metadata) -> Sequence[Pact]:
    named = contracts.pacts_of_versions(tx, metadata.consumer_version_ids, [pact.provider_id])
    return [one for one in named if one.content_id == pact.content_id] or [pact]


def _owing(
    tx: Connection, pact: Pact, results: Iterable[Verification], main_id: int | None, by_main: bool | None
) -> list[Subject]:
    """The provider versions that matter now and have no result for this content: main branch, deployed, released."""
    reasons: dict[int, list[str]] = {}
    if main_id is not None:
        reasons[main_id] = ["latest of the main branch"]
    for _, version_id, environment, how in environments.versions_in(tx, [pact.provider_id], environment_id=None):
        reasons.setdefault(version_id, []).append(f"{how} in {environment}")
    for result in results:
        reasons.pop(result.provider_version_id, None)
    versions = pacticipants.versions_by_ids(tx, reasons) if reasons else {}
    return [Subject(pact, None, id_, versions[id_].number, tuple(reasons[id_]), by_main) for id_ in sorted(reasons)]


def _owed(owing: Sequence[Subject]) -> str:
    return "by " + ", ".join(f"{one.provider_number} ({' and '.join(one.descriptions)})" for one in owing)


def _change(tx: Connection, pact: Pact) -> str | None:
    """Why the content counts as changed, None when it does not.

    It is compared with the previous version on each of its branches and with each of its tags; a version that
    has neither, with the previous one that has no tag. The first of a branch with earlier pacts elsewhere is
    compared with the latest of them.
    """
    branches = pacticipants.on_branches(tx, [pact.version_id]).get(pact.version_id, [])
    tags = pacticipants.tagged(tx, [pact.version_id]).get(pact.version_id, [])
    scopes = [
        ("on branch", one.branch, contracts.previous_on_branch(tx, pact, one.branch) or contracts.previous(tx, pact))
        for one in branches
    ]
    scopes += [("tagged", tag.name, contracts.previous_tagged(tx, pact, tag.name)) for tag in tags]
    reasons = [_difference(pact, previous, f"{how} {name}") for how, name, previous in scopes]
    if not scopes:
        reasons = [_difference(pact, contracts.previous_tagged(tx, pact, None), "without a tag")]
    return next(filter(None, reasons), None)


def _difference(pact: Pact, previous: Pact | None, where: str) -> str | None:
    if previous is None:
        return f"first pact {where}"
    return None if previous.content_id == pact.content_id else f"differs from {previous.number}, the last {where}"


def _emitted(
    tx: Connection, events: Sequence[tuple[str, str | None, list[Subject]]], urls: Urls, now: int
) -> list[Detected]:
    pact = events[0][2][0].pact
    enabled = [
        one for one in webhooks.applying(tx, consumer_id=pact.consumer_id, provider_id=pact.provider_id) if one.enabled
    ]
    detected, rows = [], []
    for name, reason, subjects in events:
        triggered = tuple(one for one in enabled if name in one.events)
        detected.append(Detected(name, reason, triggered))
        for subject in subjects if triggered else ():
            values = values_for(tx, name, subject, urls)
            rows += [
                {
                    "uuid": secrets.token_urlsafe(16),
                    "webhook_id": one.id,
                    "event": name,
                    "consumer_id": pact.consumer_id,
                    "provider_id": pact.provider_id,
                    "values": values,
                }
                for one in triggered
            ]
    webhooks.add_deliveries(tx, rows, now)
    return detected
