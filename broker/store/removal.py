"""Removing, with all that hangs on what is removed.

The foreign keys cascade downwards: a content takes its results and comparisons along, a version its tags,
places on branches, deployments and releases. What is here is the other direction, which no key can express:
a content goes with its last publication, an integration with its last pact, a document with its last contract.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, delete, exists, select

from broker.model import Pact
from broker.store.schema import (
    contents,
    integrations,
    pacts,
    provider_contracts,
    provider_documents,
    versions,
    webhook_deliveries,
    webhooks,
)

_BATCH = 500  # databases bound the number of parameters of one statement


def remove_pacts(tx: Connection, found: Collection[Pact]) -> None:
    for ids in _batches({pact.id for pact in found}):
        tx.execute(delete(pacts).where(pacts.c.id.in_(ids)))
    for ids in _batches({pact.content_id for pact in found}):
        unpublished = ~exists().where(pacts.c.content_id == contents.c.id)
        tx.execute(delete(contents).where(contents.c.id.in_(ids), unpublished))
    for consumer, provider in {(pact.consumer_id, pact.provider_id) for pact in found}:
        left = exists().where(pacts.c.provider_id == provider, pacts.c.consumer_id == consumer)
        if not tx.execute(select(left)).scalar():
            _remove_pair(tx, consumer, provider)


def _remove_pair(tx: Connection, consumer_id: int, provider_id: int) -> None:
    for table in (integrations, webhook_deliveries):
        tx.execute(delete(table).where(table.c.consumer_id == consumer_id, table.c.provider_id == provider_id))


def remove_versions(tx: Connection, version_ids: Collection[int], its_pacts: Collection[Pact]) -> None:
    """`its_pacts` are the pacts of these versions as consumers."""
    remove_pacts(tx, its_pacts)
    for ids in _batches(version_ids):
        published = provider_contracts.c.version_id.in_(ids)
        documents = list(tx.execute(select(provider_contracts.c.document_id).where(published)).scalars())
        tx.execute(delete(versions).where(versions.c.id.in_(ids)))
        unpublished = ~exists().where(provider_contracts.c.document_id == provider_documents.c.id)
        tx.execute(delete(provider_documents).where(provider_documents.c.id.in_(documents), unpublished))


def remove_integration(tx: Connection, consumer_id: int, provider_id: int) -> None:
    """Its pacts, contents, results, comparisons, webhooks and deliveries go; pacticipants and versions stay."""
    for table in (pacts, contents, webhooks):
        tx.execute(delete(table).where(table.c.consumer_id == consumer_id, table.c.provider_id == provider_id))
    _remove_pair(tx, consumer_id, provider_id)


def _batches(ids: Collection[int]) -> Iterator[list[int]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), _BATCH):
        yield ordered[start : start + _BATCH]
