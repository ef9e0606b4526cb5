"""One request as the handlers see it, and what they answer. Nothing here knows the web framework."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from attrs import define, field, frozen

from broker.config import Config
from broker.content import deeper_than
from broker.errors import InvalidError
from broker.hal.urls import Urls
from broker.metrics import Metrics
from broker.model import Webhook
from broker.query import Pairs
from broker.store.database import Database

HAL = "application/hal+json;charset=utf-8"
JSON = "application/json;charset=utf-8"
HTML = "text/html;charset=utf-8"
_MAX_NAME = 1000
_MAX_DEPTH = 100  # what is nested deeper could be read, but not written again


@frozen
class Call:
    """`path` is the path as it was sent, `params` its decoded segments, `now` the instant in microseconds.

    `administers`: whether whoever calls has the role admin, and may follow links that ask for it.
    """

    config: Config
    database: Database
    metrics: Metrics
    path: str
    params: Mapping[str, str]
    query: Pairs
    accept: str
    body: bytes
    urls: Urls
    now: int
    administers: bool

    def urls_for(self, hook: Webhook) -> Urls:
        """What a webhook is told to fetch. Whoever sets off its call does not decide that by a Host header."""
        listening = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
        return Urls(self.config.base_url or hook.request.base or f"http://{listening}:{self.config.port}")

    def json(self) -> dict[str, Any]:
        """The body as a JSON object, an empty one when there is no body; raises InvalidError."""
        if not self.body.strip():
            return {}
        try:
            loaded = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise InvalidError([f"The body is not valid JSON: {error}"]) from None
        if not isinstance(loaded, dict):
            raise InvalidError(["The body must be a JSON object"])
        if deeper_than(loaded, _MAX_DEPTH):
            raise InvalidError([f"The body is nested deeper than {_MAX_DEPTH} levels"])
        if b"\\u0000" in self.body:
            raise InvalidError(["The body holds a null character"])
        return loaded


@frozen
class Reply:
    """`body` is JSON-able, or bytes that are sent as they are, or None for an empty answer.

    Every successful answer to GET has an entity tag, made of what is sent: a handler need not think of it.
    """

    body: object = None
    status: int = 200
    location: str | None = None
    media_type: str = HAL

    def encoded(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)


def entity_tag(content: bytes) -> str:
    """A strong one: the same bytes have the same tag, on every process and after every restart."""
    return f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'


def is_known(tag: str, if_none_match: str) -> bool:
    """Whether the caller has this very answer already, by its If-None-Match header."""
    known = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return tag in known or known == ["*"]


Handler = Callable[[Call], Reply]
Route = tuple[str, str, Handler]

NO_CONTENT = Reply(status=204)


def created(body: object, location: str) -> Reply:
    return Reply(body, 201, location)


@define
class Fields:
    """Reads the fields of a JSON object and gathers every fault, so that a caller sees them all at once.

    A fault does not repeat the name of its field, under which it stands: clients print both.
    """

    source: Mapping[str, Any]
    faults: dict[str, list[str]] = field(factory=dict)

    def text(self, name: str, *, required: bool = False) -> str | None:
        value = self.source.get(name)
        if value is None:
            if required:
                self._fault(name, "is missing")
            return None
        if not isinstance(value, str):
            self._fault(name, "must be a text")
            return None
        if required and not value.strip():
            self._fault(name, "must not be blank")
            return None
        return value or None

    def name(self, name: str) -> str:
        """A required text that can stand in a path."""
        value = self.text(name, required=True) or ""
        if value and (fault := name_fault(value)):
            self._fault(name, fault)
        return value

    def flag(self, name: str, *, required: bool = False) -> bool | None:
        value = self.source.get(name)
        if value is None:
            if required:
                self._fault(name, "is missing")
            return None
        if isinstance(value, bool):
            return value
        self._fault(name, "must be true or false")
        return None

    def names(self, name: str) -> tuple[str, ...]:
        """A list of texts that can stand in a path; blank ones are dropped."""
        value = self.source.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._fault(name, "must be a list of texts")
            return ()
        kept = tuple(item for item in value if item.strip())
        for fault in filter(None, map(name_fault, kept)):
            self._fault(name, fault)
        return kept

    def objects(self, name: str) -> list[dict[str, Any]]:
        value = self.source.get(name)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self._fault(name, "is missing" if value is None else "must be a list of objects")
            return []
        return value

    def sentences(self) -> list[str]:
        """The faults with their names, for an answer where they stand under another one."""
        return [f"{name} {message}" for name, messages in self.faults.items() for message in messages]

    def check(self) -> None:
        if self.faults:
            raise InvalidError(self.faults)

    def _fault(self, name: str, message: str) -> None:
        self.faults.setdefault(name, []).append(message)


def name_fault(value: str) -> str | None:
    """Why a name cannot stand in a URL, or None when it can."""
    if len(value) > _MAX_NAME:
        return f"must have at most {_MAX_NAME} characters"
    if value.strip() in ("", ".", ".."):
        return "must not be blank or only dots"
    return "must not hold control characters" if any(ord(letter) < 32 for letter in value) else None


def checked_name(value: str, what: str) -> str:
    """A name from the path; raises InvalidError."""
    fault = name_fault(value)
    if fault:
        raise InvalidError({what: [fault]})
    return value
