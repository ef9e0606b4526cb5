"""Path, query, header and cookie parameters of one operation: read, decoded, defaulted and validated."""

import keyword
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import parse_qsl

from attrs import field, frozen, mutable
from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from contractkit.stub.decoding import Decoder, DecodingError, load_json
from contractkit.stub.document import Operation, Parameter
from contractkit.stub.problems import FieldError, Problem
from contractkit.stub.schemas import Check, Direction, Schemas, pointer

MAX_QUERY_FIELDS = 1000
DEEP = re.compile(r"([^\[]+)\[(.*)\]", re.DOTALL)


@mutable
class Inputs:
    """What a request brings besides its body; `query` holds the values of each name in their order."""

    path: Mapping[str, str]
    query: dict[str, list[str]]
    headers: Headers
    cookies: Mapping[str, str]
    faults: list[FieldError] = field(factory=list)


@frozen
class Reader:
    """Reads one parameter."""

    parameter: Parameter
    argument: str
    decoder: Decoder
    check: Check
    default: tuple[object, ...]

    def read(self, inputs: Inputs) -> tuple[object, ...]:
        """The value, or nothing where the request has none and there is no default; faults go to `inputs`."""
        where = pointer((self.parameter.location, self.parameter.name))
        try:
            found = self._raw(inputs)
        except DecodingError as error:
            inputs.faults.append(FieldError(where, str(error)))
            return ()
        if not found:
            if self.parameter.required and self.parameter.location != "path":
                inputs.faults.append(FieldError(where, "is required"))
            return self.default
        if not self.check.accepts(found[0]):
            inputs.faults += self.check.errors(found[0], where)
        return found

    def _raw(self, inputs: Inputs) -> tuple[object, ...]:
        match self.parameter.location:
            case "query":
                return self._query(inputs.query)
            case "path":
                text = inputs.path.get(self.parameter.name)  # None: the path has no such variable
                return () if text is None else self._text(self._simple(text))
            case "header":
                values = inputs.headers.getlist(self.parameter.name)
                return self._text(", ".join(values), comma=r"\s*,\s*") if values else ()
            case _:
                text = inputs.cookies.get(self.parameter.name)
                return () if text is None else self._text(text)

    def _simple(self, text: str) -> str:
        """A path variable as the simple style writes it; RFC 6570 has exploded lists as `.a.b` and `;v=a;v=b`."""
        exploded = self.parameter.explode and (self.decoder.is_array or self.decoder.is_object)
        name = f"{self.parameter.name}="
        match self.parameter.style:
            case "label":
                text = text.removeprefix(".")
                return text.replace(".", ",") if exploded else text
            case "matrix" if exploded:
                return ",".join(part.removeprefix(name) for part in text.removeprefix(";").split(";"))
            case "matrix":
                return text.removeprefix(";").removeprefix(name)
        return text

    def _query(self, query: dict[str, list[str]]) -> tuple[object, ...]:
        name, style = self.parameter.name, self.parameter.style
        if style == "deepObject" and self.decoder.is_object:
            return self._deep(query)
        if self.parameter.explode and self.decoder.is_object and self.parameter.media_type is None:
            pairs = {key: query[key][-1] for key in self.decoder.properties if key in query}
            return (self.decoder.mapping(pairs),) if pairs else ()
        texts = query.get(name)
        if texts is None or (texts == [""] and self.parameter.allow_empty):
            return ()
        if self.decoder.is_array and self.parameter.explode and self.parameter.media_type is None:
            return (self.decoder.array(texts),)
        if len(texts) > 1:
            raise DecodingError("is given more than once")
        return self._text(texts[0])

    def _text(self, text: str, comma: str = "") -> tuple[object, ...]:
        if self.parameter.media_type is not None:
            return (load_json(text.encode("utf-8", "surrogateescape")),)
        if comma and (self.decoder.is_array or self.decoder.is_object):
            text = re.sub(comma, ",", text)
        return (self.decoder.joined(text, style=self.parameter.style, explode=self.parameter.explode),)

    def _deep(self, query: dict[str, list[str]]) -> tuple[object, ...]:
        tree: dict[str, object] = {}
        for key, texts in query.items():
            found = DEEP.fullmatch(key)
            if found and found[1] == self.parameter.name:
                steps = found[2].split("][")
                _graft(tree, steps, texts if len(texts) > 1 else texts[0])
        return (self.decoder.mapping(tree),) if tree else ()


