"""Whether a request carries the credentials that an operation asks for.

What they are worth is decided by the provider. OAuth 2, OpenID Connect and mutual TLS leave open how they show in a
request, so they count as met.
"""

from __future__ import annotations

from broker.comparison.document import Node
from broker.comparison.findings import Subject
from broker.comparison.parameters import cookies


def compare_security(subject: Subject) -> None:
    requirements = _requirements(subject)
    if not requirements or any(not requirement.mapping for requirement in requirements):
        return
    lacking = [_lacking(subject, requirement) for requirement in requirements]
    if all(lacking):
        least = min(lacking, key=len)
        message = f"{subject.operation}: the request has no credentials; it needs {' and '.join(least)}"
        steps = requirements[lacking.index(least)].steps
        subject.findings.error("request.authorization.missing", message, subject.interaction.request.steps, steps)


def credential_names(subject: Subject, place: str) -> set[str]:
    """Names of the headers or query parameters that carry keys for this operation."""
    found = set()
    for requirement in _requirements(subject):
        for name in requirement.mapping:
            scheme = _scheme(subject, name).mapping
            if scheme.get("type") == "apiKey" and scheme.get("in") == place:
                found.add(str(scheme.get("name")))
    return found


def _requirements(subject: Subject) -> list[Node]:
    own = subject.operation.node
    stated = own.child("security") if "security" in own.mapping else subject.document.at("security")
    return stated.items()


def _scheme(subject: Subject, name: str) -> Node:
    return subject.document.follow(subject.document.at("components", "securitySchemes", name))


def _lacking(subject: Subject, requirement: Node) -> list[str]:
    """What the request would have to have besides; empty when it meets the requirement."""
    missing = [_missing(subject, _scheme(subject, name)) for name in requirement.mapping]
    return [text for text in missing if text]


def _missing(subject: Subject, scheme: Node) -> str | None:
    stated = scheme.mapping
    request = subject.interaction.request
    kind = str(stated.get("type")).lower()
    if kind == "http":
        method = str(stated.get("scheme"))
        given = request.header("authorization") or ""
        if given.lower().startswith(f"{method.lower()} "):
            return None
        return f"the header Authorization: {method.capitalize()} ..."
    if kind != "apikey":
        return None
    name, place = str(stated.get("name")), str(stated.get("in"))
    carried = {
        "header": name.lower() in request.headers,
        "query": name in subject.interaction.query,
        "cookie": name in cookies(request.header("cookie")),
    }
    return None if carried.get(place, True) else f"the {place}{' parameter' * (place == 'query')} {name}"
