"""An exchange as people may read it: in the delivery log, and as the answer to a test execution."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson

from broker.hal.values import Json
from broker.webhooks.body_secrets import MASK
from broker.webhooks.secrecy import is_secret, struck
from broker.webhooks.sending import Exchange, Rendered

# Characters of a body or a header's value, and of a whole log; cut when the secrets are out, or half of one could stay.
_KEPT = 4 * 1024
_KEPT_OF_LOG = 32 * 1024


def log(exchange: Exchange, secrets: Iterable[str], now: int) -> str:
    """One line for each part of the exchange, without the secrets, and without what a database cannot keep."""
    request, answer, secrets = exchange.request, exchange.answer, list(secrets)
    said = [f"{request.method} {request.url}", *_header_lines(request.headers)]
    said += struck(request.body.decode(), secrets)[:_KEPT].splitlines()
    if answer is not None:
        said += [f"{answer.status} {answer.reason}", *_header_lines(answer.headers)]
        said += struck(answer.body, secrets)[:_KEPT].splitlines()
    stamp = datetime.fromtimestamp(now // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = struck("\n".join(f"[{stamp}] INFO: {line}" for line in said), secrets).replace("\x00", "\ufffd")
    text = text if len(text) <= _KEPT_OF_LOG else f"{text[:_KEPT_OF_LOG]} ... and {len(text) - _KEPT_OF_LOG} more"
    error = f"[{stamp}] ERROR: {struck(exchange.error, secrets)}\n" if exchange.error is not None else ""
    return f"{text}\n{error}"


def result(exchange: Exchange, secrets: list[str]) -> Json:
    """Request, and answer or error, as the Ruby broker shows them; bodies that are JSON as JSON. `message` says in
    a line how it went, for clients that show no more."""
    request = exchange.request
    body: Json = {
        "request": {
            "headers": _shown(request.headers, secrets),
            "body": _readable(request.body.decode(), secrets),
            "url": struck(request.target, secrets),
        }
    }
    if exchange.answer is not None:
        body["response"] = {
            "status": exchange.answer.status,
            "headers": _shown(exchange.answer.headers, secrets),
            "body": _readable(exchange.answer.body, secrets),
        }
        body["message"] = struck(f"Answered {exchange.answer.status} {exchange.answer.reason}", secrets)[:_KEPT]
    if exchange.error is not None:
        body["message"] = struck(exchange.error, secrets)
        body["error"] = {"message": body["message"]}
    return body


def not_sent(method: str, shown_url: str, why: str) -> Exchange:
    """For a request that could not even be put together."""
    return Exchange(Rendered(method, shown_url, "", 0, False, shown_url, (), b""), None, why)


def _header_lines(headers: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{name}: {MASK if is_secret(name) else value}" for name, value in headers]


def _shown(headers: Iterable[tuple[str, str]], secrets: Iterable[str]) -> dict[str, str]:
    return {name: MASK if is_secret(name) else struck(value, secrets)[:_KEPT] for name, value in headers}


def _readable(body: str, secrets: Iterable[str]) -> Any:
    text = struck(body, secrets)[:_KEPT]
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