@frozen
class ParameterSet:
    """All parameters of an operation. Query parameters that the document does not know are refused, as a
    misspelt filter that is ignored answers another question than the one that was asked."""

    readers: tuple[Reader, ...]
    known: frozenset[str]
    deep: frozenset[str]
    open_ended: bool

    @classmethod
    def build(cls, operation: Operation, schemas: Schemas, security_names: Sequence[str]) -> "ParameterSet":
        """`security_names` are query parameters that carry a credential."""
        readers = tuple(_reader(parameter, schemas) for parameter in operation.parameters)
        query = [reader for reader in readers if reader.parameter.location == "query"]
        spread = [reader for reader in query if _spreads(reader)]
        return cls(
            readers,
            frozenset(
                [reader.parameter.name for reader in query]
                + [name for reader in spread for name in reader.decoder.properties]
                + list(security_names)
            ),
            frozenset(reader.parameter.name for reader in query if reader.parameter.style == "deepObject"),
            open_ended=any(not reader.decoder.properties for reader in spread),
        )

    def read(self, inputs: Inputs, *, strict: bool) -> dict[str, object]:
        """The values by argument name. Raises Problem 400 with every fault."""
        if strict and inputs.query and not self.open_ended:
            inputs.faults += self._strangers(inputs.query)
        values = {reader.argument: found[0] for reader in self.readers if (found := reader.read(inputs))}
        if inputs.faults:
            raise Problem(400, detail="The parameters are not as documented.", errors=tuple(inputs.faults))
        return values

    def _strangers(self, query: dict[str, list[str]]) -> Iterator[FieldError]:
        for name in query:
            found = DEEP.fullmatch(name)
            if name not in self.known and not (found and found[1] in self.deep):
                yield FieldError(pointer(("query", name)), "is not a known parameter")


def read_query(raw: bytes) -> dict[str, list[str]]:
    """The query string as values by name. Raises Problem 400 when it is not UTF-8 or has too many fields."""
    if not raw:
        return {}
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_QUERY_FIELDS)
    except ValueError:
        raise Problem(400, detail="The query string is not UTF-8, or has too many fields.") from None
    query: dict[str, list[str]] = {}
    for name, value in pairs:
        query.setdefault(name, []).append(value)
    return query


def read_cookies(headers: Headers) -> Mapping[str, str]:
    """The cookies of a request."""
    lines = headers.getlist("cookie")
    return cookie_parser("; ".join(lines)) if lines else {}


def argument_name(name: str) -> str:
    """The keyword of a parameter: `itemsPerPage` is items_per_page, `Idempotency-Key` idempotency_key.

    Letters of every script stay, in the form that Python compares identifiers by.
    """
    letters = unicodedata.normalize("NFKC", name)
    words = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)(?=[A-Z][a-z])", r"\1\3_\2", letters)
    spaced = "".join(letter if f"_{letter}".isidentifier() else " " for letter in words)
    snake = unicodedata.normalize("NFKC", "_".join(re.split(r"[\s_]+", spaced)).strip("_").lower())
    if keyword.iskeyword(snake):
        return f"{snake}_"
    return snake if snake.isidentifier() else f"_{snake}"


def _reader(parameter: Parameter, schemas: Schemas) -> Reader:
    return Reader(
        parameter,
        argument_name(parameter.name),
        Decoder.build(parameter.schema, schemas),
        schemas.check(parameter.schema, Direction.REQUEST),
        () if parameter.required else schemas.default(parameter.schema),
    )


def _spreads(reader: Reader) -> bool:
    """Whether an object's properties are parameters of their own."""
    parameter = reader.parameter
    return reader.decoder.is_object and parameter.explode and parameter.style == "form" and parameter.media_type is None


def _graft(tree: dict[str, object], steps: list[str], value: object) -> None:
    for step in steps[:-1]:
        below = tree.setdefault(step, {})
        if not isinstance(below, dict):
            raise DecodingError("is given both as a value and as an object")
        tree = below
    if isinstance(tree.get(steps[-1]), dict):
        raise DecodingError("is given both as a value and as an object")
    tree[steps[-1]] = value
