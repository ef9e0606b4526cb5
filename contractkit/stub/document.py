"""The document as values: operations with their parameters, bodies, responses and security, references followed."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote

from attrs import field, frozen

from contractkit.stub.problems import StubError

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
STATUS = re.compile(r"[1-5](\d\d|XX)|default")
HEADERS_OF_HTTP = {"accept", "content-type", "authorization"}  # OpenAPI: as parameters these are ignored

Schema = dict[str, Any]


@frozen
class Parameter:
    """One input outside the body; `media_type` is set for a parameter that carries a document of that type."""

    name: str
    location: str
    required: bool
    schema: Schema
    style: str
    explode: bool
    allow_empty: bool = False
    media_type: str | None = None


@frozen
class Media:
    """One media type of a body: its name as written, without parameters and in lower case, schema and examples."""

    written: str
    name: str
    schema: Schema
    examples: Mapping[str, object]
    encoding: Mapping[str, Mapping[str, Any]]

    @property
    def is_json(self) -> bool:
        return is_json(self.name)


@frozen
class Header:
    """A response header."""

    name: str
    required: bool
    schema: Schema
    examples: Mapping[str, object]


@frozen
class Reply:
    """A documented response; `status` as written: `200`, `2XX` or `default`."""

    status: str
    content: tuple[Media, ...]
    headers: tuple[Header, ...]


@frozen
class Operation:
    """One method of one path. `key` is the operationId, or one made up where the document has none.

    `security` holds the alternatives, each the names of schemes that must all agree; empty means open to everybody.
    """

    key: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: tuple[Media, ...]
    body_required: bool
    replies: Mapping[str, Reply]
    security: tuple[tuple[str, ...], ...]

    def reply(self, status: int) -> Reply | None:
        """The response documented for a status: by its number, by its class, or the default one."""
        return self.replies.get(str(status)) or self.replies.get(f"{status // 100}XX") or self.replies.get("default")

    @property
    def successes(self) -> tuple[Reply, ...]:
        """The 2xx responses, numbered ones first; the default one where there is none."""
        found = sorted((key for key in self.replies if key.startswith("2")), key=lambda key: (key == "2XX", key))
        return tuple(self.replies[key] for key in found or ["default"] if key in self.replies)


@frozen
class Document:
    """An OpenAPI 3.0 document, its keys and values as JSON has them."""

    raw: Schema
    operations: tuple[Operation, ...] = field(init=False)

    @classmethod
    def load(cls, spec: Mapping[str, object]) -> "Document":
        """Reads a document. Raises StubError if it is not OpenAPI 3.0 or a reference leads nowhere."""
        raw = as_json(spec)
        version = str(raw.get("openapi", ""))
        if not version.startswith("3.0"):
            raise StubError(f"only OpenAPI 3.0 can be served; the document says {version or 'nothing'!r}")
        return cls(raw)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "operations", tuple(self._operations()))

    def target(self, pointer: str) -> Any:
        """What a `$ref` of this document points at. Raises StubError for other documents and for empty places."""
        if not pointer.startswith("#"):
            raise StubError(f"the reference {pointer!r} leaves the document; bundle the document first")
        node: Any = self.raw
        for part in unquote(pointer[1:]).split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            try:
                node = node[int(name)] if isinstance(node, list) else node[name]
            except (KeyError, IndexError, ValueError, TypeError):
                raise StubError(f"the reference {pointer!r} leads nowhere") from None
        return node

    def follow(self, node: Any) -> Any:
        """The node itself, or what its `$ref` points at, through any number of references."""
        seen: set[str] = set()
        while isinstance(node, dict) and isinstance(node.get("$ref"), str):
            if node["$ref"] in seen:
                raise StubError(f"the reference {node['$ref']!r} points at itself")
            seen.add(node["$ref"])
            node = self.target(node["$ref"])
        return node

    def schemes(self) -> dict[str, Schema]:
        """The security schemes by name."""
        declared = self.raw.get("components", {}).get("securitySchemes", {})
        return {name: self.follow(scheme) for name, scheme in declared.items()}

    def _operations(self) -> Iterator[Operation]:
        used: set[str] = set()
        for path, reference in self.raw.get("paths", {}).items():
            if not path.startswith("/"):
                continue  # an extension
            item = self.follow(reference)
            for method in METHODS:
                if method in item:
                    yield self._operation(path, method, item, used)

    def _operation(self, path: str, method: str, item: Schema, used: set[str]) -> Operation:
        node = item[method]
        key = str(node.get("operationId") or f"{method} {path}")
        if key in used:
            key = f"{key} ({method} {path})"
        used.add(key)
        body = self.follow(node.get("requestBody", {}))
        security = node.get("security", self.raw.get("security", []))
        replies = (self._reply(status, reply) for status, reply in node.get("responses", {}).items())
        return Operation(
            key=key,
            method=method.upper(),
            path=path,
            parameters=tuple(self._parameters(item.get("parameters", []), node.get("parameters", []))),
            body=self._content(body.get("content", {})),
            body_required=bool(body.get("required", False)),
            replies={reply.status: reply for reply in replies if STATUS.fullmatch(reply.status)},
            security=tuple(tuple(alternative) for alternative in security),
        )

    def _parameters(self, *lists: list[Schema]) -> Iterator[Parameter]:
        merged = {}
        for node in (self.follow(each) for nodes in lists for each in nodes):
            merged[node["in"], node["name"]] = node
        for (location, name), node in merged.items():
            if location == "header" and name.lower() in HEADERS_OF_HTTP:
                continue
            style = node.get("style", "form" if location in ("query", "cookie") else "simple")
            content = next(iter(node.get("content", {}).items()), None)
            yield Parameter(
                name=name,
                location=location,
                required=bool(node.get("required", False)) or location == "path",
                schema=(content[1] if content else node).get("schema", {}),
                style=style,
                explode=bool(node.get("explode", style == "form")),
                allow_empty=bool(node.get("allowEmptyValue", False)),
                media_type=content[0] if content else None,
            )

    def _reply(self, status: str, reference: Schema) -> Reply:
        node = self.follow(reference)
        return Reply(
            status=status.upper() if status != "default" else status,
            content=self._content(node.get("content", {})),
            headers=tuple(
                self._header(name, header)
                for name, header in node.get("headers", {}).items()
                if name.lower() != "content-type"
            ),
        )

    def _header(self, name: str, reference: Schema) -> Header:
        node = self.follow(reference)
        return Header(name, bool(node.get("required", False)), node.get("schema", {}), self._examples(node))

    def _content(self, content: Schema) -> tuple[Media, ...]:
        return tuple(
            Media(
                written=written,
                name=written.partition(";")[0].strip().lower(),
                schema=media.get("schema") or {},
                examples=self._examples(media),
                encoding=media.get("encoding", {}),
            )
            for written, media in ((written, media or {}) for written, media in content.items())
        )

    def _examples(self, node: Schema) -> dict[str, object]:
        """The examples of a media type or header by name; the nameless one is called the empty string."""
        named = {name: self.follow(example) for name, example in (node.get("examples") or {}).items()}
        found = {name: each["value"] for name, each in named.items() if isinstance(each, dict) and "value" in each}
        return {"": node["example"], **found} if "example" in node else found


def is_json(media_type: str) -> bool:
    """Whether bodies of a media type (lower case, without parameters) are JSON."""
    return media_type.endswith(("/json", "+json"))


def as_json(node: Any) -> Any:
    """A copy with the types of JSON: YAML readers leave numbers as keys and dates as values."""
    match node:
        case Mapping():
            return {str(key): as_json(value) for key, value in node.items()}
        case list() | tuple():
            return [as_json(value) for value in node]
        case datetime() | date():
            return node.isoformat()
        case _:
            return node
