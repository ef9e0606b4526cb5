"""The provider's side of the contract as types: a TypedDict for every schema, a Protocol for every tag.

datamodel-code-generator makes the TypedDicts. What it gets is the document's schemas alone, with what only validators
need (formats, limits, examples) left out, and with names that are Python classes already, so that both files agree.
"""

import json
import keyword
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from contractkit.document import follow, load_bundle, operations
from contractkit.errors import GenerationError
from contractkit.generate.client import MARK, same
from contractkit.pacts import replace_folder
from contractkit.process import unique_folder
from contractkit.stub.parameters import argument_name

TEMPLATES: Final = Path(__file__).parent / "templates" / "provider"
TYPE_KEYS: Final = (
    "type", "nullable", "enum", "required", "properties", "items", "additionalProperties", "allOf", "oneOf", "anyOf",
    "description", "$ref",
)  # fmt: skip
PRIMITIVES: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
IGNORED_HEADERS: Final = {"accept", "content-type", "authorization"}  # OpenAPI: as parameters these mean nothing
REFERENCE: Final = "#/components/schemas/"


@frozen
class Argument:
    """A keyword of a handler: a parameter of the operation, or its body."""

    name: str
    annotation: str
    default: str
    description: str


@frozen
class Method:
    """One operation as a method: its arguments, required ones first, and what it returns."""

    name: str
    arguments: tuple[Argument, ...]
    returns: str
    summary: str
    description: str
    errors: tuple[str, ...]


@frozen
class Protocol:
    """The methods of one tag."""

    name: str
    tag: str
    description: str
    methods: tuple[Method, ...]


