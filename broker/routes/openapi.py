"""The broker's OpenAPI document, as JSON and as YAML."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import orjson
import yaml

from broker.call import JSON, Call, Reply, Route

_YAML = "application/yaml;charset=utf-8"
# The C parts are left out of some builds.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def as_json(call: Call) -> Reply:
    return Reply(_json(call.urls.base), media_type=JSON)


def as_yaml(call: Call) -> Reply:
    return Reply(_yaml(call.urls.base), media_type=_YAML)


@cache
def document() -> dict[str, Any]:
    """The document of this package, with what every operation may answer named at each of them."""
    text = files("broker").joinpath("openapi.yaml").read_bytes()
    found: dict[str, Any] = yaml.load(text, _LOADER)  # noqa: S506 - one of the two safe ones
    for item in found["paths"].values():
        for method, operation in item.items():
            if method != "parameters":
                operation["responses"] = _complete(method, operation)
    return found


def _complete(method: str, operation: dict[str, Any]) -> dict[str, Any]:
    names = {"400": "Invalid", "421": "Misdirected", "500": "Failed", "503": "Unavailable"}
    if operation.get("security") != []:
        names["401"] = "Unauthorized"
    if method == "get":
        names["304"] = "NotModified"
    if method != "get" or operation.get("x-role") == "admin":
        names["403"] = "Forbidden"
    if "requestBody" in operation:
        names |= {"408": "Timeout", "413": "TooLarge"}
    common = {status: {"$ref": f"#/components/responses/{name}"} for status, name in names.items()}
    return dict(sorted((common | operation["responses"]).items()))


# A broker has one address, or the few that its clients know it by.
@lru_cache(maxsize=4)
def _json(base: str) -> bytes:
    return orjson.dumps(_served_at(base))


@lru_cache(maxsize=4)
def _yaml(base: str) -> bytes:
    return yaml.dump(_served_at(base), Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=120, encoding="utf-8")


def _served_at(base: str) -> dict[str, Any]:
    return document() | {"servers": [{"url": base}]}


ROUTES: tuple[Route, ...] = (("GET", "/openapi.json", as_json), ("GET", "/openapi.yaml", as_yaml))
