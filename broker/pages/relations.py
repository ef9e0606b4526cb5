"""What each link relation of the API means: the text behind /doc/{rel}."""

from __future__ import annotations

from attrs import frozen

from broker.call import Call, Reply, Route
from broker.errors import NotFoundError
from broker.pages.render import page

_WEBHOOK = """{"description": "Build the provider",
 "events": [{"name": "contract_requiring_verification_published"}],
 "request": {"method": "POST", "url": "https://ci.example.org/build",
             "headers": {"Content-Type": "application/json"},
             "body": {"sha": "${pactbroker.providerVersionNumber}"}}}"""
_PUBLISH = """{"pacticipantName": "web-shop", "pacticipantVersionNumber": "4.1.0", "branch": "main",
 "contracts": [{"consumerName": "web-shop", "providerName": "orders-api", "specification": "pact",
                "contentType": "application/json", "content": "BASE64 OF THE PACT"}]}"""
_RESULT = """{"success": true, "providerApplicationVersion": "7f3a", "buildUrl": "https://ci.example.org/7"}"""
_FOR_VERIFICATION = """{"consumerVersionSelectors": [{"mainBranch": true}, {"deployedOrReleased": true}],
 "includePendingStatus": true, "includeWipPactsSince": "2026-01-01", "providerVersionBranch": "main"}"""
_PROVIDER_CONTRACT = """{"pacticipantVersionNumber": "7f3a", "branch": "main",
 "contract": {"specification": "oas", "contentType": "application/yaml", "content": "BASE64 OF THE DOCUMENT",
              "selfVerificationResults": {"success": true, "verifier": "our own tests"}}}"""
_ENVIRONMENT = """{"name": "production", "displayName": "Production", "production": true}"""

