"""What the in-memory transport of a client answers: the document's examples, and values made where it has none."""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import evolve, frozen

from contractkit.generate.client.page_names import ENVELOPES, MEMBERS
from contractkit.stub.document import Document, Header, Media, Operation, Parameter, Reply
from contractkit.stub.parameters import argument_name
from contractkit.stub.routing import Routes
from contractkit.stub.schemas import Direction, Schemas
from contractkit.stub.values import Maker, NoValueError

log = logging.getLogger("contractkit.generate")

FILE: Final = "testing/examples.json"
NEXT: Final = {*MEMBERS["next"], "next_link", "next_url", "next_uri", "next_href"} - {"cursor", "marker"}
LINES: Final = re.compile(
    r"application/(json-?lines|jsonl|x-jsonlines|(x-)?ndjson|stream\+json|x-json-stream|json-seq)"
)


def write(document: Mapping[str, Any], package: Path) -> None:
    """Writes `testing/examples.json` into the folder of a generated package; the same document gives the same bytes."""
    path = package / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(collect(document), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def collect(document: Mapping[str, Any]) -> dict[str, Any]:
    """The operations of a bundled OpenAPI 3.0 document as the transport reads them.

    `order` lists the operations as paths are matched, the more literal first; of those that differ in nothing but the
    fragment of their path, which is never sent, only one is in it. An operation has its `method`, `path`, what it
    `requires`, the media types it `accepts`, and its `replies`: a status as documented, and for each of its media
    types the examples by name. The nameless example, and the one that was made, are called "".

    `bases` are the paths of the servers, which stand before those of operations; `secrets` places of credentials.
    """
    read = Document.load(document)
    schemas = Schemas(read)
    plain_first = sorted(read.operations, key=lambda operation: "#" in operation.path)
    routes = Routes.build(tuple(evolve(each, path=re.split("[?#]", each.path)[0]) for each in plain_first))
    return {
        "order": [each.key for template in routes.ordered for each, _ in template.methods.values()],
        "operations": {operation.key: _Examples(operation, schemas).all() for operation in read.operations},
        "bases": sorted(set(_bases(read))),
        "secrets": sorted({_place(scheme) for scheme in read.schemes().values()}),
    }


@frozen
class _Examples:
    """The examples of one operation."""

    operation: Operation
    schemas: Schemas

    def all(self) -> dict[str, Any]:
        return {
            "method": self.operation.method,
            "path": self.operation.path,
            "requires": [
                [each.location, each.name] for each in self.operation.parameters if each.required and self._shows(each)
            ],
            "accepts": [media.name for media in self.operation.body],
            "body_required": self.operation.body_required,
            "success": self._success(),
            "replies": {reply.status: self._reply(reply) for reply in self.operation.replies.values()},
        }

    def _success(self) -> str:
        """The status that is answered unless told otherwise: a success, a redirection, else what is documented."""
        known = [*self.operation.replies]
        redirecting = [each for each in known if each[0] == "3"]
        successes = [each.status for each in self.operation.successes]
        return next(iter([*(each for each in successes if each != "default"), *redirecting, *successes, *known]), "")

    def _shows(self, parameter: Parameter) -> bool:
        """Whether a parameter is seen under its own name; a spread object's properties are parameters themselves."""
        spread = parameter.explode and parameter.style == "form" and "object" in self.schemas.kinds(parameter.schema)
        return parameter.location != "path" and not spread

    def _reply(self, reply: Reply) -> dict[str, Any]:
        leads = reply.status[0] == "3" and reply.status != "304"
        headers = {"Location": "https://example.com/"} if leads else {}
        for each in reply.headers:
            if each.required or each.examples or (leads and each.name.lower() == "location"):
                headers["Location" if each.name.lower() == "location" else each.name] = self._header(each)
        return {"headers": headers, "content": {media.written: dict(self._examples(media)) for media in reply.content}}

    def _examples(self, media: Media) -> Iterator[tuple[str, object]]:
        """The examples by name: those that fit the schema, a made one where none does, and then the others.

        The first one is what a transport answers with; the others are there to be asked for by name.
        """
        given = dict(self._candidates(media))
        fitting = {name: value for name, value in given.items() if self._fits(media, value)}
        yield from (fitting or dict(self._made(media.schema)) or given).items()
        yield from ((name, value) for name, value in given.items() if name and name not in fitting)

    def _candidates(self, media: Media) -> Iterator[tuple[str, object]]:
        if media.examples:
            yield from media.examples.items()
            return
        own = [part["example"] for part in self.schemas.parts(media.schema) if "example" in part]
        yield from (("", value) for value in own[:1])

    def _fits(self, media: Media, value: object) -> bool:
        if isinstance(value, str) and (media.name == "text/event-stream" or LINES.fullmatch(media.name)):
            return True  # a stream as it is sent; the schema is one event's
        return not media.schema or self.schemas.check(media.schema, Direction.RESPONSE).accepts(value)

    def _made(self, schema: dict[str, Any]) -> Iterator[tuple[str, object]]:
        try:
            found = Maker(self.schemas, Direction.RESPONSE).make(schema)
            yield "", _last_page(found, self.schemas.check(schema, Direction.RESPONSE).accepts) if schema else found
        except NoValueError as error:
            log.info("%s: no example could be made of a response: %s", self.operation.key, error)

    def _header(self, header: Header) -> str:
        own = [part["example"] for part in self.schemas.parts(header.schema) if "example" in part]
        made = () if header.examples or own else (value for _, value in self._made(header.schema))
        value = next(iter([*header.examples.values(), *own, *made]), "example")
        return value if isinstance(value, str) else json.dumps(value)


def _last_page(value: object, fits: Callable[[object], bool]) -> object:
    """A made page without what leads to the next one, as far as that fits: who walks the list comes to its end."""
    if not isinstance(value, dict):
        return value
    for key, member in value.items():
        rest = {name: each for name, each in value.items() if name != key}
        name, changed = argument_name(key), list[dict[str, object]]()
        if name in NEXT and member is not None:
            changed = [rest, {**value, key: None}]
        elif name in MEMBERS["more"] and member is True:
            changed = [{**value, key: False}]
        elif name in ENVELOPES and isinstance(member, dict):
            inner = _last_page(member, partial(_fits_at, fits, value, key))
            changed = [{**value, key: inner}] if inner != member else []
        shorter = next(filter(fits, changed), None)
        if shorter is not None:
            return _last_page(shorter, fits)
    return value


def _fits_at(fits: Callable[[object], bool], whole: Mapping[str, object], key: str, member: object) -> bool:
    return fits({**whole, key: member})


def _bases(document: Document) -> Iterator[str]:
    for server in document.raw.get("servers") or ():
        path = urlsplit(str(server.get("url", ""))).path.rstrip("/")
        if path and "{" not in path:
            yield path


def _place(scheme: Mapping[str, Any]) -> tuple[str, str]:
    """Where a security scheme puts its credential."""
    if scheme.get("type") == "apiKey":
        return str(scheme.get("in")), str(scheme.get("name"))
    return "header", "Authorization"
