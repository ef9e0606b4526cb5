"""Which pacts a provider version should verify now, and what a failure of each means for its build."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from attrs import evolve, frozen
from sqlalchemy import Connection

from broker import consumer_selectors
from broker.consumer_selectors import Choice, Reason, Selector
from broker.errors import InvalidError
from broker.model import Pact, Pacticipant
from broker.query import Metadata
from broker.store import branching, contracts, verifications

_MOST_SELECTORS_IN_URL = 20
_MOST_TAGS = 100  # each costs a query of its own


@frozen
class Demand:
    """What a verifier asks for. `include_pending` None means that it did not say."""

    selectors: tuple[Selector, ...] = ()
    include_pending: bool | None = None
    wip_since: int | None = None
    branch: str | None = None
    tags: tuple[str, ...] = ()


@frozen
class Chosen:
    """One content to verify: its latest chosen publication, and the reasons version by version."""

    pact: Pact
    reasons: tuple[tuple[Pact, Reason], ...]
    pending: bool
    wip: bool

    def metadata(self, *, with_pending: bool) -> Metadata:
        """What the pact's URL carries, so that its results can be told apart later."""
        if self.wip:
            return Metadata(wip=True)
        said = tuple((*reason.keys, ("cv", str(pact.version_id))) for pact, reason in self.reasons)
        return Metadata(pending=self.pending if with_pending else None, selectors=said[:_MOST_SELECTORS_IN_URL])


def demand(body: Mapping[str, object]) -> Demand:
    """A demand from JSON; raises InvalidError naming the field at fault."""
    branch = body.get("providerVersionBranch")
    tags = body.get("providerVersionTags")
    pending = body.get("includePendingStatus")
    errors: dict[str, list[str]] = {}
    if branch is not None and not isinstance(branch, str):
        errors["providerVersionBranch"] = ["must be a text"]
    if tags is None or isinstance(tags, str):
        tags = [tags] if tags else []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        errors["providerVersionTags"] = ["must be a list of texts"]
    elif len(set(tags)) > _MOST_TAGS:
        errors["providerVersionTags"] = [f"must be at most {_MOST_TAGS}, not {len(set(tags))}"]
    if pending is not None and not isinstance(pending, bool):
        errors["includePendingStatus"] = ["must be true or false"]
    if errors:
        raise InvalidError(errors)
    named = str(branch) if branch else None
    return Demand(
        consumer_selectors.parse(body.get("consumerVersionSelectors"), named),
        pending if isinstance(pending, bool) else None,
        _since(body.get("includeWipPactsSince")),
        named,
        tuple(dict.fromkeys(str(tag) for tag in tags)) if isinstance(tags, list) else (),
    )


def _since(value: object) -> int | None:
    if value is None or value == "":
        return None
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return int(aware.timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        raise InvalidError({"includeWipPactsSince": ["must be a date such as 2026-01-31"]}) from None


def choose(tx: Connection, provider: Pacticipant, wanted: Demand) -> list[Chosen]:
    """The pacts to verify, by consumer and age, work in progress last."""
    consumers = contracts.consumers_of(tx, provider.id)
    resolver = consumer_selectors.Resolver(tx, provider, consumers, wanted.branch)
    choices = resolver.choices(wanted.selectors) if wanted.selectors else resolver.default_choices()
    selected = _by_content(tx, provider, choices, wip=False)
    waiting = pending(tx, provider, wanted, [chosen.pact.content_id for chosen in selected])
    explicit = [evolve(chosen, pending=chosen.pact.content_id in waiting) for chosen in selected]
    return explicit + _work_in_progress(tx, provider, wanted, consumers, explicit)


def pending(tx: Connection, provider: Pacticipant, wanted: Demand, content_ids: Collection[int]) -> set[int]:
    """The contents whose failure should not fail this build yet.

    A content is pending until a provider version of the same branch has verified it. A branch that is newer
    than a success elsewhere inherits that success: what worked when the branch began has to keep working.
    Without a branch the provider's tags decide in the same way (all of them have to have a success), and
    without either any success does. Successes of work-in-progress runs do not count.
    """
    asked = set(content_ids)
    if wanted.branch is not None:
        branch = branching.branch(tx, provider.id, wanted.branch)
        done = verifications.verified_elsewhere(tx, asked, provider.id, branch.created_at if branch else None)
        if branch is not None:
            done |= verifications.verified_on_branch(tx, asked, branch.id)
        return asked - done
    if wanted.tags:
        return {content for tag in wanted.tags for content in asked - verifications.verified_with_tag(tx, asked, tag)}
    return asked - verifications.verified(tx, asked)


def _work_in_progress(
    tx: Connection,
    provider: Pacticipant,
    wanted: Demand,
    consumers: Mapping[int, str],
    explicit: Sequence[Chosen],
) -> list[Chosen]:
    """Heads of branches and tags that nobody asked for and that this provider branch has not verified yet."""
    if wanted.wip_since is None or not (wanted.branch or wanted.tags):
        return []
    heads = [
        Choice(version_id, Reason(f"latest {'from branch' if kind == 'branch' else 'with tag'} {name}", text))
        for version_id, kind, name in contracts.branch_and_tag_heads(tx, provider.id, tuple(consumers))
        for text in [f"the latest version {'of branch' if kind == 'branch' else 'tagged'} {name}"]
    ]
    known = {chosen.pact.content_id for chosen in explicit}
    candidates = [
        chosen
        for chosen in _by_content(tx, provider, heads, wip=True)
        if chosen.pact.content_id not in known and chosen.pact.created_at >= wanted.wip_since
    ]
    waiting = pending(tx, provider, wanted, [chosen.pact.content_id for chosen in candidates])
    return [chosen for chosen in candidates if chosen.pact.content_id in waiting]


def _by_content(tx: Connection, provider: Pacticipant, choices: Iterable[Choice], *, wip: bool) -> list[Chosen]:
    reasons: dict[int, list[Reason]] = {}
    for choice in choices:
        found = reasons.setdefault(choice.version_id, [])
        if choice.reason not in found:
            found.append(choice.reason)
    groups: dict[int, list[Pact]] = {}
    for pact in contracts.pacts_of_versions(tx, reasons.keys(), [provider.id]):
        groups.setdefault(pact.content_id, []).append(pact)
    chosen = [
        Chosen(pacts[-1], tuple((pact, why) for pact in pacts for why in reasons[pact.version_id]), wip, wip)
        for pacts in groups.values()
    ]
    return sorted(chosen, key=lambda one: (one.pact.consumer, one.pact.version_id))