# Relation -> methods, what it leads to, and an example of a body where one is sent.
_RELATIONS: dict[str, tuple[str, str, str]] = {
    "all-pact-versions": ("GET", "Every published version of a consumer's pact with a provider, the latest first.", ""),
    "api-document": ("GET", "Every operation of this broker, as an OpenAPI document.", ""),
    "branch": ("GET, DELETE", "A branch of a pacticipant and its latest version. Deleting it leaves its versions.", ""),
    "branch-pact-versions": ("GET", "The pacts that a consumer published from one branch with a provider.", ""),
    "branch-version": ("GET, PUT, DELETE", "A version's place on a branch. PUT creates branch and version.", "{}"),
    "branches": ("GET", "The branches of a pacticipant.", ""),
    "can-i-deploy": ("GET", "Whether a version can be deployed, with the reasons.", ""),
    "can-i-deploy-badge": ("GET", "The answer of can-i-deploy as a picture for a README.", ""),
    "can-i-deploy-branch-to-environment": ("GET", "Whether the latest version of a branch can be deployed.", ""),
    "can-i-deploy-pacticipant-version-to-environment": (
        "GET",
        "Whether a version works with everything that is deployed or released in an environment.",
        "",
    ),
    "can-i-deploy-pacticipant-version-to-tag": (
        "GET",
        "Whether a version works with the latest versions that have a tag.",
        "",
    ),
    "can-i-deploy-tag-to-tag": (
        "GET",
        "Whether the latest version with one tag works with the latest versions with another.",
        "",
    ),
    "can-i-deploy-branch-to-environment-badge": ("GET", "The same as a picture for a README.", ""),
    "can-i-merge": ("GET", "Whether a version works with the main branches of what it has pacts with.", ""),
    "comparison": ("GET", "How a pact compares with the OpenAPI document that a provider version published.", ""),
    "comparisons": ("GET", "Comparisons of pacts with the OpenAPI documents of their provider.", ""),
    "consumer": ("GET", "The consumer of the pact: a pacticipant.", ""),
    "consumer-version": ("GET", "The version of the consumer that published the pact.", ""),
    "consumer-webhooks": ("GET", "The webhooks that pacts of this consumer set off.", ""),
    "content": ("GET", "A document as it was published, byte for byte.", ""),
    "contracts": ("GET", "The contracts that a publication created or repeated.", ""),
    "currently-deployed-deployed-versions": ("GET", "What is deployed in an environment now.", ""),
    "currently-supported-released-versions": ("GET", "What is released in an environment and supported still.", ""),
    "dashboard": ("GET", "How integrations stand: latest pacts with their latest results.", ""),
    "deliveries": ("GET", "The calls that a webhook made, or is still to make.", ""),
    "deployed-environments": ("GET", "The environments in which a version is deployed.", ""),
    "deployed-versions": ("GET, POST", "The deployments of a version to an environment. POST records one.", "{}"),
    "diff": ("GET", "What differs between two pacts.", ""),
    "diff-previous-distinct": ("GET", "What differs from the previous version with another content.", ""),
    "environment": ("GET, PUT, DELETE", "An environment. Deleting it ends what is deployed there.", _ENVIRONMENT),
    "environments": ("GET, POST", "Every environment. POST creates one.", _ENVIRONMENT),
    "error-logs": ("GET", "Attempts of a webhook that failed.", ""),
    "execute": ("POST", "Makes the webhook's call now, as a test, and answers with its log.", "{}"),
    "group": ("GET", "The integrations that hang together with a pacticipant, as CSV.", ""),
    "integration": ("GET, DELETE", "One consumer with one provider. Deleting it deletes its pacts and results.", ""),
    "integrations": ("GET", "Every consumer with its providers.", ""),
    "label": ("GET, PUT, DELETE", "A label of a pacticipant.", "{}"),
    "labels": ("GET", "Labels: of a pacticipant, or all that are in use.", ""),
    "latest-branch-pact-versions": ("GET", "The latest pact of a consumer's branch with a provider.", ""),
    "latest-main-branch-pact-versions": ("GET", "The latest pact of a consumer's main branch with a provider.", ""),
    "latest-pact-version": ("GET", "The pact of the consumer's latest version that has one with the provider.", ""),
    "latest-pact-versions": ("GET", "The latest pact of every integration.", ""),
    "latest-provider-contract": ("GET", "The OpenAPI document that a provider published last.", ""),
    "latest-provider-pacts": ("GET", "The latest pact of each consumer of a provider.", ""),
    "latest-provider-pacts-with-branch": ("GET", "As latest-provider-pacts, from one branch of the consumers.", ""),
    "latest-provider-pacts-with-main-branch": ("GET", "As latest-provider-pacts, from the main branches.", ""),
    "latest-provider-pacts-with-tag": ("GET", "As latest-provider-pacts, of versions with a tag.", ""),
    "latest-tagged-pact-version": ("GET", "The pact of the consumer's latest version with a tag.", ""),
    "latest-tagged-version": ("GET", "The latest version of a pacticipant with a tag.", ""),
    "latest-verification-results": ("GET", "The latest verification result of a pact's content.", ""),
    "latest-verification-results-where-pacticipant-is-consumer": (
        "GET",
        "The latest verification results of the pacts that a version published.",
        "",
    ),
    "latest-verification-results-where-pacticipant-is-provider": (
        "GET",
        "The latest results that a version has as a provider.",
        "",
    ),
    "latest-version": ("GET", "The version of a pacticipant that was created last.", ""),
    "logs": ("GET", "What a webhook's call sent and got, attempt by attempt; secrets are struck out.", ""),
    "main-branch-pact-versions": ("GET", "The pacts of a consumer's main branch with a provider.", ""),
    "matrix": ("GET", "The matrix of consumer and provider versions with their results.", ""),
    "matrix-for-consumer-version": ("GET", "The rows of the matrix that a consumer version has.", ""),
    "metrics": ("GET", "What the broker holds and how it does, as Prometheus reads it.", ""),
    "next": ("GET", "The next page of the list.", ""),
    "pact": ("GET, PUT, DELETE", "A pact as one consumer version published it.", ""),
    "pact-version": ("GET", "A content by its sha, whichever versions published it.", ""),
    "pact-versions": ("GET", "Versions of a pact.", ""),
    "pact-webhooks": ("GET, POST", "The webhooks for one consumer and provider. POST creates one.", _WEBHOOK),
    "pacticipant": (
        "GET, PUT, PATCH, DELETE",
        "An application that takes part in pacts.",
        '{"displayName": "Orders", "mainBranch": "main", "repositoryUrl": "https://git.example.org/orders"}',
    ),
    "pacticipant-version": ("GET, PUT, PATCH, DELETE", "A version of a pacticipant.", '{"buildUrl": "https://…"}'),
    "pacticipant-version-tag": ("GET, PUT, DELETE", "A tag of a version.", "{}"),
    "pacticipant-version-tags": ("GET", "The tags of a version.", ""),
    "pacticipants": ("GET, POST", "Every pacticipant. POST creates one.", '{"name": "orders-api"}'),
    "pacticipants-with-label": ("GET", "The pacticipants that have a label.", ""),
    "pacts": ("GET", "Pacts.", ""),
    "previous-distinct": ("GET", "The previous version of the pact that has another content.", ""),
    "provider": ("GET", "The provider of the pact: a pacticipant.", ""),
    "provider-contract": ("GET, DELETE", "The OpenAPI document that a provider version published.", ""),
    "provider-contracts": ("GET", "The OpenAPI documents of a provider, by version.", ""),
    "provider-pacts": ("GET", "Every pact of a provider, of all its consumers' versions.", ""),
    "provider-pacts-for-verification": (
        "GET, POST",
        "The pacts that a provider should verify now, chosen by selectors, with pending and work-in-progress pacts.",
        _FOR_VERIFICATION,
    ),
    "provider-pacts-with-branch": ("GET", "Every pact of a provider from one branch of the consumers.", ""),
    "provider-pacts-with-main-branch": ("GET", "Every pact of a provider from the consumers' main branches.", ""),
    "provider-pacts-with-tag": ("GET", "Every pact of a provider whose consumer version has a tag.", ""),
    "provider-states": ("GET", "The provider states that the consumers of a provider name.", ""),
    "provider-version": ("GET", "The version of the provider that the result is of.", ""),
    "provider-webhooks": ("GET", "The webhooks that pacts with this provider set off.", ""),
    "publish-contracts": (
        "POST",
        "Publishes pacts together with their consumer version, its branch and its tags.",
        _PUBLISH,
    ),
    "publish-pact": ("PUT", "Publishes one pact; the body is the pact.", ""),
    "publish-provider-contract": (
        "POST",
        "Publishes a provider's OpenAPI document; pacts are compared with it from then on.",
        _PROVIDER_CONTRACT,
    ),
    "publish-verification-results": ("POST", "Records what verifying this pact came to.", _RESULT),
    "record-deployment": (
        "POST",
        "Records that a version is deployed to the environment in place of the one before.",
        '{"applicationInstance": "blue"}',
    ),
    "record-release": ("POST", "Records that a version is released to the environment, beside others.", "{}"),
    "relationships": ("GET", "Who talks to whom, as CSV.", ""),
    "released-environments": ("GET", "The environments in which a version is released.", ""),
    "released-versions": ("GET, POST", "The releases of a version to an environment. POST records one.", "{}"),
    "tag-prod-version": ("PUT", "Tags a version with prod.", "{}"),
    "tag-version": ("PUT", "Tags the consumer version of a pact.", "{}"),
    "tagged-pact-versions": ("GET, DELETE", "The pacts of a consumer's versions with a tag.", ""),
    "triggered-webhooks": ("GET", "The calls that events of a pact or result set off.", ""),
    "verification-results": ("GET", "Verification results.", ""),
    "versions": ("GET", "The versions of a pacticipant, the latest first, in pages.", ""),
    "webhook": ("GET, PUT, DELETE", "A request that is made when something happens.", _WEBHOOK),
    "webhooks": ("GET, POST", "Webhooks. POST creates one. Secrets are never shown again.", _WEBHOOK),
}
# The same under another name, in the resources where clients look for that.
_SYNONYMS = {
    "pacticipant-branch": "branch",
    "pacticipant-branch-version": "branch-version",
    "version": "pacticipant-version",
    "tag": "pacticipant-version-tag",
    "version-tag": "pacticipant-version-tag",
}
_RELATIONS |= {name: _RELATIONS[meant] for name, meant in _SYNONYMS.items()}


@frozen
class Relation:
    """`name` without its prefix, `methods` such as "GET, PUT", `body` an example or empty."""

    name: str
    methods: str
    text: str
    body: str


def relation(name: str) -> Relation | None:
    """What a relation means; `name` is with or without the prefix pb: or pf:."""
    bare = name.partition(":")[2] or name
    found = _RELATIONS.get(bare)
    return Relation(bare, *found) if found else None


def writing_relations() -> dict[str, str]:
    """Relations that nothing can be read from, without a prefix, each with the method that it takes."""
    return {name: methods for name, (methods, _, _) in _RELATIONS.items() if "GET" not in methods}


def document(call: Call) -> Reply:
    found = relation(call.params["rel"])
    if found is None:
        raise NotFoundError(f"No resource links with the relation {call.params['rel']}")
    return page(call, "relation.html", one=found)


def documents(call: Call) -> Reply:
    return page(call, "relations.html", every=[Relation(name, *rest) for name, rest in sorted(_RELATIONS.items())])


ROUTES: tuple[Route, ...] = (("GET", "/doc", documents), ("GET", "/doc/{rel}", document))
