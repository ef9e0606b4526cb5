"""The operations of a document as the modules of `api` and the methods of managers have them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import define, field, frozen

from contractkit.generate import texts
from contractkit.generate.client import bodies, docstrings
from contractkit.generate.client.bodies import Received, Sent
from contractkit.generate.client.parameters import Argument, Parameters, optional, parameters_of
from contractkit.generate.client.security import takes_several
from contractkit.generate.client.value import Value
from contractkit.generate.client.values import Values
from contractkit.generate.names import Namespace
from contractkit.stub.document import Document, Operation, Reply
from contractkit.stub.parameters import argument_name

REDIRECTS = frozenset({"301", "302", "303", "307", "308", "3XX"})
SAFE = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"}
# What modules and classes of the client call otherwise: a method of that name would hide it where it is annotated.
HIDING = {"str", "int", "float", "bool", "bytes", "list", "dict", "tuple", "object", "dt", "pages", "property"}


@frozen
class Case:
    """The media types of a body that one type of value is sent as; `test` tells it, and is empty for the last."""

    test: str
    sent: tuple[Sent, ...]

    def tells(self, sent: Sent) -> bool:
        """Whether the value is known to be of the type that a media type takes."""
        return bodies.union(each.value.annotation for each in self.sent) == sent.value.annotation


@frozen
class Endpoint:
    """One operation: a module of `api` and a method of a manager, of the same name."""

    operation: Operation
    name: str
    tag: str
    parameters: Parameters
    body: tuple[Argument, ...]  # the body, and what chooses its media type and that of the reply
    sent: tuple[Sent, ...]
    received: Mapping[str, tuple[Received, ...]]
    node: Mapping[str, Any]
    document: Document

    @property
    def label(self) -> str:
        return texts.in_docstring(texts.paragraph(f"{self.operation.method} {self.operation.path}"))

    @property
    def arguments(self) -> list[Argument]:
        """Those that must be given, then the others: path, body, header and query, cookie."""
        found = [
            *self._in("path"),
            *self.body,
            *(each for each in self.parameters.arguments if each.location != "path"),
        ]
        return sorted(found, key=lambda each: not each.required)

    @property
    def positional(self) -> list[Argument]:
        """What the functions of `api` take by position too."""
        return self._in("path")

    @property
    def keywords(self) -> list[Argument]:
        return [each for each in self.arguments if each.location != "path"]

    @property
    def success(self) -> str:
        """The annotation of what a method returns."""
        return (
            "str"
            if self.redirects
            else bodies.union(self._annotation(reply) for reply in self.operation.successes) or "None"
        )

    @property
    def async_success(self) -> str:
        return self.success.replace("EventStream[", "AsyncEventStream[")

    @property
    def result(self) -> str:
        """The annotation of the body of any documented reply; a stream is read to its end."""
        found = bodies.union(self._annotation(reply) for reply in self.operation.replies.values()) or "None"
        return found.replace("EventStream[", "list[")

    @property
    def redirects(self) -> frozenset[str]:
        """The statuses that lead elsewhere, of an operation that does nothing but this: it gives the Location."""
        found = self.operation.replies.keys()
        return frozenset() if any(each[0] == "2" for each in found) else REDIRECTS & found

    @property
    def is_streaming(self) -> bool:
        return any(each.is_stream for reply in self.operation.successes for each in self.received[reply.status])

    @property
    def is_idempotent(self) -> bool:
        said = self.node.get("x-idempotent")
        if isinstance(said, bool):
            return said
        return self.operation.method in SAFE or self.parameters.key_header is not None

    @property
    def is_secured(self) -> bool:
        """Whether it takes credentials; where the document asks for none anywhere, every operation takes the token."""
        if any(self.operation.security) or "security" in self.node:
            return any(self.operation.security)
        return not any(any(each.security) for each in self.document.operations)

    @property
    def security(self) -> tuple[tuple[str, ...], ...]:
        """The alternatives, where there are credentials to tell apart."""
        return self.operation.security if self.is_secured and takes_several(self.document) else ()

    @property
    def accept(self) -> str:
        """The header Accept as Python; empty where the document does not say what may come."""
        wanted = _media_types(self.received[reply.status] for reply in self.operation.successes)
        others = [each for each in _media_types(self.received.values()) if each not in wanted]
        if not wanted + others or "*/*" in wanted + others:
            return ""
        chosen = next((each.name for each in self.body if each.value == _choice(wanted)), "")
        if not chosen:
            return repr(", ".join(wanted + others))
        return f'", ".join([{chosen} or {", ".join(wanted)!r}{"".join(f", {each!r}" for each in others)}])'

    @property
    def values(self) -> list[Value]:
        received = (each.value for found in self.received.values() for each in found)
        return [*(each.value for each in self.arguments), *(each.value for each in self.sent), *received]

    @property
    def imports(self) -> list[str]:
        return sorted(bodies.any_of(self.values)[0])

    @property
    def models(self) -> list[str]:
        return sorted(bodies.any_of(self.values)[1])

    @property
    def is_given(self) -> str:
        """What tells that there is a body; empty where there must be one."""
        if not self.sent or self.body[0].required:
            return ""
        return "body is not None" if self.body[0].default == "None" else "not isinstance(body, Unset)"

    @property
    def has_choice(self) -> bool:
        """Whether a media type can be asked for that does not fit the body."""
        return any(each.name == "content_type" for each in self.body)

    @property
    def cases(self) -> list[Case]:
        """The types of value that a body may have, and the media types of each."""
        if not self.sent:
            return []
        groups: dict[str, list[Sent]] = {}
        for each in self.sent:
            groups.setdefault(each.value.annotation, []).append(each)
        ordered = sorted(groups.values(), key=lambda group: not group[0].classes)
        if not _distinct(ordered):
            ordered = [list(self.sent)]
        tests = [" | ".join(sorted(group[0].classes)) for group in ordered[:-1]]
        return [Case(test, tuple(group)) for test, group in zip([*tests, ""], ordered, strict=True)]

    def lines(self, location: str) -> list[str]:
        return self.parameters.statements(location)

    def docstring(self, indent: int, *, detailed: bool = False) -> list[str]:
        """The operation in words; `detailed` for the functions of `api`, which return errors like successes."""
        return docstrings.docstring(self, indent, detailed=detailed)

    def _in(self, location: str) -> list[Argument]:
        return [each for each in self.parameters.arguments if each.location == location]

    def _annotation(self, reply: Reply) -> str:
        found = self.received[reply.status]
        return bodies.union(each.annotation for each in found) if found else "None"


@define
class Endpoints:
    """Makes endpoints of operations, each with a name of its own below its tag."""

    document: Document
    values: Values
    tags: Mapping[str, str]  # tag -> module
    names: dict[str, Namespace] = field(factory=dict)

    def all(self) -> list[Endpoint]:
        return [self._endpoint(each) for each in self.document.operations]

    def _endpoint(self, operation: Operation) -> Endpoint:
        item = self.document.follow(self.document.raw["paths"][operation.path])
        node = item[operation.method.lower()]
        tag = self.tags[tag_of(node)]
        name = argument_name(str(node.get("operationId") or operation.key))
        taken = self.names.setdefault(tag, Namespace())
        sent = bodies.sent(self.document, operation, self.values)
        names = Namespace({"body"} if sent else set())
        received = {
            status: bodies.received(self.document, operation, reply, self.values)
            for status, reply in operation.replies.items()
        }
        body = (*self._body(operation, node, sent, names), *_accepted(operation, received, names))
        return Endpoint(
            operation=operation,
            name=taken.claim(f"{name}_" if name in HIDING else name),
            tag=tag,
            parameters=parameters_of(self.document, operation, node, self.values, names),
            body=body,
            sent=sent,
            received=received,
            node=node,
            document=self.document,
        )

    def _body(
        self, operation: Operation, node: Mapping[str, Any], sent: tuple[Sent, ...], names: Namespace
    ) -> Iterator[Argument]:
        if not sent:
            return
        annotation = bodies.union(each.value.annotation for each in sent)
        schema = self.document.follow(operation.body[0].schema)
        about = texts.paragraph(self.document.follow(node["requestBody"]).get("description")) or texts.described(schema)
        value = Value(annotation, nullable=any(each.value.nullable for each in sent))
        required = operation.body_required
        if required or not value.nullable:
            yield Argument("body", annotation if required else optional(annotation), required, about, value)
        else:
            yield Argument("body", f"{annotation} | Unset", required, about, value, default="UNSET")
        choices = [each.media_type for each in sent]
        if len({each.value.annotation for each in sent}) < len(sent) or not _distinct([[each] for each in sent]):
            names.taken.add("content_type")
            value = _choice(choices)
            about = f"How the body is sent; {choices[0]} if left out."
            yield Argument("content_type", f"{value.annotation} | None", False, about, value)


def _accepted(
    operation: Operation, received: Mapping[str, tuple[Received, ...]], names: Namespace
) -> Iterator[Argument]:
    """What chooses the media type of the reply, where a success has several."""
    wanted = _media_types(received[reply.status] for reply in operation.successes)
    if len(wanted) > 1 and not any("*" in each for each in wanted):
        value = _choice(wanted)
        about = "The media type that is asked for; whichever the API prefers if left out."
        yield Argument(names.claim("accept"), f"{value.annotation} | None", False, about, value)


def _media_types(replies: Iterable[tuple[Received, ...]]) -> list[str]:
    return list(dict.fromkeys(each.media_type for found in replies for each in found))


def _choice(media_types: Iterable[str]) -> Value:
    literal = f"Literal[{', '.join(map(repr, dict.fromkeys(media_types)))}]"
    return Value(literal, imports=frozenset({"from typing import Literal"}))


def tag_of(node: Mapping[str, Any]) -> str:
    """The first tag of an operation."""
    return str((node.get("tags") or [""])[0] or "default")


def _distinct(groups: list[list[Sent]]) -> bool:
    """Whether `isinstance` tells every group but the last one from those behind it."""
    if any(not group[0].classes for group in groups[:-1]):
        return False
    seen: set[str] = set()
    for group in groups:
        if seen & group[0].classes:
            return False
        seen |= group[0].classes
    return True
