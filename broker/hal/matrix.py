"""The matrix and the answer to can-i-deploy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from broker.hal.participants import on_branch
from broker.hal.places import environment_stub
from broker.hal.provider_contracts import comparison_stub
from broker.hal.urls import Urls
from broker.hal.values import Json, instant, link
from broker.matrix import Matrix, Row
from broker.matrix_reasons import Notice
from broker.model import Environment, OnBranch, Tag
from broker.query import Metadata


@frozen
class Surroundings:
    """What is shown beside a version, by version id."""

    branches: Mapping[int, Sequence[OnBranch]]
    tags: Mapping[int, Sequence[Tag]]
    environments: Mapping[int, Sequence[Environment]]


def matrix(of: Matrix, said: Sequence[Notice], around: Surroundings, urls: Urls) -> Json:
    return {
        "summary": _summary(of, said),
        "notices": [{"type": notice.type, "text": notice.text} for notice in said],
        "matrix": [_row(row, around, urls) for row in of.shown],
    }


def _summary(of: Matrix, said: Sequence[Notice]) -> Json:
    summary: Json = {
        "deployable": of.deployable,
        "reason": "\n".join(notice.text for notice in said if notice.type != "prompt"),
        "success": of.count(success=True),
        "failed": of.count(success=False),
        "unknown": of.count(success=None),
    }
    ignored = len(of.rows) - len(of.considered)
    return summary | ({"ignored": ignored} if ignored else {})


def _row(row: Row, around: Surroundings, urls: Urls) -> Json:
    pact, provider_version = row.pact, row.provider_version
    body: Json = {
        "consumer": {
            "name": pact.consumer,
            "version": _version(pact.consumer, pact.version_id, pact.number, around, urls),
            "_links": {"self": link(urls.pacticipant(pact.consumer))},
        },
        "provider": {
            "name": pact.provider,
            "version": None,
            "_links": {"self": link(urls.pacticipant(pact.provider))},
        },
        "pact": {"createdAt": instant(pact.created_at), "_links": {"self": link(urls.pact(pact))}},
        "verificationResult": None,
    }
    if provider_version is not None:
        body["provider"]["version"] = _version(
            pact.provider, provider_version.id, provider_version.number, around, urls
        )
    body["verificationResult"] = _result(row, urls)
    if row.contract is not None and row.comparison is not None:
        body["comparison"] = comparison_stub(row.comparison, row.contract, pact, urls)
        body["comparison"]["selfVerified"] = row.contract.self_verified
    return body | ({"ignored": True} if row.ignored else {})


def _result(row: Row, urls: Urls) -> Json | None:
    """What stock clients show of a row: its verdict, with the link to what decided it."""
    pact, result = row.pact, row.verification
    if row.success is None:
        return None
    if result is not None and result.success is row.success:
        own = urls.verification(pact, result.id, Metadata(consumer_version=pact.number))
        return {"success": row.success, "verifiedAt": instant(result.created_at), "_links": {"self": link(own)}}
    if row.contract is None:
        return None
    return {
        "success": row.success,
        "verifiedAt": instant(max(row.contract.created_at, pact.created_at)),
        "_links": {"self": link(urls.comparison(pact, row.contract.number))},
    }


def _version(name: str, id_: int, number: str, around: Surroundings, urls: Urls) -> Json:
    branches = [on_branch(one, name, number, urls) for one in around.branches.get(id_, ())]
    return {
        "number": number,
        "branch": branches[0]["name"] if branches else None,
        "branches": branches,
        "branchVersions": branches,
        "environments": [environment_stub(one, urls) for one in around.environments.get(id_, ())],
        "tags": [
            {
                "name": tag.name,
                "latest": tag.latest,
                "_links": {"self": link(urls.tag(name, number, tag.name))},
            }
            for tag in around.tags.get(id_, ())
        ],
        "_links": {"self": link(urls.version(name, number))},
    }
