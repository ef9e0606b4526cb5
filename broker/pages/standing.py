"""How integrations stand: verified, failed, changed since, compared, or not verified at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from attrs import frozen
from sqlalchemy import Connection

from broker.model import Comparison, Pact, ProviderContract, Verification
from broker.store import overview, provider_contracts, verifications


@frozen
class Standing:
    """One pact, its latest result, and how it compares with the latest contract that the provider published.

    As in the matrix, neither of the two makes up for the failure of the other. `verified_before` tells that an
    earlier content of the integration has a result.
    """

    pact: Pact
    result: Verification | None
    contract: ProviderContract | None = None
    comparison: Comparison | None = None
    verified_before: bool = False

    @cached_property
    def kind(self) -> str:
        """A key of `pieces.STATUSES`."""
        return kind_of(self.result, self.contract, self.comparison) or (
            "changed" if self.verified_before else "unverified"
        )


def kind_of(
    result: Verification | None, contract: ProviderContract | None, comparison: Comparison | None
) -> str | None:
    """What an executed result and a comparison come to together; None when there is neither."""
    if result is not None and not result.success:
        return "failed"
    outcome = comparison.outcome if comparison is not None and contract is not None else None
    if outcome is not None and contract is not None and not (outcome and contract.self_verified is not False):
        return "compared-failed"
    if result is not None:
        return "verified"
    return None if outcome is None else "compared"


def standings(tx: Connection, pacts: Sequence[Pact]) -> list[Standing]:
    """In the order of the pacts."""
    content_ids = {pact.content_id for pact in pacts}
    results = verifications.newest(tx, content_ids)
    before = overview.ever_verified(
        tx, {(pact.consumer_id, pact.provider_id) for pact in pacts if pact.content_id not in results}
    )
    latest = overview.latest_contract_versions(tx, {pact.provider_id for pact in pacts})
    published = {one.provider_id: one for one in provider_contracts.of_versions(tx, latest).values()}
    compared = provider_contracts.compared(tx, content_ids, {one.document_id for one in published.values()})
    return [_standing(pact, results.get(pact.content_id), before, published, compared) for pact in pacts]


def _standing(
    pact: Pact,
    result: Verification | None,
    before: Mapping[tuple[int, int], int],
    published: Mapping[int, ProviderContract],
    compared: Mapping[tuple[int, int], Comparison],
) -> Standing:
    contract = published.get(pact.provider_id)
    comparison = compared.get((pact.content_id, contract.document_id)) if contract else None
    return Standing(pact, result, contract, comparison, verified_before=(pact.consumer_id, pact.provider_id) in before)
