"""Publishing contracts and verification results."""

from __future__ import annotations

from attrs import frozen
from sqlalchemy import Connection

from broker import changes, registry
from broker.changes import Change
from broker.content import PactContent
from broker.errors import ConflictError, InvalidError
from broker.model import Pact, Pacticipant, Verification
from broker.query import Metadata
from broker.store import contracts, verifications


class DifferentContentError(ConflictError):
    """`existing` has another content than the `new` one that was to be published for the same version."""

    def __init__(self, existing: Pact, new: PactContent) -> None:
        super().__init__(
            "contracts",
            f"{existing.consumer} version {existing.number} is already published with a different pact with "
            f"{existing.provider}. A version's pact cannot change, because verification results were, or may be, "
            f"recorded for it: publish under a new version number. If the pact changes from run to run, give every "
            f"matcher a fixed example value.",
        )
        self.existing = existing
        self.new = new


@frozen
class Contract:
    provider: str
    content: PactContent


@frozen
class Submission:
    """What one consumer version publishes at once."""

    pacticipant: str
    number: str
    branch: str | None
    tags: tuple[str, ...]
    build_url: str | None
    contracts: tuple[Contract, ...]


@frozen
class Published:
    """`change` is None when this version had this very content already. `verified` is the latest result that the
    content already had from an earlier version."""

    pact: Pact
    change: Change | None
    verified: Verification | None

    @property
    def repeated(self) -> bool:
        return self.change is None


@frozen
class Outcome:
    created_version: bool
    published: tuple[Published, ...]


def publish(tx: Connection, submission: Submission, now: int) -> Outcome:
    """Records the version, its branch, tags and pacts.

    Raises DifferentContentError when the version has another content already: results that were recorded for it
    would otherwise silently stand for something else. Nothing is recorded then.
    """
    consumer = registry.ensure_pacticipant(tx, submission.pacticipant, now)
    ensured = registry.ensure_version(tx, consumer, submission.number, now, submission.build_url)
    if submission.branch is not None:
        registry.ensure_on_branch(tx, consumer, ensured.version, submission.branch, now)
    registry.ensure_tags(tx, consumer, ensured.version, submission.tags, now)
    published = tuple(
        _publish_one(tx, consumer, ensured.version.id, contract, now) for contract in submission.contracts
    )
    return Outcome(ensured.created, published)


def _publish_one(tx: Connection, consumer: Pacticipant, version_id: int, contract: Contract, now: int) -> Published:
    provider = registry.ensure_pacticipant(tx, contract.provider, now)
    existing = contracts.pact(tx, version_id, provider.id)
    if existing is not None:
        if existing.sha != contract.content.sha:
            raise DifferentContentError(existing, contract.content)
        return Published(existing, change=None, verified=None)
    sha = contract.content.sha
    content_id = contracts.content_id(tx, consumer.id, provider.id, sha)
    verified = verifications.find(tx, content_id) if content_id is not None else None
    if content_id is None:
        content_id = contracts.add_content(tx, consumer.id, provider.id, sha, now, contract.content.body)
    contracts.ensure_integration(tx, consumer.id, provider.id, now)
    contracts.add_pact(tx, consumer.id, provider.id, version_id, content_id, now)
    pact = _required(contracts.pact(tx, version_id, provider.id))
    return Published(pact, changes.of_pact(tx, pact), verified)


@frozen
class Result:
    """A verification result as a provider publishes it; `details` is JSON: test results and tool versions."""

    provider_number: str
    success: bool
    build_url: str | None
    details: bytes


def record_result(
    tx: Connection, pact: Pact, provider: Pacticipant, result: Result, metadata: Metadata, now: int
) -> Verification:
    """Raises InvalidError when the provider version is not known and cannot be created."""
    if not result.provider_number.strip():
        raise InvalidError({"providerApplicationVersion": ["must not be blank"]})
    version = registry.ensure_version(tx, provider, result.provider_number, now).version
    number = verifications.add(
        tx,
        pact.content_id,
        version.id,
        now,
        success=result.success,
        wip=metadata.wip,
        build_url=result.build_url,
        details=result.details,
    )
    return Verification(
        number,
        pact.content_id,
        version.id,
        version.number,
        result.success,
        metadata.wip,
        result.build_url,
        now,
    )


def _required(pact: Pact | None) -> Pact:
    if pact is None:  # just written in this very transaction
        raise RuntimeError("a pact vanished while it was being published")
    return pact
