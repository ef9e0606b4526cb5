"""The index: where a client starts, and the only path that it has to know."""

from __future__ import annotations

from broker.hal.urls import Urls
from broker.hal.values import Json, curies

_LINKS = (
    ("pb:publish-contracts", "/contracts/publish", "Publish contracts"),
    (
        "pb:publish-pact",
        "/pacts/provider/{provider}/consumer/{consumer}/version/{consumerApplicationVersion}",
        "Publish a pact",
    ),
    ("pb:latest-pact-versions", "/pacts/latest", "Latest pact of every integration"),
    ("pb:provider-pacts", "/pacts/provider/{provider}", "All pacts of a provider"),
    ("pb:latest-provider-pacts", "/pacts/provider/{provider}/latest", "Latest pacts of a provider"),
    (
        "pb:latest-provider-pacts-with-tag",
        "/pacts/provider/{provider}/latest/{tag}",
        "Latest pacts of a provider whose consumer version has a tag",
    ),
    (
        "pb:provider-pacts-with-tag",
        "/pacts/provider/{provider}/tag/{tag}",
        "All pacts of a provider whose consumer version has a tag",
    ),
    (
        "pb:provider-pacts-with-main-branch",
        "/pacts/provider/{provider}/branch",
        "All pacts of a provider from its consumers' main branches",
    ),
    (
        "pb:latest-provider-pacts-with-main-branch",
        "/pacts/provider/{provider}/branch/latest",
        "Latest pacts of a provider from its consumers' main branches",
    ),
    (
        "pb:provider-pacts-with-branch",
        "/pacts/provider/{provider}/branch/{branch}",
        "All pacts of a provider from a branch of its consumers",
    ),
    (
        "pb:latest-provider-pacts-with-branch",
        "/pacts/provider/{provider}/branch/{branch}/latest",
        "Latest pacts of a provider from a branch of its consumers",
    ),
    (
        "pb:tagged-pact-versions",
        "/pacts/provider/{provider}/consumer/{consumer}/tag/{tag}",
        "All pacts of a consumer with a provider whose consumer version has a tag",
    ),
    (
        "pb:branch-pact-versions",
        "/pacts/provider/{provider}/consumer/{consumer}/branch/{branch}",
        "All pacts of a consumer's branch with a provider",
    ),
    (
        "pb:latest-branch-pact-versions",
        "/pacts/provider/{provider}/consumer/{consumer}/branch/{branch}/latest/versions",
        "The latest pact of a consumer's branch with a provider",
    ),
    (
        "pb:main-branch-pact-versions",
        "/pacts/provider/{provider}/consumer/{consumer}/branch/versions",
        "All pacts of a consumer's main branch with a provider",
    ),
    (
        "pb:latest-main-branch-pact-versions",
        "/pacts/provider/{provider}/consumer/{consumer}/branch/latest/versions",
        "The latest pact of a consumer's main branch with a provider",
    ),
    (
        "pb:provider-pacts-for-verification",
        "/pacts/provider/{provider}/for-verification",
        "Pacts that a provider should verify now",
    ),
    ("pb:pacticipants", "/pacticipants", "Pacticipants"),
    ("pb:pacticipant", "/pacticipants/{pacticipant}", "A pacticipant"),
    ("pb:latest-version", "/pacticipants/{pacticipant}/latest-version", "Latest version of a pacticipant"),
    (
        "pb:latest-tagged-version",
        "/pacticipants/{pacticipant}/latest-version/{tag}",
        "Latest version of a pacticipant with a tag",
    ),
    ("pb:pacticipant-version", "/pacticipants/{pacticipant}/versions/{version}", "A version"),
    (
        "pb:pacticipant-version-tag",
        "/pacticipants/{pacticipant}/versions/{version}/tags/{tag}",
        "A tag of a version",
    ),
    ("pb:pacticipant-branch", "/pacticipants/{pacticipant}/branches/{branch}", "A branch"),
    (
        "pb:pacticipant-branch-version",
        "/pacticipants/{pacticipant}/branches/{branch}/versions/{version}",
        "A version on a branch",
    ),
    (
        "pf:publish-provider-contract",
        "/provider-contracts/provider/{provider}/publish",
        "Publish a provider's OpenAPI document",
    ),
    ("pb:provider-contracts", "/provider-contracts/provider/{provider}", "All contracts of a provider"),
    (
        "pb:latest-provider-contract",
        "/provider-contracts/provider/{provider}/latest",
        "Latest contract of a provider",
    ),
    (
        "pb:provider-contract",
        "/provider-contracts/provider/{provider}/version/{version}",
        "The contract of a provider version",
    ),
    ("pb:labels", "/labels", "Labels in use"),
    ("pb:pacticipants-with-label", "/pacticipants/label/{label}", "Pacticipants with a label"),
    ("pb:dashboard", "/dashboard", "How every integration stands"),
    ("pb:relationships", "/relationships", "Who talks to whom, as CSV"),
    ("pb:integrations", "/integrations", "Integrations"),
    ("pb:webhooks", "/webhooks", "Webhooks"),
    ("pb:webhook", "/webhooks/{uuid}", "A webhook"),
    ("pb:metrics", "/metrics", "Metrics, for Prometheus"),
    ("pb:api-document", "/openapi.json", "This interface as an OpenAPI document"),
    ("pb:environments", "/environments", "Environments"),
    ("pb:environment", "/environments/{uuid}", "An environment"),
    (
        "pb:can-i-deploy-pacticipant-version-to-environment",
        "/can-i-deploy?pacticipant={pacticipant}&version={version}&environment={environment}",
        "Whether a version can be deployed to an environment",
    ),
    (
        "pb:can-i-deploy-pacticipant-version-to-tag",
        "/can-i-deploy?pacticipant={pacticipant}&version={version}&to={tag}",
        "Whether a version works with the latest versions that have a tag",
    ),
)


def index(urls: Urls) -> Json:
    links: Json = {"self": {"href": urls.base, "title": "Index", "templated": False}}
    for rel, path, title in _LINKS:
        links[rel] = {"href": urls.at(path), "title": title, "templated": "{" in path}
    # The name that verifiers of 2019 look for.
    links["beta:provider-pacts-for-verification"] = links["pb:provider-pacts-for-verification"]
    links["curies"] = [{**one, "name": name} for name in ("pb", "pf", "beta") for one in curies(urls.base, "index")]
    return {"_links": links}
