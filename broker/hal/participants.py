"""Pacticipants, versions, branches and tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from broker.hal.urls import Urls, segment
from broker.hal.values import Json, curies, instant, link, template
from broker.model import Branch, Environment, Label, OnBranch, Pact, Pacticipant, Presence, Tag, Version


def pacticipant(
    of: Pacticipant,
    latest: Version | None,
    urls: Urls,
    *,
    labels: Sequence[Label] = (),
    deployments: Sequence[Presence] | None = None,
) -> Json:
    """`deployments` are those of now; None leaves them out, as lists do."""
    body: Json = {"name": of.name, "displayName": of.display_name}
    if of.repository_url is not None:
        body["repositoryUrl"] = of.repository_url
    if of.main_branch is not None:
        body["mainBranch"] = of.main_branch
    body["createdAt"] = instant(of.created_at)
    body["updatedAt"] = instant(of.updated_at)
    body["_embedded"] = {"labels": [_label_stub(one, of.name, urls) for one in labels]}
    if latest is not None:
        stub = version_stub(of.name, latest.number, urls)
        # The second spelling is what clients read before 2021.
        body["_embedded"] |= {"latestVersion": stub, "latest-version": stub}
    body["_links"] = _pacticipant_links(of, latest, deployments, urls)
    return body


def _pacticipant_links(
    of: Pacticipant, latest: Version | None, deployments: Sequence[Presence] | None, urls: Urls
) -> Json:
    own = urls.pacticipant(of.name)
    links: Json = {
        "self": link(own, title=of.display_name, name=of.name),
        "pb:versions": link(f"{own}/versions", title="Versions"),
        "pb:branches": link(f"{own}/branches", title="Branches"),
        "pb:labels": link(f"{own}/labels", title="Labels"),
        "pb:group": link(
            f"{urls.base}/groups/{segment(of.name)}", title="Applications connected with this one, as CSV"
        ),
        "pb:version": template(f"{own}/versions/{{version}}", "A version"),
        "pb:version-tag": template(f"{own}/versions/{{version}}/tags/{{tag}}", "A tag of a version"),
        "pb:branch": template(f"{own}/branches/{{branch}}", "A branch"),
        "pb:branch-version": template(f"{own}/branches/{{branch}}/versions/{{version}}", "A version on a branch"),
        "pb:label": template(f"{own}/labels/{{label}}", "A label"),
        "pb:can-i-deploy-tag-to-tag": template(
            f"{own}/latest-version/{{tag}}/can-i-deploy/to/{{environmentTag}}",
            "Whether the latest version with a tag works with the latest versions that have another",
        ),
        "pb:can-i-deploy-branch-to-environment": template(
            f"{own}/branches/{{branch}}/latest-version/can-i-deploy/to-environment/{{environment}}",
            "Whether the latest version of a branch can be deployed to an environment",
        ),
        "pb:can-i-deploy-badge": template(
            f"{own}/latest-version/{{tag}}/can-i-deploy/to/{{environmentTag}}/badge", "The same as a badge"
        ),
        "pb:can-i-deploy-branch-to-environment-badge": template(
            f"{own}/branches/{{branch}}/latest-version/can-i-deploy/to-environment/{{environment}}/badge",
            "The same as a badge",
        ),
        "curies": curies(urls.base, "pacticipant"),
    }
    if latest is not None:
        links["pb:latest-version"] = link(f"{own}/latest-version", title="Latest version", name=latest.number)
    if of.main_branch is not None and latest is not None:
        links["pb:can-i-merge"] = link(
            f"{own}/main-branch/can-i-merge", title=f"Whether the head of {of.main_branch} works with the others' heads"
        )
    if deployments is not None:
        links["pb:deployed-environments"] = [
            link(urls.deployed_version(one.uuid), title="Deployment", name=one.environment.display_name)
            for one in deployments
        ]
    return links


def pacticipants(
    every: Iterable[tuple[Pacticipant, Version | None, Sequence[Label]]], urls: Urls, *, own: str | None = None
) -> Json:
    """The list stands twice, as the clients read it at the top level and others under _embedded."""
    bodies = [pacticipant(of, latest, urls, labels=labels) for of, latest, labels in every]
    return {
        "_embedded": {"pacticipants": bodies},
        "pacticipants": bodies,
        "_links": {
            "self": link(own or urls.at("/pacticipants"), title="Pacticipants"),
            "pb:pacticipants-with-label": template(urls.at("/pacticipants/label/{label}"), "Pacticipants with a label"),
            "pb:pacticipants": [
                link(body["_links"]["self"]["href"], title=body["displayName"], name=body["name"]) for body in bodies
            ],
            "curies": curies(urls.base, "pacticipants"),
        },
    }


def label(of: Label, owner: str, urls: Urls) -> Json:
    return {
        "name": of.name,
        "createdAt": instant(of.created_at),
        "_links": {
            "self": link(urls.label(owner, of.name), title="Label", name=of.name),
            "pacticipant": link(urls.pacticipant(owner), title="Pacticipant", name=owner),
            "pb:pacticipants-with-label": link(urls.labelled(of.name), title="Pacticipants with this label"),
            "curies": curies(urls.base, "label"),
        },
    }


def _label_stub(of: Label, owner: str, urls: Urls) -> Json:
    return {"name": of.name, "_links": {"self": link(urls.label(owner, of.name), title="Label", name=of.name)}}


def pacticipant_stub(name: str, urls: Urls) -> Json:
    return {"name": name, "_links": {"self": link(urls.pacticipant(name))}}


def version_stub(name: str, number: str, urls: Urls) -> Json:
    return {
        "number": number,
        "_links": {"self": link(urls.version(name, number), title="Version", name=number)},
    }


def listed_version(of: Version, owner: str, urls: Urls, on_branches: Sequence[OnBranch], tags: Sequence[Tag]) -> Json:
    body: Json = {"number": of.number}
    if of.build_url is not None:
        body["buildUrl"] = of.build_url
    return body | {
        "createdAt": instant(of.created_at),
        "_embedded": {
            "branchVersions": [on_branch(one, owner, of.number, urls) for one in on_branches],
            "tags": [tag_stub(one, owner, of.number, urls) for one in tags],
        },
        "_links": {"self": link(urls.version(owner, of.number), title="Version", name=of.number)},
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
            "pb:deployed-versions": link(f"{own}/deployed-versions", title="Deployments of this version"),
            "pb:released-versions": link(f"{own}/released-versions", title="Releases of this version"),
            "pb:latest-verification-results-where-pacticipant-is-provider": link(
                urls.latest_results(owner.name, of.number, role="provider"),
                title="What this version has verified",
            ),
            "pb:record-deployment": _recordings(own, "deployed", environments),
            "pb:record-release": _recordings(own, "released", environments),
            "curies": curies(urls.base, "version"),
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
        "pb:versions": link(f"{own}/versions", title="Versions on this branch"),
        "curies": curies(urls.base, "branch"),
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
