"""Request bodies: read under a limit, decoded by their media type, validated."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from attrs import frozen
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from contractkit.stub.decoding import Decoder, DecodingError, load_json
from contractkit.stub.document import Media, Operation
from contractkit.stub.problems import FieldError, Problem
from contractkit.stub.schemas import Check, Direction, Schemas

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
CHARSETS = {"utf-8", "utf8", "us-ascii", "ascii"}
BINARY = {"binary", "byte", "base64"}
MAX_FIELDS = 1000


@frozen
class BodyReader:
    """Reads the body of one media type."""

    media: Media
    check: Check
    decoder: Decoder
    binary: frozenset[str]

    @classmethod
    def build(cls, media: Media, schemas: Schemas) -> "BodyReader":
        """The reader of one documented media type."""
        properties = schemas.properties(media.schema)
        return cls(
            media,
            schemas.check(media.schema, Direction.REQUEST),
            Decoder.build(media.schema, schemas),
            frozenset(name for name, each in properties.items() if _is_binary(schemas, each)),
        )

    async def read(self, body: bytes, headers: Headers) -> object:
        """The decoded body. Raises Problem 400 with its faults, and 415 for a charset that is not UTF-8."""
        name = _mime(headers) or self.media.name
        charset = _charset(headers)
        if charset not in CHARSETS and not _is_opaque(name):
            raise Problem(415, detail=f"The charset {charset} is not supported; send UTF-8.")
        try:
            value = await self._decode(name, body, headers)
        except DecodingError as error:
            raise Problem(400, detail="The body cannot be read.", errors=(FieldError("", str(error)),)) from None
        faults = self._faults(name, value)
        if faults:
            raise Problem(400, detail="The body is not as documented.", errors=tuple(faults))
        return value

    async def _decode(self, name: str, body: bytes, headers: Headers) -> object:
        if name.endswith(("/json", "+json")):
            return load_json(body)
        if name == FORM:
            return self._form(body)
        if name == MULTIPART:
            return await self._multipart(body, headers)
        return body if _is_opaque(name) else _text(body)

    def _faults(self, name: str, value: object) -> list[FieldError]:
        if isinstance(value, bytes):
            return []
        if isinstance(value, str) and not name.endswith("json") and "string" not in self.decoder.kinds:
            return []  # a text format, such as XML, whose schema speaks of what the text stands for
        seen = _without_bytes(value) if name in (FORM, MULTIPART) else value
        return [] if self.check.accepts(seen) else self.check.errors(seen)

    def _form(self, body: bytes) -> dict[str, object]:
        try:
            pairs = parse_qsl(_text(body), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
        except ValueError as error:
            raise DecodingError(str(error)) from None
        fields: dict[str, list[Any]] = {}
        for name, value in pairs:
            fields.setdefault(name, []).append(value)
        return {name: self._field(name, values) for name, values in fields.items()}

    async def _multipart(self, body: bytes, headers: Headers) -> dict[str, object]:
        async def stream() -> AsyncIterator[bytes]:
            yield body

        try:
            form = await MultiPartParser(headers, stream(), max_part_size=len(body) + 1).parse()  # type: ignore[arg-type]  # any async iterator will do
        except (MultiPartException, KeyError, ValueError, UnicodeDecodeError) as error:
            raise DecodingError(f"not a multipart form: {error}") from None
        fields: dict[str, list[Any]] = {}
        for name, part in form.multi_items():
            fields.setdefault(name, []).append(await self._part(part))
        await form.close()
        return {name: self._field(name, values) for name, values in fields.items()}

    async def _part(self, part: UploadFile | str) -> object:
        if isinstance(part, str):
            return part
        content = await part.read()
        mime = (part.content_type or "").partition(";")[0].strip().lower()
        return load_json(content) if mime.endswith(("/json", "+json")) else content

    def _field(self, name: str, values: list[Any]) -> object:
        """One field of a form: text is decoded by its schema, parts that are files or JSON stay as they are."""
        decoder = self.decoder.properties.get(name)
        if name in self.binary:
            return (
                [_bytes(each) for each in values] if decoder and decoder.is_array else _only(_bytes(values[0]), values)
            )
        if decoder is None:
            return values[0] if len(values) == 1 else values
        encoding = self.media.encoding.get(name, {})
        if decoder.is_array:
            return self._array(decoder, values, encoding)
        value = _only(values[0], values)
        if not isinstance(value, str):
            return value
        if decoder.is_object or "json" in encoding.get("contentType", ""):
            return load_json(value.encode())
        return decoder.scalar(value)

    def _array(self, decoder: Decoder, values: list[Any], encoding: Mapping[str, Any]) -> object:
        first = values[0]
        if len(values) == 1 and isinstance(first, list):
            return first  # one part that was JSON
        if len(values) == 1 and isinstance(first, str) and encoding.get("explode") is False:
            return decoder.joined(first, style=encoding.get("style", "form"), explode=False)
        if decoder.items and decoder.items.is_object:
            return [load_json(each.encode()) if isinstance(each, str) else each for each in values]
        return [decoder.items.scalar(each) if decoder.items and isinstance(each, str) else each for each in values]


def readers(operation: Operation, schemas: Schemas) -> tuple[BodyReader, ...]:
    """The body readers of an operation, in the order of the document."""
    return tuple(BodyReader.build(media, schemas) for media in operation.body)


def _is_binary(schemas: Schemas, schema: Mapping[str, Any]) -> bool:
    parts = list(schemas.parts(dict(schema)))
    items = schemas.items(dict(schema))
    return any(part.get("format") in BINARY for part in parts) or any(
        part.get("format") in BINARY for part in schemas.parts(items)
    )


def _is_opaque(name: str) -> bool:
    """Whether a media type is bytes to us."""
    readable = name.endswith(("/json", "+json", "/xml", "+xml", "yaml", "javascript", "ndjson", "graphql"))
    return not (name.startswith("text/") or readable or name in (FORM, MULTIPART))


def _mime(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _charset(headers: Headers) -> str:
    """The charset of the Content-Type; Connexion misses one that stands behind a space."""
    for part in headers.get("content-type", "").split(";")[1:]:
        name, _, value = part.strip().partition("=")
        if name.lower() == "charset":
            return value.strip('"').lower()
    return "utf-8"


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise DecodingError(f"not UTF-8: {error.reason} at byte {error.start}") from None


def _bytes(value: object) -> object:
    return value.encode() if isinstance(value, str) else value


def _only(value: object, values: list[object]) -> object:
    """The value when it is the only one; otherwise all of them, for validation to refuse."""
    return value if len(values) == 1 else values


def _without_bytes(value: object) -> object:
    """The form as validation sees it: a file is some string."""
    match value:
        case bytes():
            return ""
        case dict():
            return {name: _without_bytes(each) for name, each in value.items()}
        case list():
            return [_without_bytes(each) for each in value]
        case _:
            return value
