"""Environments, deployments and releases."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from broker.hal.participants import pacticipant_stub, version_stub
from broker.hal.urls import Urls
from broker.hal.values import Json, curies, instant, link
from broker.model import Environment, Presence


def environment(of: Environment, urls: Urls) -> Json:
    own = urls.environment(of.uuid)
    body = environment_stub(of, urls)
    body["_links"] |= {
        "pb:currently-deployed-deployed-versions": link(
            f"{own}/deployed-versions/currently-deployed", title=f"Versions deployed to {of.display_name}"
        ),
        "pb:currently-supported-released-versions": link(
            f"{own}/released-versions/currently-supported",
            title=f"Versions released and supported in {of.display_name}",
        ),
        "pb:deployed-versions": link(f"{own}/deployed-versions", title=f"Versions ever in {of.display_name}"),
        "pb:released-versions": link(f"{own}/released-versions", title=f"Versions ever released to {of.display_name}"),
        "pb:environments": link(urls.at("/environments"), title="Environments"),
        "curies": curies(urls.base, "environment"),
    }
    return body


def environment_stub(of: Environment, urls: Urls) -> Json:
    body: Json = {
        "uuid": of.uuid,
        "name": of.name,
        "displayName": of.display_name,
        "production": of.production,
    }
    if of.contacts is not None:
        body["contacts"] = orjson.loads(of.contacts)
    body["createdAt"] = instant(of.created_at)
    body["updatedAt"] = instant(of.updated_at)
    body["_links"] = {"self": link(urls.environment(of.uuid), title="Environment", name=of.name)}
    return body


def environments(every: Sequence[Environment], urls: Urls) -> Json:
    return {
        "_embedded": {"environments": [environment(of, urls) for of in every]},
        "_links": {
            "self": link(urls.at("/environments"), title="Environments"),
            "pb:environments": [link(urls.environment(of.uuid), title="Environment", name=of.name) for of in every],
            "curies": curies(urls.base, "environments"),
        },
    }


def deployed_version(of: Presence, urls: Urls, *, with_environment: bool = True) -> Json:
    """`target` is the former name of the application instance, which older clients still read."""
    body: Json = {"uuid": of.uuid, "currentlyDeployed": of.ended_at is None}
    if of.instance is not None:
        body |= {"target": of.instance, "applicationInstance": of.instance}
    body["createdAt"] = instant(of.created_at)
    if of.ended_at is not None:
        body["undeployedAt"] = instant(of.ended_at)
    return body | _where(of, urls.deployed_version(of.uuid), urls, with_environment=with_environment)


def released_version(of: Presence, urls: Urls, *, with_environment: bool = True) -> Json:
    body: Json = {
        "uuid": of.uuid,
        "currentlySupported": of.ended_at is None,
        "createdAt": instant(of.created_at),
    }
    if of.ended_at is not None:
        body["supportEndedAt"] = instant(of.ended_at)
    return body | _where(of, urls.released_version(of.uuid), urls, with_environment=with_environment)


def deployed_versions(found: Sequence[Presence], self_url: str, title: str, urls: Urls) -> Json:
    bodies = [deployed_version(of, urls, with_environment=False) for of in found]
    return {
        "_embedded": {"deployedVersions": bodies},
        "_links": {"self": link(self_url, title=title)},
    }


def released_versions(found: Sequence[Presence], self_url: str, title: str, urls: Urls) -> Json:
    bodies = [released_version(of, urls, with_environment=False) for of in found]
    return {
        "_embedded": {"releasedVersions": bodies},
        "_links": {"self": link(self_url, title=title)},
    }


def _where(of: Presence, own: str, urls: Urls, *, with_environment: bool) -> Json:
    embedded: Json = {
        "pacticipant": pacticipant_stub(of.pacticipant, urls),
        "version": version_stub(of.pacticipant, of.number, urls),
    }
    if with_environment:
        embedded["environment"] = environment(of.environment, urls)
    return {"_embedded": embedded, "_links": {"self": link(own)}}