def generate_provider(bundle: Path, out: Path) -> None:
    """Generates `schemas.py` (TypedDicts) and `api.py` (Protocols) into the folder `out`, replacing it as a whole.

    The same bundle gives the same bytes. Raises GenerationError when an operation has no operationId, when two
    parameters of one would be one keyword, or when the schemas cannot be expressed; `out` is then left as it was.
    """
    document = load_bundle(bundle)
    fresh = unique_folder(out.parent, f".{out.name}")
    try:
        made = fresh / out.name
        made.mkdir()
        types = _Types(document)
        protocols = _protocols(document, types)
        _write_schemas(types, made / "schemas.py")
        environment = Environment(  # noqa: S701  # makes Python, which HTML escapes would break
            loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        page = environment.get_template("api.py.jinja").render(protocols=protocols, names=sorted(types.used))
        (made / "api.py").write_text(page, encoding="utf-8")
        (made / "__init__.py").write_text('"""The contract as types."""\n', encoding="utf-8")
        _tidy(made)
        if not same(made, out):
            replace_folder(made, out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


class _Types:
    """Names for the document's schemas, and annotations made of them."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.schemas: dict[str, Any] = dict(document.get("components", {}).get("schemas", {}))
        self.names: dict[str, str] = {}
        self.used: set[str] = set()
        for name in self.schemas:
            self.names[name] = _unique(_pascal(name), self.names.values())

    def body(self, schema: Mapping[str, Any], name: str) -> str:
        """The annotation of a JSON body; a schema that has no name of its own becomes a component of this name."""
        reference = schema.get("$ref", "")
        if reference.startswith(REFERENCE):
            found = self.names[_unescaped(reference.removeprefix(REFERENCE))]
        elif not schema:
            return "object"
        else:
            self.schemas[name] = schema
            found = self.names[name] = _unique(_pascal(name), self.names.values())
        self.used.add(found)
        return found

    def parameter(self, schema: Mapping[str, Any]) -> str:
        """The annotation of a decoded parameter."""
        node = follow(self.document, schema)
        if node.get("enum"):
            found = f"Literal[{', '.join(repr(value) for value in node['enum'])}]"
        elif node.get("type") == "array":
            found = f"list[{self.parameter(node.get('items', {}))}]"
        else:
            found = PRIMITIVES.get(node.get("type", ""), "object")
        return f"{found} | None" if node.get("nullable") and found != "object" else found

    def definitions(self) -> dict[str, Any]:
        """Every schema under its class name, as the type generator gets it."""
        return {self.names[name]: self._plain(schema) for name, schema in self.schemas.items()}

    def _plain(self, node: Any) -> Any:
        if not isinstance(node, Mapping):
            return node
        if isinstance(node.get("$ref"), str):
            return self._reference(node["$ref"])
        kept: dict[str, Any] = {}
        for key in TYPE_KEYS:
            if key not in node:
                continue
            value = node[key]
            if key == "properties":
                kept[key] = {name: self._plain(each) for name, each in value.items()}
            elif key in ("items", "additionalProperties"):
                kept[key] = self._plain(value)
            elif key in ("allOf", "oneOf", "anyOf"):
                kept[key] = [self._plain(each) for each in value]
            else:
                kept[key] = value
        return kept

    def _reference(self, reference: str) -> Any:
        if reference.startswith(REFERENCE) and "/" not in reference.removeprefix(REFERENCE):
            return {"$ref": REFERENCE + self.names[_unescaped(reference.removeprefix(REFERENCE))]}
        return self._plain(follow(self.document, {"$ref": reference}))  # into the middle of another object


def _protocols(document: Mapping[str, Any], types: _Types) -> list[Protocol]:
    about = {tag["name"]: tag.get("description", "") for tag in document.get("tags", ())}
    by_tag: dict[str, list[Method]] = {}
    for operation in operations(document):
        if not operation.operation_id:
            raise GenerationError(f"{operation.label} has no operationId, which names its handler")
        item = follow(document, document["paths"][operation.path])
        node = item[operation.method]
        parameters = _merged(document, item.get("parameters", ()), node.get("parameters", ()))
        method = _method(document, types, operation.label, operation.operation_id, node, parameters)
        by_tag.setdefault(operation.tag or "default", []).append(method)
    known = [method.name for methods in by_tag.values() for method in methods]
    if twice := sorted(name for name in set(known) if known.count(name) > 1):
        raise GenerationError(f"two operations would be handled by one function {twice[0]}; rename an operationId")
    return [
        Protocol(f"{_pascal(tag)}Api", tag, " ".join(about.get(tag, "").split()), tuple(methods))
        for tag, methods in sorted(by_tag.items())
    ]


def _merged(document: Mapping[str, Any], *lists: Sequence[Any]) -> list[Mapping[str, Any]]:
    """The parameters of the path and of the operation; the operation's come last and win."""
    found = [follow(document, each) for several in lists for each in several]
    return list({(each["in"], each["name"]): each for each in found}.values())


def _method(
    document: Mapping[str, Any],
    types: _Types,
    label: str,
    operation_id: str,
    node: Mapping[str, Any],
    parameters: Iterable[Mapping[str, Any]],
) -> Method:
    arguments = [
        _argument(document, types, each)
        for each in parameters
        if not (each["in"] == "header" and each["name"].lower() in IGNORED_HEADERS)
    ]
    if "requestBody" in node:
        arguments.append(_body_argument(document, types, operation_id, node["requestBody"]))
    names = [argument.name for argument in arguments]
    if twice := sorted(name for name in set(names) if names.count(name) > 1):
        raise GenerationError(f"{label}: two parameters would both be the argument {twice[0]}; rename one")
    arguments.sort(key=lambda argument: bool(argument.default))
    replies = {status: follow(document, reply) for status, reply in node.get("responses", {}).items()}
    return Method(
        name=argument_name(operation_id),
        arguments=tuple(arguments),
        returns=_returns(document, types, operation_id, replies),
        summary=" ".join(node.get("summary", operation_id).split()).rstrip("."),
        description=_paragraph(node.get("description", "")),
        errors=tuple(
            f"{status}: {' '.join(reply.get('description', '').split())}"
            for status, reply in replies.items()
            if status[0] in "45"
        ),
    )


def _argument(document: Mapping[str, Any], types: _Types, parameter: Mapping[str, Any]) -> Argument:
    schema = parameter.get("schema", {})
    annotation = types.parameter(schema) if "schema" in parameter else "object"
    required = parameter.get("required", False)
    if not required and "default" not in follow(document, schema) and not annotation.endswith("| None"):
        annotation = annotation if annotation == "object" else f"{annotation} | None"
    default = "" if required else repr(follow(document, schema).get("default"))
    return Argument(
        argument_name(parameter["name"]), annotation, default, " ".join(parameter.get("description", "").split())
    )


def _body_argument(document: Mapping[str, Any], types: _Types, operation_id: str, node: Any) -> Argument:
    body = follow(document, node)
    kinds = dict.fromkeys(
        _media(types, name, media, f"{_pascal(operation_id)}Request") for name, media in body.get("content", {}).items()
    )
    annotation = " | ".join(kinds) or "object"
    required = body.get("required", False)
    description = " ".join(body.get("description", "").split())
    return Argument("body", annotation if required else f"{annotation} | None", "" if required else "None", description)


def _media(types: _Types, name: str, media: Mapping[str, Any], made: str) -> str:
    """The annotation of a body of one media type, as the runtime hands it over."""
    kind = name.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return types.body(media.get("schema", {}), made)
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        return "Mapping[str, object]"
    return "str" if kind.startswith("text/") else "bytes"


def _returns(document: Mapping[str, Any], types: _Types, operation_id: str, replies: Mapping[str, Any]) -> str:
    good = {status: reply for status, reply in replies.items() if status[0] == "2"}
    good = good or {status: reply for status, reply in replies.items() if status == "default"}
    kinds = []
    for status, reply in good.items():
        suffix = status if len(good) > 1 else ""
        made = f"{_pascal(operation_id)}Response{suffix}"
        bodies = dict.fromkeys(_media(types, name, media, made) for name, media in reply.get("content", {}).items())
        body = " | ".join(bodies) or "None"
        headers = any(follow(document, each).get("required") for each in reply.get("headers", {}).values())
        if len(good) == 1 and not headers and status.isdigit():
            return body
        code = f"Literal[{status}]" if status.isdigit() else "int"
        kinds.append(f"tuple[{code}, {body}, Mapping[str, str]]" if headers else f"tuple[{code}, {body}]")
    return " | ".join(kinds) or "None"


def _write_schemas(types: _Types, out: Path) -> None:
    source = out.with_suffix(".json")
    document = {"openapi": "3.0.3", "info": {"title": "", "version": ""}, "paths": {}}
    document["components"] = {"schemas": types.definitions()}
    source.write_text(json.dumps(document), encoding="utf-8")
    command = [
        sys.executable, "-m", "datamodel_code_generator", "--input", str(source), "--input-file-type", "openapi",
        "--output", str(out), "--output-model-type", "typing.TypedDict", "--target-python-version", "3.11",
        "--disable-timestamp", "--use-standard-collections", "--use-union-operator", "--enum-field-as-literal", "all",
        "--use-schema-description", "--strict-nullable", "--formatters", "ruff-format",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    source.unlink()
    if done.returncode or not out.is_file():
        raise GenerationError(f"the schemas cannot be expressed as types: {done.stderr.strip()[-2000:]}")
    text = re.sub(r"\A(#.*\n)+", "", out.read_text(encoding="utf-8"))
    out.write_text(text.lstrip(), encoding="utf-8")


def _tidy(folder: Path) -> None:
    for path in sorted(folder.glob("*.py")):
        path.write_text(f"# {MARK}\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    for words in (["check", "--fix-only", "--select", "F401,I", "--unsafe-fixes"], ["format"]):
        command = [sys.executable, "-m", "ruff", *words, "--isolated", "--quiet", "--line-length", "120", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise GenerationError(f"the provider types could not be formatted: {done.stderr.strip()}")


def _pascal(name: str) -> str:
    words = re.split(r"[^0-9A-Za-z]+", name)
    found = "".join(word[:1].upper() + word[1:] for word in words if word)
    return f"_{found}" if not found or found[0].isdigit() or keyword.iskeyword(found) else found


def _unique(name: str, taken: Iterable[str]) -> str:
    known = set(taken)
    return next(each for each in _numbered(name) if each not in known)


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}{number}"
        number += 1


def _unescaped(token: str) -> str:
    from urllib.parse import unquote

    return unquote(token).replace("~1", "/").replace("~0", "~")


def _paragraph(text: str) -> str:
    first = text.strip().split("\n\n")[0]
    return textwrap.fill(" ".join(first.split()), 108, subsequent_indent="        ")
