"""The operations of a document as methods, by the convention that the runtime calls handlers by."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define, field, frozen

from contractkit.errors import GenerationError
from contractkit.generate import texts
from contractkit.generate.declarations import Declarations, union
from contractkit.generate.names import class_name
from contractkit.stub.document import Document, Media, Operation, Reply
from contractkit.stub.parameters import argument_name

FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
TEXTS = ("/xml", "+xml", "yaml", "javascript", "ndjson", "graphql")


@frozen
class Argument:
    """A keyword of a handler. `default` is Python, and empty for an argument that the runtime always passes."""

    name: str
    annotation: str
    default: str


@frozen
class Method:
    """One operation as a method."""

    name: str
    arguments: tuple[Argument, ...]
    returns: str
    docstring: list[str]


@define
class Methods:
    """Makes methods of operations; `declarations` grows by the bodies that have no name of their own."""

    document: Document
    declarations: Declarations
    owners: dict[str, str] = field(factory=dict)  # method -> the operation that it is

    def of_tag(self, tag: str) -> Iterator[Method]:
        """The methods of a tag, in the order of the document."""
        for operation in self.document.operations:
            node = self._node(operation)
            if ((node.get("tags") or [""])[0] or "default") == tag:
                yield self._method(operation, node)

    def _node(self, operation: Operation) -> Mapping[str, Any]:
        item = self.document.follow(self.document.raw["paths"][operation.path])
        node: Mapping[str, Any] = item[operation.method.lower()]
        return node

    def _method(self, operation: Operation, node: Mapping[str, Any]) -> Method:
        name = argument_name(operation.key)
        if owner := self.owners.get(name):
            raise GenerationError(
                f"{owner} and {operation.key} would both be the handler {name}; rename one operationId"
            )
        self.owners[name] = operation.key
        arguments = tuple(self._arguments(operation))
        names = [argument.name for argument in arguments]
        if twice := sorted({each for each in names if names.count(each) > 1}):
            raise GenerationError(f"{operation.key}: two parameters would both be the argument {twice[0]}; rename one")
        return Method(name, arguments, self._returns(operation), self._docstring(operation, node))

    def _arguments(self, operation: Operation) -> Iterator[Argument]:
        prefix = class_name(operation.key)
        for each in operation.parameters:
            annotation = self.declarations.annotation(each.schema, f"{prefix}{class_name(each.name)}")
            if each.required or "default" in self._schema(each.schema):
                yield Argument(argument_name(each.name), annotation, "")
            else:
                yield Argument(argument_name(each.name), _optional(annotation), "None")
        if operation.body:
            annotation = union(self._request(media, f"{prefix}Request") for media in operation.body)
            if operation.body_required:
                yield Argument("body", annotation, "")
            else:
                yield Argument("body", _optional(annotation), "None")

    def _schema(self, schema: Any) -> Mapping[str, Any]:
        node = self.document.follow(schema)
        parts = [self.document.follow(each) for each in node.get("allOf") or ()] if isinstance(node, Mapping) else []
        return {key: value for part in [*parts, node] if isinstance(part, Mapping) for key, value in part.items()}

    def _request(self, media: Media, name: str) -> str:
        if media.is_json:
            return self.declarations.annotation(media.schema, name)
        if media.name in FORMS:
            return self.declarations.form(media.schema, f"{name}Form") if media.schema else "dict[str, Any]"
        return "str" if media.name.startswith("text/") or media.name.endswith(TEXTS) else "bytes"

    def _returns(self, operation: Operation) -> str:
        """The body alone where one plain success is documented, else status and body, and required headers."""
        prefix = f"{class_name(operation.key)}Response"
        successes = operation.successes
        if len(successes) == 1 and successes[0].status.isdigit() and not _has_headers(successes[0]):
            return self._body(successes[0], prefix)
        others = [reply for status, reply in operation.replies.items() if status[0] == "3"]
        found = [self._answer(reply, f"{prefix}{_suffix(reply)}") for reply in [*successes, *others]]
        return " | ".join(dict.fromkeys(found)) or "tuple[int, Any]"

    def _answer(self, reply: Reply, name: str) -> str:
        status = f"Literal[{reply.status}]" if reply.status.isdigit() else "int"
        body = self._body(reply, name)
        return f"tuple[{status}, {body}, Mapping[str, str]]" if _has_headers(reply) else f"tuple[{status}, {body}]"

    def _body(self, reply: Reply, name: str) -> str:
        if not reply.content or reply.status in ("204", "304"):
            return "None"
        return union(self._response(media, name) for media in reply.content)

    def _response(self, media: Media, name: str) -> str:
        """The runtime takes text and bytes for whatever is not JSON, and a mapping for a form."""
        if media.is_json:
            return self.declarations.annotation(media.schema, name)
        return "Mapping[str, object] | str | bytes" if media.name in FORMS else "str | bytes"

    def _docstring(self, operation: Operation, node: Mapping[str, Any]) -> list[str]:
        summary = texts.paragraph(node.get("summary")).rstrip(".") or texts.in_words(operation.key)
        description = texts.paragraph(node.get("description"))
        about = "" if description.rstrip(".") == summary else description
        inputs = [f"`{argument_name(name)}`: {text}" for name, text in self._inputs(operation, node) if text]
        return texts.docstring([f"{summary}.", about, *inputs, *self._errors(node)], 8)

    def _inputs(self, operation: Operation, node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What the parameters and the body mean, with their limits."""
        item = self.document.follow(self.document.raw["paths"][operation.path])
        found = [
            self.document.follow(each) for each in [*(item.get("parameters") or ()), *(node.get("parameters") or ())]
        ]
        about = {(each["in"], each["name"]): each.get("description") for each in found}
        for each in operation.parameters:
            limits = texts.limits(self._schema(each.schema), on_the_wire=True)
            yield each.name, texts.joined(texts.paragraph(about[each.location, each.name]), limits)
        if operation.body:
            yield "body", texts.paragraph(self.document.follow(node["requestBody"]).get("description"))

    def _errors(self, node: Mapping[str, Any]) -> Iterator[str]:
        """The documented errors, whichever way a handler says them."""
        replies = {status: self.document.follow(reply) for status, reply in (node.get("responses") or {}).items()}
        errors = {status: reply for status, reply in replies.items() if status[0] in "45"}
        if errors:
            yield "Errors:"
        yield from (f"`{status}`: {texts.paragraph(reply.get('description'))}" for status, reply in errors.items())


def _has_headers(reply: Reply) -> bool:
    return any(header.required for header in reply.headers)


def _suffix(reply: Reply) -> str:
    return class_name(reply.status).removeprefix("Type")


def _optional(annotation: str) -> str:
    return annotation if annotation == "Any" else union([annotation, "None"])
