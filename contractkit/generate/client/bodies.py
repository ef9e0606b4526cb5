"""The bodies of an operation: what a reply is read as, and how what is sent is told apart and written."""

from collections.abc import Iterable
from typing import Any

from attrs import frozen

from contractkit.generate.client.examples import LINES
from contractkit.generate.client.value import Value
from contractkit.generate.client.values import Values
from contractkit.generate.names import class_name
from contractkit.stub.document import Document, Media, Operation, Reply
from contractkit.stub.schemas import Schemas

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
EVENTS = "text/event-stream"
TEXTS = ("/xml", "+xml", "yaml", "javascript", "graphql")
TEXT = Value("str", "codec.string")
BYTES = Value("bytes")
FIELDS = Value("dict[str, Any]", "codec.anything")
STYLES = {"deepObject", "spaceDelimited", "pipeDelimited"}


@frozen
class Sent:
    """One media type of a request's body."""

    media_type: str
    kind: str  # "json", "form", "multipart", "text", "bytes"
    value: Value
    options: dict[str, str]  # of a form's fields: their styles, or their media types

    @property
    def classes(self) -> frozenset[str]:
        """What `isinstance` tells the value by; empty where it cannot."""
        parts = [each for each in _parts(self.value.annotation) if each != "None"]
        names = {each.partition("[")[0] for each in parts}
        return frozenset() if names & {"Any", "Literal"} else frozenset(names)

    def statement(self, *, told: bool) -> str:
        """The line that makes the bytes, or the parts, of `body`; `told` when its type is known to be this one."""
        body = "body" if told else f"cast({self.value.annotation!r}, body)"
        match self.kind:
            case "json":
                return f"content = encoding.json_bytes({body}{encoder(self.value)})"
            case "form":
                return f"content = encoding.url_encoded({body}, {self.value.encoder}, {self.options!r})"
            case "multipart":
                return f"files = encoding.multipart({body}, {self.value.encoder}, {self.options!r})"
            case "text":
                return f"content = encoding.text_bytes({body})"
        return f"content = encoding.raw_bytes({body})"


@frozen
class Received:
    """One media type of a reply: a value of `annotation`, which for a stream is what comes piece by piece."""

    media_type: str
    kind: str
    value: Value
    plain: bool = False
    exact: bool = False

    @property
    def annotation(self) -> str:
        return f"EventStream[{self.value.annotation}]" if self.is_stream else self.value.annotation

    @property
    def is_stream(self) -> bool:
        return self.kind in ("events", "lines")

    @property
    def written(self) -> str:
        """The body as Python."""
        decode = f", {self.value.decoder}" if self.kind in ("json", "form", "events", "lines") else ""
        told = "".join(f", {name}=True" for name in ("plain", "exact") if getattr(self, name))
        return f"Body({self.media_type!r}, {self.kind!r}{decode}{told})"


def sent(document: Document, operation: Operation, values: Values) -> tuple[Sent, ...]:
    """What an operation takes as its body, a media type each."""
    schemas = Schemas(document)
    name = f"{class_name(operation.key)}Request"
    return tuple(_sent(media, name, schemas, values) for media in operation.body)


def received(document: Document, operation: Operation, reply: Reply, values: Values) -> tuple[Received, ...]:
    """The bodies of a reply; none where HTTP allows none."""
    if reply.status in ("204", "205", "304") or reply.status.startswith("1") or operation.method == "HEAD":
        return ()
    schemas = Schemas(document)
    suffix = "" if reply.status.startswith("2") else class_name(reply.status).removeprefix("Type")
    name = f"{class_name(operation.key)}Response{suffix}"
    return tuple(_received(media, name, schemas, values) for media in reply.content)


def union(annotations: Iterable[str]) -> str:
    """Alternatives, each once, None last; Any takes all."""
    parts = list(dict.fromkeys(part for each in annotations for part in _parts(each)))
    if "Any" in parts:
        return "Any"
    return " | ".join([*(each for each in parts if each != "None"), *(["None"] if "None" in parts else [])])


def _parts(annotation: str) -> list[str]:
    """The alternatives of an annotation: `list[A | B] | None` has two."""
    found, depth, start, quote = [], 0, 0, ""
    for index, character in enumerate(annotation):
        if quote:
            quote = "" if character == quote and annotation[index - 1] != "\\" else quote
        elif character in "'\"":
            quote = character
        depth += not quote and (character == "[") - (character == "]")
        if not quote and not depth and character == "|":
            found.append(annotation[start:index].strip())
            start = index + 1
    return [*found, annotation[start:].strip()]


def _kind(media: Media, schemas: Schemas) -> str:
    name = media.name
    if name == EVENTS:
        return "events"
    if LINES.fullmatch(name):
        return "lines"
    if media.is_json:
        return "json"
    if name in (FORM, MULTIPART):
        return "multipart" if name == MULTIPART else "form"
    kinds = schemas.kinds(media.schema) if media.schema else frozenset()
    if name in ("*/*", "application/*") and kinds and kinds != {"string"}:
        return "json"
    return "text" if name.startswith("text/") or name.endswith(TEXTS) else "bytes"


def _sent(media: Media, name: str, schemas: Schemas, values: Values) -> Sent:
    kind = _kind(media, schemas)
    written = "application/json" if kind == "json" and "*" in media.name else media.written
    if kind == "json":
        return Sent(written, kind, values.value(media.schema, name, direction="request"), {})
    if kind in ("form", "multipart"):
        value = values.value(media.schema, f"{name}Form", direction="request") if media.schema else FIELDS
        return Sent(media.name, kind, value, dict(_options(media, kind)))
    if kind in ("text", "lines", "events"):
        return Sent(media.written, "text", TEXT, {})
    return Sent("application/octet-stream" if "*" in media.name else media.written, "bytes", BYTES, {})


def _options(media: Media, kind: str) -> Iterable[tuple[str, str]]:
    for name, encoding in media.encoding.items():
        wanted = encoding.get("contentType")
        if kind == "multipart" and isinstance(wanted, str) and "," not in wanted and "*" not in wanted:
            yield name, wanted
        elif kind == "form" and encoding.get("style") in STYLES and encoding.get("explode") is not True:
            yield name, encoding["style"]
        elif kind == "form" and encoding.get("explode") is False:
            yield name, "joined"
        elif kind == "form" and encoding.get("style") == "deepObject":
            yield name, "deepObject"


def _received(media: Media, name: str, schemas: Schemas, values: Values) -> Received:
    kind = _kind(media, schemas)
    if kind in ("events", "lines"):
        plain = kind == "events" and schemas.kinds(media.schema) <= {"string"}
        value = TEXT if plain else values.value(media.schema, name, direction="response")
        return Received(media.name, kind, value, plain, exact=values.is_exact(value))
    if kind == "json":
        value = values.value(media.schema, name, direction="response")
        return Received(media.name, kind, value, exact=values.is_exact(value))
    if kind == "form":
        value = values.value(media.schema, name, direction="response") if media.schema else FIELDS
        return Received(media.name, kind, value)
    return Received(media.name, "text" if kind == "text" else "bytes", TEXT if kind == "text" else BYTES)


def encoder(value: Value) -> str:
    """The further argument that a function of `encoding` takes; empty for what it does by itself."""
    return f", {value.encoder}" if value.encoder != "encoders.plain" else ""


def any_of(values: Iterable[Value]) -> tuple[frozenset[str], frozenset[str]]:
    """The imports and the models of several values."""
    found: list[Any] = list(values)
    return frozenset().union(*(each.imports for each in found)), frozenset().union(*(each.models for each in found))
