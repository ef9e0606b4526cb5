"""A webhook as a client defines it: read, checked as a whole, with every fault named by its field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
from attrs import field, frozen

from broker.call import Fields
from broker.errors import InvalidError
from broker.model import WebhookRequest
from broker.webhooks import templates
from broker.webhooks.destinations import Policy, normal_host
from broker.webhooks.secrecy import MaskError, restored

CONTRACT_PUBLISHED = "contract_published"
CONTENT_CHANGED = "contract_content_changed"
REQUIRING_VERIFICATION = "contract_requiring_verification_published"
VERIFICATION_PUBLISHED = "provider_verification_published"
VERIFICATION_SUCCEEDED = "provider_verification_succeeded"
VERIFICATION_FAILED = "provider_verification_failed"
EVENTS = (
    CONTRACT_PUBLISHED,
    CONTENT_CHANGED,
    REQUIRING_VERIFICATION,
    VERIFICATION_PUBLISHED,
    VERIFICATION_SUCCEEDED,
    VERIFICATION_FAILED,
)
_UUID = re.compile(r"[A-Za-z0-9_-]{16,255}\Z")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection", "te", "upgrade", "expect"})
_MAX_REQUEST_BYTES = 256 * 1024
_MAX_URL = 8000


@frozen
class Definition:
    """`consumer` and `provider` are names, or None; at most one of name and label is set for each side."""

    description: str
    consumer: str | None
    consumer_label: str | None
    provider: str | None
    provider_label: str | None
    events: tuple[str, ...]
    request: WebhookRequest
    enabled: bool


@frozen
class _Reader:
    policy: Policy
    faults: dict[str, list[str]] = field(factory=dict)

    def fault(self, name: str, message: str) -> None:
        self.faults.setdefault(name, []).append(message)


def definition(body: dict[str, Any], policy: Policy, stored: WebhookRequest | None) -> Definition:
    """`stored` is what a definition that is sent back masked refers to. Raises InvalidError with every fault."""
    reader = _Reader(policy)
    fields = Fields(body, reader.faults)
    description = (fields.text("description") or "").strip()
    enabled = fields.flag("enabled")
    consumer, consumer_label = _side(body, "consumer", reader)
    provider, provider_label = _side(body, "provider", reader)
    events = _events(body.get("events"), reader)
    request = _request(body.get("request"), reader)
    if reader.faults or request is None:
        raise InvalidError(reader.faults)
    try:
        request = restored(request, stored)
    except MaskError as error:
        raise InvalidError({error.field: [str(error)]}) from None
    return Definition(
        description, consumer, consumer_label, provider, provider_label, events, request, enabled is not False
    )


def readable_request(given: object, policy: Policy) -> tuple[WebhookRequest, dict[str, list[str]]]:
    """A request from elsewhere, without what can never be sent, and what is against calling it, by field.

    Raises InvalidError when nothing of it can be kept: where it goes is not clear, or it is too large.
    """
    reader = _Reader(policy)
    request = _request(given, reader)
    if request is None or "request" in reader.faults:
        raise InvalidError({"request": reader.faults["request"]})
    if not _HEADER_NAME.match(request.method) or url_fault(request.url) is not None:
        raise InvalidError({"request": ["has no usable method and URL"]})
    return request, reader.faults


def checked_uuid(uuid: str) -> str:
    """A UUID that a client chose; raises InvalidError."""
    if _UUID.match(uuid):
        return uuid
    raise InvalidError({"uuid": ["must have 16 to 255 characters of A-Z, a-z, 0-9, _ and -"]})


def _side(body: Mapping[str, Any], name: str, reader: _Reader) -> tuple[str | None, str | None]:
    given = body.get(name)
    if given is None:
        return None, None
    if not isinstance(given, dict):
        reader.fault(name, "must be an object with a name or a label")
        return None, None
    fields = Fields(given)
    found, label = fields.text("name"), fields.text("label")
    for key, messages in fields.faults.items():
        reader.faults[f"{name}.{key}"] = messages
    if (found is None) == (label is None) and not fields.faults:
        reader.fault(name, "must have either a name or a label")
    return found, label


def _events(given: object, reader: _Reader) -> tuple[str, ...]:
    # A client of old, which knew no other event, sends none.
    if given is None:
        return (CONTENT_CHANGED,)
    names = [one.get("name") for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    if not names or not isinstance(given, list) or len(names) != len(given):
        reader.fault("events", 'must be a list such as [{"name": "contract_content_changed"}]')
        return ()
    for unknown in [name for name in names if name not in EVENTS]:
        reader.fault("events.name", f"must be one of {', '.join(EVENTS)}; not {str(unknown)[:100]!r}")
    return tuple(dict.fromkeys(str(name) for name in names))


def _request(given: object, reader: _Reader) -> WebhookRequest | None:
    if not isinstance(given, dict):
        reader.fault("request", "is missing" if given is None else "must be an object")
        return None
    inner = Fields(given)
    method, url = inner.text("method", required=True) or "", inner.text("url", required=True) or ""
    username, password = inner.text("username"), inner.text("password")
    for name, messages in inner.faults.items():
        reader.faults[f"request.{name}"] = messages
    if method:
        _check_method(method, reader)
    if url:
        _check_url(url, reader)
    headers = _headers(given.get("headers"), reader)
    if password is not None and username is None:
        reader.fault("request.username", "is missing, but there is a password")
    body = given.get("body")
    for where, template in (("url", url), ("headers", dict(headers)), ("body", body)):
        _check_names(f"request.{where}", template, reader)
    if len(orjson.dumps(body)) + sum(len(value) for _, value in headers) > _MAX_REQUEST_BYTES:
        reader.fault("request", f"must have at most {_MAX_REQUEST_BYTES} bytes")
    return WebhookRequest(method.upper(), url, headers, body, username, password)


def _check_method(method: str, reader: _Reader) -> None:
    if method.upper() in reader.policy.methods:
        return
    allowed = ", ".join(sorted(reader.policy.methods))
    hint = f"; others are allowed by starting the broker with --webhook-method {method.upper()[:20]}"
    reader.fault("request.method", f"must be one of {allowed}{hint if _HEADER_NAME.match(method) else ''}")


def _check_url(url: str, reader: _Reader) -> None:
    fault = url_fault(url)
    if fault is not None:
        reader.fault("request.url", fault)
        return
    found = urlsplit(url)
    if found.scheme.lower() not in reader.policy.schemes:
        reader.fault("request.url", "must begin with https://, unless the broker is started with --webhook-scheme http")
    forbidden = reader.policy.forbidden_host(found.hostname or "")
    if forbidden is not None:
        reader.fault("request.url", f"cannot be called: {forbidden}")


def url_fault(url: str) -> str | None:
    """Why nothing can be sent to a URL, whatever may be allowed; None when it can."""
    if len(url) > _MAX_URL or _CONTROL.search(url) or " " in url:
        return f"must have at most {_MAX_URL} characters, and neither blanks nor control characters"
    try:
        found = urlsplit(url)
        host, port = found.hostname or "", found.port
    except ValueError:
        return "is not a URL"
    if found.scheme.lower() not in ("http", "https") or not host or "\\" in found.netloc:
        return "must be such as https://host/path"
    if templates.has_place(found.netloc):
        return "must not have ${...} in its host: where a webhook goes is decided when it is defined"
    return None if port != 0 and (":" in host or normal_host(host)) else "has no usable host or port"


def _headers(given: object, reader: _Reader) -> tuple[tuple[str, str], ...]:
    if given is None:
        return ()
    if not isinstance(given, dict):
        reader.fault("request.headers", "must be an object of texts")
        return ()
    found: dict[str, str] = {}
    for name, value in given.items():
        fault = _header_fault(name, value)
        if fault is not None:
            reader.fault(f"request.headers.{name[:100]}", fault)
        else:
            found[name.lower()] = value
    return tuple(found.items())


def _header_fault(name: str, value: object) -> str | None:
    if not _HEADER_NAME.match(name):
        return "is not a header name"
    if name.lower() in _OWN_HEADERS:
        return "is set by the broker itself"
    if not isinstance(value, str):
        return "must be a text"
    return "must not hold control characters" if _CONTROL.search(value) else None


def _check_names(where: str, template: object, reader: _Reader) -> None:
    unknown = templates.unknown_names(template)
    if unknown:
        known = ", ".join(templates.NAMES)
        listed = ", ".join(f"${{pactbroker.{name[:60]}}}" for name in unknown[:20])
        reader.fault(where, f"has {listed}, which the broker does not know; it knows {known}")
