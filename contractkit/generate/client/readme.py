"""The README of a generated client: its examples are calls that the document allows, with values that fit."""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from contractkit.generate.client.managers import Manager, Method
from contractkit.generate.client.operations import Endpoint
from contractkit.generate.client.parameters import Argument
from contractkit.generate.client.samples import WIDTH, Sample, UnwritableError, Writer
from contractkit.generate.client.security import Placement, placements, takes_several
from contractkit.generate.client.values import Values
from contractkit.generate.texts import paragraph
from contractkit.stub.document import Document
from contractkit.stub.schemas import Direction, Schemas
from contractkit.stub.values import Maker, NoValueError

SUPPORT: Final = Path(__file__).parent.parent / "templates" / "client" / "support"
PLAIN: Final = frozenset({"str", "int", "float", "bool"})


@frozen
class Row:
    """One operation in the table, and what an example says of it. Methods are as they stand behind `client.`."""

    of: Method
    arguments: str = ""  # those that must be given: `month="2026-10", uuid="u1"`

    @property
    def endpoint(self) -> Endpoint:
        return self.of.endpoint

    @property
    def iterator(self) -> str:
        """The name of the method that iterates over a list; empty for none."""
        return self.of.iteration.name if self.of.iteration else ""

    @property
    def is_paged(self) -> bool:
        return self.of.iteration is not None and self.of.iteration.paging.style != "single"

    @property
    def id(self) -> str:
        return self.endpoint.operation.key

    @property
    def method(self) -> str:
        return f"{self.endpoint.tag}.{self.endpoint.name}"

    @property
    def iterating(self) -> str:
        return f"{self.endpoint.tag}.{self.iterator}"

    @property
    def further(self) -> str:
        """The arguments with a comma behind, for one more."""
        return f"{self.arguments}, " if self.arguments else ""


def examples(document: Document, rows: Sequence[Row]) -> Iterator[Row]:
    """The calls that can be shown: reads whose required parameters are plain values, those with the fewest first."""
    maker = Maker(Schemas(document), Direction.REQUEST)
    reads = [row for row in rows if row.endpoint.operation.method == "GET" and row.endpoint.operation.successes]
    for row in sorted(reads, key=lambda row: (len(_required(row.endpoint)), not row.iterator)):
        required = _required(row.endpoint)
        arguments = [text for each in required for text in _argument(each, maker)]
        if len(arguments) == len(required):
            yield evolve(row, arguments=", ".join(arguments))


@frozen
class Sending:
    """A call with a body, as one would write it."""

    of: Row
    call: Sample
    documented: bool  # the body is an example of the document

    @property
    def code(self) -> str:
        """The call, and what it gives printed."""
        gives = self.of.endpoint.success != "None"
        return (Sample("print(", (("", self.call),), ")") if gives else self.call).written()

    @property
    def imports(self) -> list[str]:
        return sorted(self.call.imports, key=lambda line: (line.startswith("from"), line))

    def models(self, package: str) -> str:
        """The line that imports the classes."""
        names = sorted(self.call.models)
        line = f"from {package}.models import {', '.join(names)}"
        if len(line) <= WIDTH:
            return line
        return f"from {package}.models import (\n{''.join(f'    {name},' + chr(10) for name in names)})"

    @property
    def key(self) -> str:
        """The argument for the idempotency key; empty where there is none."""
        header = self.of.endpoint.parameters.key_header
        found = (each for each in self.of.endpoint.arguments if each.parameter and each.parameter.name == header)
        return next((each.name for each in found), "")

    @property
    def rank(self) -> tuple[bool, bool, bool, bool, int]:
        """The best to show comes first: an example of the document, a key, a POST, few members but not none."""
        body = self.call.parts[-1][1]
        is_post = self.of.endpoint.operation.method == "POST"
        return not body.parts, not self.documented, not self.key, not is_post, len(self.code)


def sendings(document: Document, rows: Sequence[Row], values: Values) -> Iterator[Sending]:
    """The calls with a JSON object as their body that can be written without knowing more of the API."""
    schemas = Schemas(document)
    maker, writer = Maker(schemas, Direction.REQUEST), Writer(values)
    for row in rows:
        sent = row.endpoint.sent
        if not sent or sent[0].kind != "json" or row.endpoint.is_streaming or not row.endpoint.operation.successes:
            continue
        media = row.endpoint.operation.body[0]
        check = schemas.check(media.schema, Direction.REQUEST)
        given = [
            *media.examples.values(),
            *(part["example"] for part in schemas.parts(media.schema) if "example" in part),
        ]
        example = next(filter(check.accepts, given), None)
        try:
            body = writer.sample(sent[0].value, maker.make(media.schema) if example is None else example)
        except (NoValueError, UnwritableError):
            continue
        required = [each for each in _required(row.endpoint) if each.name != "body"]
        parts = [("", Sample(text)) for each in required for text in _argument(each, maker)]
        if body.models and len(parts) == len(required):
            parts.append(("body=", body))
            call = Sample(f"client.{row.method}(", tuple(parts), ")", body.imports, body.models)
            yield Sending(row, call, example is not None)


