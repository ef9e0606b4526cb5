"""What templates may name, gathered when the event happens.

The Ruby broker looks at the time of the call, so that a delayed `contract_published` already tells of a
verification that came after it. Here a retry says the same as the first attempt.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen
from sqlalchemy import Connection

from broker.hal.urls import Urls
from broker.model import Label, Pact, Tag, Verification
from broker.query import Metadata
from broker.store import branching
from broker.store import labels as label_store
from broker.webhooks.templates import NAMES

# The words of each service for (success, failure, not yet known).
_STATUSES = {
    "githubVerificationStatus": ("success", "failure", "pending"),
    "bitbucketVerificationStatus": ("SUCCESSFUL", "FAILED", "INPROGRESS"),
    "azureDevOpsVerificationStatus": ("succeeded", "failed", "pending"),
    "gitlabVerificationStatus": ("success", "failed", "pending"),
}


@frozen
class Subject:
    """What an event is about.

    `provider_version_id` is the version that gave the result or that owes one, None when there is neither;
    `descriptions` says why it owes one. `main_branch_success` is what the head of the provider's main branch
    found, None when it has not verified this content.
    """

    pact: Pact
    verification: Verification | None = None
    provider_version_id: int | None = None
    provider_number: str = ""
    descriptions: tuple[str, ...] = ()
    main_branch_success: bool | None = None


def values_for(tx: Connection, event: str, subject: Subject, urls: Urls) -> dict[str, str]:
    """A value for every name; empty where there is nothing to say."""
    pact, result = subject.pact, subject.verification
    version_ids = [pact.version_id, *([] if subject.provider_version_id is None else [subject.provider_version_id])]
    branches, tags = branching.on_branches(tx, version_ids), branching.tagged(tx, version_ids)
    labels = label_store.of(tx, [pact.consumer_id, pact.provider_id])

    def branch(version_id: int | None) -> str:
        found = sorted(branches.get(version_id or 0, []), key=lambda one: one.created_at)
        return found[-1].branch if found else ""

    values = dict.fromkeys(NAMES, "") | {
        "eventName": event,
        "consumerName": pact.consumer,
        "consumerVersionNumber": pact.number,
        "consumerVersionBranch": branch(pact.version_id),
        "consumerVersionTags": _listed(tags.get(pact.version_id, ())),
        "consumerLabels": _listed(labels.get(pact.consumer_id, ())),
        "providerName": pact.provider,
        "providerVersionNumber": subject.provider_number,
        "providerVersionBranch": branch(subject.provider_version_id),
        "providerVersionTags": _listed(tags.get(subject.provider_version_id or 0, ())),
        "providerVersionDescriptions": ", ".join(subject.descriptions),
        "providerLabels": _listed(labels.get(pact.provider_id, ())),
        "pactUrl": urls.content(pact, Metadata(consumer_version=pact.number)),
        "verificationResultUrl": urls.verification(pact, result.id) if result is not None else "",
        "buildUrl": (result.build_url or "") if result is not None else "",
    }
    if any(description.startswith("deployed") for description in subject.descriptions):
        values["currentlyDeployedProviderVersionNumber"] = subject.provider_number
    success = result.success if result is not None else None
    main = _STATUSES["githubVerificationStatus"]
    values["providerMainBranchGithubVerificationStatus"] = main[_place(subject.main_branch_success)]
    return values | {name: words[_place(success)] for name, words in _STATUSES.items()}


def placeholder_values(urls: Urls) -> dict[str, str]:
    """For trying out a webhook before there is any pact that it is meant for."""
    return {name: f"{name}-example" for name in NAMES} | {
        "eventName": "test",
        "pactUrl": urls.at("/pacts/provider/providerName-example/consumer/consumerName-example/latest"),
        "verificationResultUrl": urls.at("/verification-results/example"),
        "buildUrl": "https://ci.example/builds/1",
        **{name: words[2] for name, words in _STATUSES.items()},
        "providerMainBranchGithubVerificationStatus": "pending",
    }


def _listed(found: Iterable[Tag | Label]) -> str:
    return ", ".join(one.name for one in found)


def _place(success: bool | None) -> int:
    return 2 if success is None else 0 if success else 1
