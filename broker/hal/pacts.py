"""Pacts, pacts to verify, and verification results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from broker.for_verification import Chosen, Demand
from broker.hal.participants import pact_name, pacticipant_stub, version_stub
from broker.hal.urls import Urls
from broker.hal.values import Json, curies, instant, link, template
from broker.model import Pact, Verification
from broker.query import Metadata, encode_metadata
from broker.verification_notices import notices


def pact(
    of: Pact,
    content: bytes,
    urls: Urls,
    metadata: str | None = None,
    *,
    changed_before: bool = False,
    verified: bool = False,
) -> bytes:
    """The stored document with its links spliced in: a large pact is never parsed to be served.

    Results are posted back under `metadata`, as it came in the URL, so that they are known for what they are.
    `changed_before`: an earlier version has another content. `verified`: there is a result of this content.
    """
    links = _pact_links(of, urls, metadata)
    if changed_before:
        links["pb:previous-distinct"] = link(
            f"{urls.pact(of)}/previous-distinct", title="The pact before the last change"
        )
    if verified:
        links["pb:latest-verification-results"] = link(f"{urls.content(of)}/verification-results/latest")
    extra = {"createdAt": instant(of.created_at), "_links": links}
    return b"".join((memoryview(content.rstrip())[:-1], b",", orjson.dumps(extra)[1:]))


def _pact_links(of: Pact, urls: Urls, metadata: str | None) -> Json:
    pair = urls.pair(of.consumer, of.provider)
    version = urls.version(of.consumer, of.number)
    carried = encode_metadata(Metadata(consumer_version=of.number)) if metadata is None else metadata
    return {
        "self": link(urls.pact(of), title="Pact", name=pact_name(of)),
        "pb:consumer": link(urls.pacticipant(of.consumer), title="Consumer", name=of.consumer),
        "pb:consumer-version": link(version, title="Consumer version", name=of.number),
        "pb:provider": link(urls.pacticipant(of.provider), title="Provider", name=of.provider),
        "pb:pact-version": link(urls.content(of), title="This content", name=of.sha),
        "pb:integration": link(urls.integration(of.consumer, of.provider), title="Integration"),
        "pb:latest-pact-version": link(f"{pair}/latest", title="Latest version of this pact"),
        "pb:all-pact-versions": link(f"{pair}/versions", title="All versions of this pact"),
        "pb:latest-tagged-pact-version": template(f"{pair}/latest/{{tag}}", "Latest pact with a tag"),
        "pb:diff-previous-distinct": link(
            f"{urls.pact(of)}/diff/previous-distinct", title="What changed with the last change"
        ),
        "pb:diff": template(
            f"{urls.content(of)}/diff/pact-version/{{pactVersion}}", "What differs from another content"
        ),
        "pb:tag-version": template(f"{version}/tags/{{tag}}", "PUT to tag this consumer version"),
        "pb:publish-verification-results": link(
            f"{urls.content(of)}/metadata/{carried}/verification-results", title="Publish verification results"
        ),
        "pb:pact-webhooks": link(
            urls.webhooks_of_pair(of.consumer, of.provider),
            title=f"Webhooks for the pact between {of.consumer} and {of.provider}",
        ),
        "pb:consumer-webhooks": link(
            urls.webhooks_of_provider(of.provider), title=f"Webhooks for all pacts with provider {of.provider}"
        ),
        "pb:triggered-webhooks": link(
            f"{urls.pact(of)}/triggered-webhooks", title="Webhooks triggered by the publication of this pact"
        ),
        "pb:comparison": template(
            f"{urls.content(of)}/provider-contract/{{version}}/comparison",
            "How this content fits the contract of a provider version",
        ),
        "pb:matrix-for-consumer-version": link(
            urls.matrix_of_version(of.consumer, of.number), title="Matrix rows of this consumer version"
        ),
        "curies": curies(urls.base, "pact"),
    }


def latest_pacts(found: Sequence[Pact], self_url: str, urls: Urls) -> Json:
    return {
        "pacts": [_listed(of, urls) for of in found],
        "_links": {
            "self": link(self_url),
            "pb:pacts": [
                link(urls.latest_pact(of), title=f"Latest pact between {of.consumer} and {of.provider}") for of in found
            ],
        },
    }


def _listed(of: Pact, urls: Urls) -> Json:
    consumer = pacticipant_stub(of.consumer, urls)
    consumer["_embedded"] = {"version": version_stub(of.consumer, of.number, urls)}
    return {
        "createdAt": instant(of.created_at),
        "_embedded": {"consumer": consumer, "provider": pacticipant_stub(of.provider, urls)},
        "_links": {"self": [link(urls.latest_pact(of)), link(urls.pact(of))]},
    }


def provider_pacts(provider: str, found: Sequence[Pact], self_url: str, title: str, urls: Urls) -> Json:
    links = [link(urls.pact(of), title=pact_name(of), name=of.consumer) for of in found]
    return {
        "_links": {
            "self": link(self_url, title=title),
            "pb:provider": link(urls.pacticipant(provider), name=provider),
            "pb:pacts": links,
            "pacts": links,  # what `pact verifier` follows when it is given neither selectors nor tags
        }
    }


def pact_versions(found: Sequence[Pact], self_url: str, urls: Urls) -> Json:
    return {
        "_embedded": {"pacts": [_version_of_pact(of, urls) for of in found]},
        "_links": {
            "self": link(self_url),
            "pb:pact-versions": [link(urls.pact(of), title="Pact", name=pact_name(of)) for of in found],
            "curies": curies(urls.base, "pact-versions"),
        },
    }


def _version_of_pact(of: Pact, urls: Urls) -> Json:
    return {
        "createdAt": instant(of.created_at),
        "sha": of.sha,
        "_embedded": {"consumerVersion": version_stub(of.consumer, of.number, urls)},
        "_links": {
            "self": link(urls.pact(of), title="Pact", name=pact_name(of)),
            "pb:pact-version": link(urls.content(of), title="This content", name=of.sha),
        },
    }


def for_verification(provider: str, chosen: Sequence[Chosen], wanted: Demand, urls: Urls) -> Json:
    """The key `pending` is left out only when the verifier said that it does not know it."""
    return {
        "_embedded": {"pacts": [_to_verify(one, wanted, urls) for one in chosen]},
        "_links": {"self": link(f"{urls.provider_pacts(provider)}/for-verification", title="Pacts to be verified")},
    }


def _to_verify(chosen: Chosen, wanted: Demand, urls: Urls) -> Json:
    with_pending = wanted.include_pending is not False
    properties: Json = {}
    if with_pending or chosen.wip:
        properties["pending"] = chosen.pending
    if chosen.wip:
        properties["wip"] = True
    properties["notices"] = notices(chosen, wanted, urls.content(chosen.pact))
    reasons = dict.fromkeys(reason.short for _, reason in chosen.reasons)
    metadata = chosen.metadata(with_pending=with_pending)
    return {
        "shortDescription": ", ".join(reasons),
        "verificationProperties": properties,
        "_links": {"self": link(urls.content(chosen.pact, metadata), name=pact_name(chosen.pact))},
    }


def verification(of: Verification, pact: Pact, details: bytes, urls: Urls) -> Json:
    body: Json = {
        "providerName": pact.provider,
        "providerApplicationVersion": of.provider_number,
        "success": of.success,
        "verificationDate": instant(of.created_at),
        "wip": of.wip,
    }
    if of.build_url is not None:
        body["buildUrl"] = of.build_url
    body |= orjson.loads(details)
    name = f"Verification result {of.id} of {pact_name(pact)}"
    permalink = urls.content(pact, Metadata(consumer_version=pact.number))
    version = urls.version(pact.provider, of.provider_number)
    body["_links"] = {
        "self": link(urls.verification(pact, of.id), title="Verification result", name=name),
        "pb:pact-version": link(permalink, title="Pact", name=pact_name(pact)),
        "pb:provider-version": link(version, title="Provider version", name=of.provider_number),
        "pb:triggered-webhooks": link(
            f"{urls.verification(pact, of.id)}/triggered-webhooks", title="Webhooks triggered by this result"
        ),
    }
    return body


def verified_by(raw: object) -> Json:
    """The tool versions of a result, as a flat object; whatever is not a text is left out."""
    if not isinstance(raw, dict):
        return {}
    client: Any = raw.get("clientLanguage")
    client = client if isinstance(client, dict) else {}
    found = {
        "implementation": raw.get("implementation"),
        "version": raw.get("version"),
        "client_implementation": client.get("name"),
        "client_test_framework": client.get("testFramework"),
        "client_version": client.get("version"),
    }
    return {key: value for key, value in found.items() if isinstance(value, str)}


def latest_results(number: str, found: Sequence[tuple[Pact, Verification, bytes]], self_url: str, urls: Urls) -> Json:
    success = bool(found) and all(result.success for _, result, _ in found)
    return {"success": success} | results(found, self_url, f"Latest verification results of version {number}", urls)


def results(found: Sequence[tuple[Pact, Verification, bytes]], self_url: str, title: str, urls: Urls) -> Json:
    return {
        "_embedded": {"verificationResults": [verification(r, p, details, urls) for p, r, details in found]},
        "_links": {
            "self": link(self_url, title=title),
            "pb:verification-results": [
                link(urls.verification(p, r.id), name=f"Verification result {r.id} of {pact_name(p)}")
                for p, r, _ in found
            ],
            "curies": curies(urls.base, "verification-results"),
        },
    }
