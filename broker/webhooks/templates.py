"""`${pactbroker.name}` in what a webhook sends, filled in so that no value can leave the place it stands in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import orjson

# https://docs.pact.io/pact_broker/webhooks/dynamic_variable_sub, and what the Ruby broker knows beyond that page.
NAMES = (
    "eventName",
    "consumerName",
    "consumerVersionNumber",
    "consumerVersionBranch",
    "consumerVersionTags",
    "consumerLabels",
    "providerName",
    "providerVersionNumber",
    "providerVersionBranch",
    "providerVersionTags",
    "providerVersionDescriptions",
    "providerLabels",
    "currentlyDeployedProviderVersionNumber",
    "pactUrl",
    "verificationResultUrl",
    "buildUrl",
    "githubVerificationStatus",
    "bitbucketVerificationStatus",
    "azureDevOpsVerificationStatus",
    "gitlabVerificationStatus",
    "providerMainBranchGithubVerificationStatus",
)
_PLACE = re.compile(r"\$\{pactbroker\.([^}]*)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def unknown_names(template: Any) -> list[str]:
    """The names in a text, or in any text of a JSON value, that no event gives a value for."""
    return sorted({name for text in _texts(template) for name in _PLACE.findall(text)} - set(NAMES))


def has_place(text: str) -> bool:
    return "${" in text


def in_url(template: str, values: Mapping[str, str]) -> str:
    return _filled(template, values, lambda value: quote(value, safe=""))


def in_header(template: str, values: Mapping[str, str]) -> str:
    return _filled(template, values, lambda value: _CONTROL.sub(" ", value))


def in_body(template: Any, values: Mapping[str, str], content_type: str) -> bytes:
    """A JSON value is filled in text by text; a text as its content type demands."""
    if not isinstance(template, str):
        return orjson.dumps(_filled_json(template, values))
    kind = content_type.partition(";")[0].strip().lower()
    if kind.endswith("json"):
        return _filled(template, values, lambda value: orjson.dumps(value).decode()[1:-1]).encode()
    if kind == "application/x-www-form-urlencoded":
        return in_url(template, values).encode()
    return _filled(template, values, str).encode()


def _filled(template: str, values: Mapping[str, str], escape: Callable[[str], str]) -> str:
    return _PLACE.sub(lambda place: escape(values.get(place[1], "")), template)


def _filled_json(template: Any, values: Mapping[str, str]) -> Any:
    if isinstance(template, str):
        return _filled(template, values, str)
    if isinstance(template, list):
        return [_filled_json(item, values) for item in template]
    if isinstance(template, dict):
        return {_filled(key, values, str): _filled_json(item, values) for key, item in template.items()}
    return template


def _texts(template: Any) -> list[str]:
    if isinstance(template, str):
        return [template]
    if isinstance(template, dict):
        return [text for key, item in template.items() for text in (key, *_texts(item))]
    if isinstance(template, list):
        return [text for item in template for text in _texts(item)]
    return []
