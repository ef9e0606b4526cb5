"""The requests of a comparison, made from a document: its own examples, the same bytes for every server."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from attrs import frozen

from contractkit.stub.document import METHODS, Document, Operation, Parameter, Schema
from contractkit.stub.schemas import Direction, Schemas
from contractkit.stub.values import Maker, NoValueError

COMPARED = ("GET", "POST")


@frozen
class Request:
    """One request as it goes over the wire; `label` is its operation, `POST /items`."""

    label: str
    target: str
    data: bytes
    plain: bool
    """Whether the target alone asks it: a GET without a header or a body of its own."""


def request(method: str, target: str, headers: Mapping[str, str], body: bytes = b"", *, label: str = "") -> Request:
    """A request in bytes; Host, Accept and, for a body, its type and length are set where `headers` does not."""
    sent = {"Host": "127.0.0.1", "Accept": "application/json"}
    if body:
        sent |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in (sent | dict(headers)).items())
    data = f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + body
    return Request(label or f"{method} {target}", target, data, method == "GET" and not headers and not body)


def opened(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The document without its security and with `/` as its server, so that every server lets the same calls in."""
    paths = {}
    for path, item in spec.get("paths", {}).items():
        paths[path] = {
            name: {key: value for key, value in node.items() if key != "security"} if name in METHODS else node
            for name, node in item.items()
        }
    bare = {key: value for key, value in spec.items() if key != "security"}
    return {**bare, "servers": [{"url": "/"}], "paths": paths}


def requests(document: Document) -> tuple[Request, ...]:
    """A request for each GET and POST whose first success has an example, in the order of the document.

    Left out is an operation that takes an object as a parameter or a body other than JSON, or for which no valid
    value is known.
    """
    schemas = Schemas(document)
    found = (_request(document, schemas, each) for each in document.operations if each.method in COMPARED)
    return tuple(each for each in found if each is not None)


def _request(document: Document, schemas: Schemas, operation: Operation) -> Request | None:
    if not _has_example(operation):
        return None
    try:
        pairs = [(each, _texts(value)) for each, value in parameter_values(document, schemas, operation)]
        body = _body(schemas, operation)
    except (NoValueError, TypeError):
        return None
    target = operation.path
    for parameter, texts in pairs:
        if parameter.location == "path":
            target = target.replace(f"{{{parameter.name}}}", quote(",".join(texts), safe=""))
    query = [(each.name, text) for each, texts in pairs if each.location == "query" for text in _spread(each, texts)]
    headers = {each.name: ",".join(texts) for each, texts in pairs if each.location == "header"}
    target += f"?{urlencode(query)}" if query else ""
    return request(operation.method, target, headers, body, label=f"{operation.method} {operation.path}")


def parameter_values(document: Document, schemas: Schemas, operation: Operation) -> list[tuple[Parameter, object]]:
    """The parameters that have an example or are required, each with its value. Raises NoValueError."""
    return [
        (parameter, value)
        for parameter, node in _given(document, operation)
        for value in _value(document, schemas, parameter, node)
    ]


def _has_example(operation: Operation) -> bool:
    success = next((reply for reply in operation.successes if re.fullmatch(r"2\d\d", reply.status)), None)
    if success is None:
        return False
    return not success.content or any(media.is_json and media.examples for media in success.content)


def _given(document: Document, operation: Operation) -> Iterator[tuple[Parameter, Schema]]:
    """The parameters with their nodes, whose examples `Parameter` does not keep."""
    item = document.follow(document.raw["paths"][operation.path])
    nodes = [*item.get("parameters", []), *item[operation.method.lower()].get("parameters", [])]
    by_name = {(node["in"], node["name"]): node for node in map(document.follow, nodes)}
    for parameter in operation.parameters:
        yield parameter, by_name[parameter.location, parameter.name]


def _value(document: Document, schemas: Schemas, parameter: Parameter, node: Schema) -> tuple[object, ...]:
    """The example of a parameter; without one a made-up value if it is required, and nothing if it is not."""
    examples = [document.follow(each).get("value") for each in node.get("examples", {}).values()]
    written = [node["example"]] if "example" in node else examples
    if written and parameter.location != "cookie":
        return (written[0],)
    return (Maker(schemas, Direction.REQUEST).make(parameter.schema),) if parameter.required else ()


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        raise TypeError("an object has too many spellings as a parameter")
    if isinstance(value, list):
        return [_text(each) for each in value]
    return [_text(value)]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _spread(parameter: Parameter, texts: list[str]) -> list[str]:
    return texts if parameter.explode else [",".join(texts)]


def _body(schemas: Schemas, operation: Operation) -> bytes:
    if not operation.body:
        return b""
    media = next((each for each in operation.body if each.is_json), None)
    if media is None:
        if operation.body_required:
            raise TypeError("only JSON bodies are compared")
        return b""
    examples = list(media.examples.values())
    return orjson.dumps(examples[0] if examples else Maker(schemas, Direction.REQUEST).make(media.schema))
