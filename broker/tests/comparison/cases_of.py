"""The table of cases, as data: a pact, a document, and what is said of the two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from attrs import frozen

_CASES = Path(__file__).parent / "cases"


@frozen
class Case:
    """`codes` of all findings when stated, errors and warnings;
    `peer` is what openapi-pact-comparator 2.3.1 says: pass or fail."""

    name: str
    pact: dict[str, Any]
    document: dict[str, Any]
    ours: str
    codes: list[str] | None
    peer: str
    reason: str | None


def all_cases() -> list[Case]:
    return [
        _case(path.stem, stated)
        for path in sorted(_CASES.glob("*.yaml"))
        for stated in yaml.safe_load(path.read_text())
    ]


def _case(group: str, stated: dict[str, Any]) -> Case:
    return Case(
        f"{group}: {stated['name']}",
        {
            "consumer": {"name": "web"},
            "provider": {"name": "items"},
            "interactions": [_interaction(stated)],
            "metadata": {"pactSpecification": {"version": stated.get("specification", "2.0.0")}},
        },
        _document(stated),
        stated["ours"],
        stated.get("codes"),
        stated["peer"],
        stated.get("reason"),
    )


def _interaction(stated: dict[str, Any]) -> dict[str, Any]:
    if "interaction" in stated:
        return dict(stated["interaction"])
    method = stated.get("method", "POST" if "takes" in stated else "GET")
    status = stated.get("status", 200)
    request = {"method": method, "path": "/items", **_sent(stated), **stated.get("request", {})}
    response = {"status": status, **_expected(stated), **stated.get("response", {})}
    return {"description": stated["name"], "request": request, "response": response}


def _sent(stated: dict[str, Any]) -> dict[str, Any]:
    if "sends" not in stated:
        return {}
    content_type = stated.get("content_type", stated.get("type", "application/json"))
    headers = {} if content_type is None else {"headers": {"Content-Type": content_type}}
    return {"body": stated["sends"], **headers}


def _expected(stated: dict[str, Any]) -> dict[str, Any]:
    if "expects" not in stated:
        return {}
    return {"body": stated["expects"], "headers": {"Content-Type": "application/json"}}


def _document(stated: dict[str, Any]) -> dict[str, Any]:
    base = {"openapi": stated.get("openapi", "3.0.3"), "info": {"title": "items", "version": "1"}}
    if "document" in stated:
        return {**base, **stated["document"]}
    components = dict(stated.get("components", {}))
    if "schemes" in stated:
        components["securitySchemes"] = stated["schemes"]
    top = {"security": stated["security"]} if "security" in stated else {}
    method = str(stated.get("method", "POST" if "takes" in stated else "GET")).lower()
    return {**base, **top, "components": components, "paths": {"/items": {method: _operation(stated)}}}


def _operation(stated: dict[str, Any]) -> dict[str, Any]:
    responses = stated.get("responses", {str(stated.get("status", 200)): {"description": "ok"}})
    if "gives" in stated:
        content = {"application/json": {"schema": stated["gives"]}}
        responses = {str(stated.get("status", 200)): {"description": "ok", "content": content}}
    operation: dict[str, Any] = {"responses": responses}
    if "parameter" in stated:
        operation["parameters"] = [stated["parameter"]]
    if "own_security" in stated:
        operation["security"] = stated["own_security"]
    if "takes" in stated:
        content = {stated.get("type", "application/json"): {"schema": stated["takes"]}}
        operation["requestBody"] = {"required": not stated.get("optional", False), "content": content}
    return operation
