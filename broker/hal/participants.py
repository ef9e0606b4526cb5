"""Pacticipants, versions, branches and tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from broker.hal.urls import Urls
from broker.hal.values import Json, instant, link, template
from broker.model import Branch, Environment, OnBranch, Pact, Pacticipant, Presence, Tag, Version


def pacticipant(of: Pacticipant, latest: Version | None, urls: Urls) -> Json:
    own = urls.pacticipant(of.name)
    body: Json = {"name": of.name, "displayName": of.display_name}
    if of.repository_url is not None:
        body["repositoryUrl"] = of.repository_url
    if of.main_branch is not None:
        body["mainBranch"] = of.main_branch
    body["createdAt"] = instant(of.created_at)
    body["updatedAt"] = instant(of.updated_at)
    if latest is not None:
        body["_embedded"] = {"latestVersion": version_stub(of.name, latest.number, urls)}
    body["_links"] = {
        "self": link(own),
        "pb:versions": link(f"{own}/versions"),
        "pb:branches": link(f"{own}/branches"),
        "pb:version": template(f"{own}/versions/{{version}}", "A version"),
        "pb:version-tag": template(f"{own}/versions/{{version}}/tags/{{tag}}", "A tag of a version"),
        "pb:branch-version": template(f"{own}/branches/{{branch}}/versions/{{version}}", "A version on a branch"),
    }
    return body


def pacticipants(every: Iterable[tuple[Pacticipant, Version | None]], urls: Urls) -> Json:
    """The list stands twice, as the clients read it at the top level and others under _embedded."""
    bodies = [pacticipant(of, latest, urls) for of, latest in every]
    return {
        "_embedded": {"pacticipants": bodies},
        "pacticipants": bodies,
        "_links": {
            "self": link(urls.at("/pacticipants")),
            "pb:pacticipants": [
                link(body["_links"]["self"]["href"], title=body["displayName"], name=body["name"]) for body in bodies
            ],
        },
    }


def pacticipant_stub(name: str, urls: Urls) -> Json:
    return {"name": name, "_links": {"self": link(urls.pacticipant(name))}}


def version_stub(name: str, number: str, urls: Urls) -> Json:
    return {
        "number": number,
        "_links": {"self": link(urls.version(name, number), title="Version", name=number)},
    }


def version(
    of: Version,
    owner: Pacticipant,
    urls: Urls,
    *,
    on_branches: Sequence[OnBranch],
    tags: Sequence[Tag],
    pacts: Sequence[Pact],
    deployments: Sequence[Presence],
    releases: Sequence[Presence],
    environments: Sequence[Environment],
) -> Json:
    own = urls.version(owner.name, of.number)
    body: Json = {"number": of.number}
    if of.build_url is not None:
        body["buildUrl"] = of.build_url
    body |= {
        "createdAt": instant(of.created_at),
        "updatedAt": instant(of.updated_at),
        "_embedded": {
            "branchVersions": [on_branch(one, owner.name, of.number, urls) for one in on_branches],
            "tags": [tag_stub(one, owner.name, of.number, urls) for one in tags],
        },
        "_links": {
            "self": link(own, title="Version", name=of.number),
            "pb:pacticipant": link(urls.pacticipant(owner.name), title="Pacticipant", name=owner.name),
            "pb:tag": template(f"{own}/tags/{{tag}}", "A tag of this version"),
            "pb:latest-verification-results-where-pacticipant-is-consumer": link(
                urls.latest_results(owner.name, of.number),
                title="Latest verification results of this version's pacts",
            ),
            "pb:pact-versions": [link(urls.pact(pact), title="Pact", name=pact_name(pact)) for pact in pacts],
            "pb:deployed-environments": [
                link(urls.deployed_version(one.uuid), title="Deployment", name=one.environment.display_name)
                | {"currently_deployed": one.ended_at is None}
                for one in deployments
            ],
            "pb:released-environments": [
                link(urls.released_version(one.uuid), title="Release", name=one.environment.display_name)
                | {"currently_supported": one.ended_at is None}
                for one in releases
            ],
            "pb:record-deployment": _recordings(own, "deployed", environments),
            "pb:record-release": _recordings(own, "released", environments),
        },
    }
    return body


def _recordings(version_url: str, kind: str, environments: Sequence[Environment]) -> list[Json]:
    noun = "deployment" if kind == "deployed" else "release"
    return [
        link(
            f"{version_url}/{kind}-versions/environment/{place.uuid}",
            title=f"Record {noun} to {place.display_name}",
            name=place.name,
        )
        for place in environments
    ]


def on_branch(of: OnBranch, name: str, number: str, urls: Urls) -> Json:
    own = urls.branch_version(name, of.branch, number)
    return {
        "name": of.branch,
        "latest": of.latest,
        "_links": {"self": link(own, title="Branch version", name=of.branch)},
    }


def branch_version(of: OnBranch, name: str, number: str, urls: Urls) -> Json:
    return {
        "createdAt": instant(of.created_at),
        "_links": {
            "self": link(urls.branch_version(name, of.branch, number), title="Branch version"),
            "pb:branch": link(urls.branch(name, of.branch), title="Branch", name=of.branch),
            "pb:version": link(urls.version(name, number), title="Version", name=number),
        },
    }


def branch(of: Branch, owner: str, head: Version | None, urls: Urls) -> Json:
    own = urls.branch(owner, of.name)
    links: dict[str, Any] = {
        "self": link(own, title="Branch", name=of.name),
        "pb:pacticipant": link(urls.pacticipant(owner), title="Pacticipant", name=owner),
    }
    if head is not None:
        links["pb:latest-version"] = link(f"{own}/latest-version", title="Latest version", name=head.number)
    return {"name": of.name, "createdAt": instant(of.created_at), "_links": links}


def tag_stub(of: Tag, name: str, number: str, urls: Urls) -> Json:
    own = urls.tag(name, number, of.name)
    return {"name": of.name, "_links": {"self": link(own, title="Tag", name=of.name)}}


def tag(of: Tag, name: str, number: str, urls: Urls) -> Json:
    return {
        "name": of.name,
        "createdAt": instant(of.created_at),
        "_links": {
            "self": link(urls.tag(name, number, of.name), title="Tag", name=of.name),
            "version": link(urls.version(name, number), title="Version", name=number),
            "pacticipant": link(urls.pacticipant(name), title="Pacticipant", name=name),
        },
    }


def pact_name(pact: Pact) -> str:
    return f"Pact between {pact.consumer} ({pact.number}) and {pact.provider}"
