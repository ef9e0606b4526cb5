"""The dashboard: one item for each pact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from broker.hal.participants import on_branch, pacticipant_stub
from broker.hal.urls import Urls
from broker.hal.values import Json, curies, instant, link
from broker.model import OnBranch, Pact, Tag, Verification

_Branches = Mapping[int, Sequence[OnBranch]]
_Tags = Mapping[int, Sequence[Tag]]


def dashboard(
    pacts: Sequence[Pact],
    results: Mapping[int, Verification],
    branches: _Branches,
    tags: _Tags,
    self_url: str,
    urls: Urls,
) -> Json:
    """`results` by content id; `branches` and `tags` by version id."""
    return {
        "items": [_item(pact, results.get(pact.content_id), branches, tags, urls) for pact in pacts],
        "_links": {"self": link(self_url, title="Dashboard"), "curies": curies(urls.base, "dashboard")},
    }


def _item(pact: Pact, result: Verification | None, branches: _Branches, tags: _Tags, urls: Urls) -> Json:
    consumer, provider = pacticipant_stub(pact.consumer, urls), pacticipant_stub(pact.provider, urls)
    consumer["version"] = _version(pact.consumer, pact.version_id, pact.number, branches, urls)
    provider["version"] = None
    body: Json = {
        "consumer": consumer,
        "provider": provider,
        "pact": {
            "createdAt": instant(pact.created_at),
            "_links": {"self": link(urls.pact(pact)), "pb:pact-version": link(urls.content(pact), name=pact.sha)},
        },
        "pactTags": _tags(pact.consumer, pact.number, tags.get(pact.version_id, ()), urls),
        "providerVersionTags": [],
        "verificationStatus": "never" if result is None else "success" if result.success else "failed",
        "latestVerificationResult": None,
        "_links": {"self": link(urls.dashboard(pact.consumer, pact.provider), title="This integration")},
    }
    if result is not None:
        number = result.provider_number
        provider["version"] = _version(pact.provider, result.provider_version_id, number, branches, urls)
        body["providerVersionTags"] = _tags(pact.provider, number, tags.get(result.provider_version_id, ()), urls)
        body["latestVerificationResult"] = {
            "success": result.success,
            "verifiedAt": instant(result.created_at),
            "_links": {"self": link(urls.verification(pact, result.id))},
        }
    return body


def _version(name: str, id_: int, number: str, branches: _Branches, urls: Urls) -> Json:
    places = [on_branch(one, name, number, urls) for one in branches.get(id_, ())]
    return {
        "number": number,
        "branch": places[0]["name"] if places else None,
        "branches": places,
        "_links": {"self": link(urls.version(name, number), name=number)},
    }


def _tags(name: str, number: str, tags: Sequence[Tag], urls: Urls) -> list[Json]:
    return [
        {"name": tag.name, "latest": tag.latest, "_links": {"self": link(urls.tag(name, number, tag.name))}}
        for tag in tags
    ]