def _required(endpoint: Endpoint) -> list[Argument]:
    return [each for each in endpoint.arguments if each.required]


def _argument(argument: Argument, maker: Maker) -> Iterator[str]:
    if argument.parameter is None or argument.annotation not in PLAIN:
        return
    try:
        value = maker.make(argument.parameter.schema)
    except NoValueError:
        return
    yield f"{argument.name}={quoted(value) if isinstance(value, str) else repr(value)}"


def quoted(text: str) -> str:
    """A text as a Python literal between double quotes."""
    return json.dumps(text) if text.isprintable() else repr(text)


def context(
    document: Document, managers: Sequence[Manager], values: Values, *, errors: str, changelog: bool
) -> dict[str, Any]:
    """What README.md.jinja needs beyond the names of the package. `errors` is the source of errors.py."""
    rows = [Row(method) for manager in managers for method in manager.methods]
    shown = list(examples(document, rows))
    calls = [row for row in shown if not row.endpoint.is_streaming]
    info = document.raw.get("info") or {}
    ways = _ways(document)
    return {
        "title": paragraph(info.get("title")).replace("<", "&lt;") or "an API",
        "version": paragraph(info.get("version")).replace("<", "&lt;"),
        "url": base_url(document),
        "ways": ways,
        "auth": ways[0].place if ways else "",
        "first": next((row for row in calls if row.endpoint.is_secured), next(iter(calls), None)),
        "paged": next(iter(sorted((row for row in calls if row.iterator), key=lambda row: not row.is_paged)), None),
        "sending": min(sendings(document, rows, values), key=lambda each: each.rank, default=None),
        "stream": next((row for row in shown if row.endpoint.is_streaming), None),
        "rows": rows,
        "once": [row for row in rows if not row.endpoint.is_idempotent],
        "unwalked": [row for row in rows if row.of.is_unwalked],
        "settings": settings(SUPPORT / "resilience.py"),
        "tree": tree(errors),
        "changelog": changelog,
        "quoted": quoted,
        "cell": cell,
    }


@frozen
class Way:
    """One security scheme: its name, where its credential goes, and whether that is a user and a password."""

    scheme: str
    place: str
    is_basic: bool = False


def _ways(document: Document) -> list[Way]:
    """The security schemes, that of the token first; one, where all of them take the token."""
    found = [Way(cell(name), _goes(each), each.prefix == "Basic") for name, each in placements(document).items()]
    return found if takes_several(document) else found[:1]


def _goes(place: Placement) -> str:
    """Where a credential goes, in words."""
    if place.prefix:
        return f"as `{cell(place.name)}: {cell(place.prefix)} ...`"
    kind = "query parameter" if place.location == "query" else place.location
    return f"as the {kind} `{cell(place.name)}`"


@frozen
class Setting:
    """One attribute of Resilience, read from its source."""

    name: str
    default: str
    about: str


def settings(source: Path) -> tuple[Setting, ...]:
    """The attributes of the class Resilience with their defaults, and the texts below them."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Resilience")
    return tuple(_settings(body))


def _settings(body: list[ast.stmt]) -> Iterator[Setting]:
    for node, below in pairwise(body):
        match node, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name), value=ast.Call(keywords=keywords)),
                ast.Expr(value=ast.Constant(value=str(about))),
            ):
                default = next(each.value for each in keywords if each.arg == "default")
                yield Setting(name, ast.unparse(default), " ".join(about.split()))


def tree(source: str) -> str:
    """The error tree, as the docstring of the errors draws it."""
    lines = (ast.get_docstring(ast.parse(source)) or "").splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("    ApiError"))
    drawn = []
    for line in lines[start:]:
        if line and not line.startswith("    "):
            break
        drawn.append(line.removeprefix("    "))
    return "\n".join(drawn).strip()


def cell(text: object) -> str:
    """A text inside backquotes in a cell of a table."""
    return paragraph(text).replace("|", "&#124;").replace("`", "&#96;")


def base_url(document: Document) -> str:
    """The first server with an address, as a Python literal."""
    servers: Iterable[Any] = document.raw.get("servers") or ()
    for server in servers:
        url = str(server.get("url", ""))
        if re.fullmatch(r"https?://[^\s{}\"'\\]+", url):
            return json.dumps(url.rstrip("/"))
    return '"https://api.example.com"'
