"""The parameters of an operation as arguments, and as the statements that put them into a request."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from attrs import frozen

from contractkit.generate import reserved, texts
from contractkit.generate.client.bodies import encoder
from contractkit.generate.client.value import Value
from contractkit.generate.client.values import Values
from contractkit.generate.names import Namespace, class_name
from contractkit.stub.document import Document, Operation, Parameter, is_json
from contractkit.stub.parameters import argument_name

# What the generated functions call beside what their templates name.
BUILTINS = {"str", "bytes", "dict", "list", "int", "float", "bool", "isinstance", "tuple"}
VARIABLE = re.compile(r"\{([^{}]*)\}")
PLAIN = re.compile(r"[A-Za-z0-9/_.~:@!$&()*+,;=%-]*")  # what an f-string takes as it is
EXPLODED = {"simple": False, "segment": False, "label": False, "matrix": False, "form": True}  # what they do untold
SEPARATORS = {"spaceDelimited": " ", "pipeDelimited": "|"}


@frozen
class Argument:
    """A keyword of a generated function."""

    name: str
    annotation: str
    required: bool
    about: str
    value: Value
    parameter: Parameter | None = None  # None: the body, or what chooses its media type
    default: str = "None"  # of what may be left out

    @property
    def written(self) -> str:
        """As it stands in a signature."""
        return f"{self.name}: {self.annotation}" + ("" if self.required else f" = {self.default}")

    @property
    def location(self) -> str:
        return self.parameter.location if self.parameter else "body"


@frozen
class Parameters:
    """All parameters of one operation, in the order of the document."""

    arguments: tuple[Argument, ...]
    path: str  # a Python expression

    @property
    def key_header(self) -> str | None:
        """The header that makes a second try harmless."""
        names = (each.parameter.name for each in self.arguments if each.parameter and _is_key(each.parameter))
        return next(names, None)

    def statements(self, location: str) -> list[str]:
        """The lines that collect the parameters of a query, of headers or of cookies."""
        return [line for each in self.arguments if each.location == location for line in _statement(each)]


def parameters_of(
    document: Document, operation: Operation, node: Mapping[str, Any], values: Values, names: Namespace
) -> Parameters:
    """The parameters of an operation; `names` are those of its other arguments."""
    prefix = class_name(operation.key)
    variables = VARIABLE.findall(operation.path)
    about = _descriptions(document, operation, node)
    arguments = []
    for each in (*operation.parameters, *_undeclared(operation, variables)):
        if each.location == "path" and each.name not in variables:
            continue  # there is no place for it
        value = values.value(each.schema, f"{prefix}{class_name(each.name)}", direction="request")
        required = each.required and not _is_key(each)
        arguments.append(
            Argument(
                name=_name(each.name, names),
                annotation=value.annotation if required else optional(value.annotation),
                required=required,
                about=_about(document, each, about.get((each.location, each.name), {})),
                value=value,
                parameter=each,
            )
        )
    return Parameters(tuple(arguments), _path(operation.path, arguments))


def optional(annotation: str) -> str:
    """An annotation for what may be None."""
    known = annotation in ("Any", "None") or annotation.endswith("| None")
    return annotation if known else f"{annotation} | None"


def _is_key(parameter: Parameter) -> bool:
    return parameter.location == "header" and parameter.name.lower() == "idempotency-key"


def _name(written: str, names: Namespace) -> str:
    name = argument_name(written)
    return names.claim(f"{name}_" if name in taken() else name)


def _undeclared(operation: Operation, variables: list[str]) -> Iterator[Parameter]:
    """The variables of a path that no parameter declares: texts."""
    declared = {each.name for each in operation.parameters if each.location == "path"}
    for name in dict.fromkeys(variables):
        if name not in declared:
            yield Parameter(name, "path", True, {"type": "string"}, "simple", explode=False)


def _descriptions(
    document: Document, operation: Operation, node: Mapping[str, Any]
) -> dict[tuple[str, str], Mapping[str, Any]]:
    item = document.follow(document.raw["paths"][operation.path])
    found = [document.follow(each) for each in [*(item.get("parameters") or ()), *(node.get("parameters") or ())]]
    return {(each["in"], each["name"]): each for each in found}


def _about(document: Document, parameter: Parameter, node: Mapping[str, Any]) -> str:
    """What a parameter means, in its own words or in those of its schema, with the limits and the default of that."""
    found = document.follow(parameter.schema)
    schema = found if isinstance(found, Mapping) else {}
    text = texts.paragraph(node.get("description")) or texts.paragraph(schema.get("description"))
    about = texts.joined(text, texts.limits(schema))
    if _is_key(parameter):
        return texts.joined(about, "made up when left out")
    return texts.outdated(about) if True in (node.get("deprecated"), schema.get("deprecated")) else about


def _statement(argument: Argument) -> list[str]:
    parameter = argument.parameter
    if parameter is None:
        return []
    line = _collected(parameter, argument)
    if argument.required and not argument.value.nullable and argument.annotation != "Any":
        return [line]
    return [f"if {argument.name} is not None:", f"    {line}"]


def _collected(parameter: Parameter, argument: Argument) -> str:
    name = repr(parameter.name)
    match parameter.location:
        case "header":
            return f"headers[{name}] = {_call('simple', parameter, argument)}"
        case "cookie":
            return f"cookies[{name}] = {_call('cookie', parameter, argument)}"
    if parameter.media_type is not None:
        return f"query.append(({name}, {_document(parameter, argument)}))"
    if parameter.style == "deepObject":
        return f"query += {_call('deep_object', parameter, argument)}"
    if parameter.style in SEPARATORS and not parameter.explode:
        return f"query += {_call('delimited', parameter, argument)}"
    return f"query += {_call('form', parameter, argument)}"


def _call(function: str, parameter: Parameter, argument: Argument) -> str:
    """What makes the text, or the pairs, of a parameter."""
    if parameter.media_type is not None:
        return f"encoding.{function}({parameter.name!r}, {_document(parameter, argument)})"
    more = ""
    if function == "delimited":
        more = f", separator={SEPARATORS[parameter.style]!r}"
    elif function in EXPLODED and parameter.explode is not EXPLODED[function]:
        more = f", explode={parameter.explode}"
    return f"encoding.{function}({parameter.name!r}, {argument.name}{encoder(argument.value)}{more})"


def _document(parameter: Parameter, argument: Argument) -> str:
    """The text of a parameter that carries a document of its own."""
    kind = str(parameter.media_type).partition(";")[0].strip().lower()
    function = "json_parameter" if is_json(kind) or kind == "*/*" else "text_parameter"
    return f"encoding.{function}({parameter.name!r}, {argument.name}{encoder(argument.value)})"


def _path(template: str, arguments: list[Argument]) -> str:
    """The path with its variables as a Python expression: a plain string, an f-string, or a sum of strings."""
    by_name = {each.parameter.name: each for each in arguments if each.parameter and each.location == "path"}
    pieces = VARIABLE.split(template)  # text, variable, text, variable, ..., text
    written = [_variable(by_name[piece]) if index % 2 else piece for index, piece in enumerate(pieces)]
    if len(pieces) == 1:
        return repr(template)
    if all(PLAIN.fullmatch(text) for text in written[::2]) and not any('"' in each or "\\" in each for each in written):
        return 'f"' + "".join(f"{{{each}}}" if index % 2 else each for index, each in enumerate(written)) + '"'
    return " + ".join(each if index % 2 else repr(each) for index, each in enumerate(written) if each)


def _variable(argument: Argument) -> str:
    parameter = argument.parameter
    assert parameter  # noqa: S101 - only parameters stand in paths
    styled = parameter.style in ("label", "matrix") and parameter.media_type is None
    return _call(parameter.style if styled else "segment", parameter, argument)


@cache
def taken() -> frozenset[str]:
    """The names that generated functions use themselves: an argument of that name gets a trailing underscore."""
    return reserved.for_arguments() | {"self", "client", "deadline"} | BUILTINS
