"""The broker's OpenAPI document says what the broker does."""

from __future__ import annotations

import re
from importlib.metadata import version

import yaml
from openapi_spec_validator import validate

from broker import access
from broker.pages import badge_images
from broker.routes import ROUTES
from broker.routes.openapi import document
from broker.tests.served import Broker

_METHODS = ("get", "put", "post", "patch", "delete")
# Pages for people are not part of the interface; badges are.
_ALL = (*ROUTES, *badge_images.ROUTES)


def _operations() -> dict[tuple[str, str], dict[str, object]]:
    return {
        (method.upper(), path): operation
        for path, item in document()["paths"].items()
        for method, operation in item.items()
        if method in _METHODS
    }


def test_the_document_is_valid_openapi_and_of_this_version() -> None:
    validate(document())
    assert document()["info"]["version"] == version("contract-broker")


def test_every_route_is_an_operation_and_every_operation_a_route() -> None:
    assert sorted(_operations()) == sorted((method, path) for method, path, _ in _ALL)


def test_the_parameters_of_a_path_are_those_of_its_route() -> None:
    known = document()["components"]["parameters"]
    for path, item in document()["paths"].items():
        given = [known[one["$ref"].rpartition("/")[2]] for one in item.get("parameters", [])]
        assert [one["name"] for one in given] == re.findall(r"\{(\w+)\}", path), path
        assert {one["in"] for one in given} <= {"path"}, path


def test_every_operation_names_the_role_that_it_asks_for() -> None:
    for (method, path), operation in _operations().items():
        role = access.needed(method, path)
        assert operation.get("x-role") == (role.name.lower() if role else None), f"{method} {path}"
        assert ("security" in operation) == (role is None), f"{method} {path}"


def test_no_two_operations_share_an_id_and_each_has_a_known_tag() -> None:
    found = list(_operations().values())
    assert len({operation["operationId"] for operation in found}) == len(found)
    tags = {tag["name"] for tag in document()["tags"]}
    assert all(len(operation["tags"]) == 1 and operation["tags"][0] in tags for operation in found)  # type: ignore[arg-type, index]  # a document is what JSON is


def test_nothing_in_the_document_is_unused() -> None:
    text = str(document())
    for kind, named in document()["components"].items():
        if kind != "securitySchemes":
            assert [name for name in named if f"'#/components/{kind}/{name}'" not in text] == [], kind


def test_the_document_is_served_as_json_and_as_yaml_and_the_index_leads_to_it(broker: Broker) -> None:
    address = broker.get("/")["_links"]["pb:api-document"]["href"]
    as_json = broker.client.get(address)
    as_yaml = broker.client.get("/openapi.yaml")
    assert as_json.headers["content-type"] == "application/json;charset=utf-8"
    assert as_yaml.headers["content-type"] == "application/yaml;charset=utf-8"
    assert as_json.json() == yaml.safe_load(as_yaml.text) == document() | {"servers": [{"url": broker.url}]}
