"""How integrations stand: verified, failed, changed since, compared, or not verified at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen
from sqlalchemy import Connection

from broker.model import Comparison, Pact, Verification
from broker.store import overview, provider_contracts, verifications


@frozen
class Standing:
    """One pact and the best that is known of it; `document_version` is the provider version it was compared with.

    A result of the very content counts before a comparison with the provider's latest document, and both before
    a result of an earlier content, which only tells that the pact was verified once.
    """

    pact: Pact
    result: Verification | None
    comparison: Comparison | None = None
    document_version: str | None = None
    verified_before: bool = False

    @property
    def kind(self) -> str:
        """A key of `render.STATUSES`."""
        if self.result is not None:
            return "verified" if self.result.success else "failed"
        if self.comparison is not None and self.comparison.outcome is not None:
            return "compared" if self.comparison.outcome else "compared-failed"
        return "changed" if self.verified_before else "unverified"


def standings(tx: Connection, pacts: Sequence[Pact]) -> list[Standing]:
    """In the order of the pacts."""
    content_ids = {pact.content_id for pact in pacts}
    results = verifications.newest(tx, content_ids)
    before = overview.ever_verified(
        tx, {(pact.consumer_id, pact.provider_id) for pact in pacts if pact.content_id not in results}
    )
    documents = overview.latest_documents(tx, {pact.provider_id for pact in pacts})
    compared = provider_contracts.compared(tx, content_ids, {document_id for document_id, _ in documents.values()})
    return [_standing(pact, results.get(pact.content_id), before, documents, compared) for pact in pacts]


def _standing(
    pact: Pact,
    result: Verification | None,
    before: Mapping[tuple[int, int], int],
    documents: Mapping[int, tuple[int, str]],
    compared: Mapping[tuple[int, int], Comparison],
) -> Standing:
    document_id, number = documents.get(pact.provider_id, (0, None))
    comparison = compared.get((pact.content_id, document_id))
    return Standing(
        pact,
        result,
        comparison,
        number if comparison else None,
        verified_before=(pact.consumer_id, pact.provider_id) in before,
    )
