"""The managers of a client, one for each tag of the document."""

from collections.abc import Mapping

from attrs import frozen

from contractkit.generate import texts
from contractkit.generate.client.operations import Endpoint, tag_of
from contractkit.generate.client.pagination import Paging, is_unwalked, iterator_name, paging_of
from contractkit.generate.client.value import Value
from contractkit.generate.client.values import Values
from contractkit.generate.names import Namespace, class_name
from contractkit.stub.document import Document
from contractkit.stub.parameters import argument_name

OWN = frozenset({"close", "aclose", "low_level", "session"})  # what a client calls otherwise


@frozen
class Iteration:
    """A method that walks the pages of another."""

    name: str
    paging: Paging
    key: str  # what the lambda calls the number, offset or cursor of a page


@frozen
class Method:
    """A method of a manager."""

    endpoint: Endpoint
    alias: str  # what it calls the module of its operation
    iteration: Iteration | None
    is_unwalked: bool  # a list without an iterator


@frozen
class Manager:
    """The operations of one tag."""

    module: str
    name: str
    docstring: list[str]
    methods: tuple[Method, ...]

    @property
    def imports(self) -> list[str]:
        return sorted({line for each in self._values for line in each.imports})

    @property
    def models(self) -> list[str]:
        return sorted({name for each in self._values for name in each.models})

    @property
    def _values(self) -> list[Value]:
        walked = [each.iteration.paging.value for each in self.methods if each.iteration]
        return [*walked, *(value for each in self.methods for value in each.endpoint.values)]


def tags_of(document: Document) -> dict[str, str]:
    """The tags that have operations, in the order of the document, and the module of each."""
    declared = [each.get("name") for each in document.raw.get("tags") or () if isinstance(each, Mapping)]
    used = [
        tag_of(document.follow(document.raw["paths"][each.path])[each.method.lower()]) for each in document.operations
    ]
    names = Namespace()
    found = {}
    for tag in dict.fromkeys([*declared, *used]):
        if tag in used:
            name = argument_name(str(tag))
            found[str(tag)] = names.claim(f"{name}_" if name in OWN else name)
    return found


def managers_of(
    document: Document, tags: Mapping[str, str], endpoints: list[Endpoint], values: Values
) -> list[Manager]:
    """The managers in the order of their tags."""
    described = {each.get("name"): each.get("description") for each in document.raw.get("tags") or ()}
    made = []
    for tag, module in tags.items():
        own = [each for each in endpoints if each.tag == module]
        taken = Namespace({each.name for each in own})
        about = texts.docstring(
            [texts.paragraph(described.get(tag)) or f"The operations of {texts.paragraph(tag)}."], 4
        )
        methods = tuple(_method(each, taken, values) for each in own)
        made.append(Manager(module, _name(tag, values.names), about, methods))
    return made


def _name(tag: str, taken: Namespace) -> str:
    """A name for a class that no model has, and for the same with `Async` before it."""
    name = taken.claim(f"{class_name(tag)}Manager")
    while f"Async{name}" in taken.taken:
        name = taken.claim(f"{class_name(tag)}Manager")
    taken.taken.add(f"Async{name}")
    return name


def _method(endpoint: Endpoint, taken: Namespace, values: Values) -> Method:
    arguments = {each.name for each in endpoint.arguments} | {"self", "deadline", "pages", "cast"}
    paging = paging_of(endpoint, values)
    iteration = None
    if paging is not None:
        key = paging.parameter.name if paging.parameter else ""
        iteration = Iteration(taken.claim(iterator_name(endpoint.name)), paging, key)
    return Method(
        endpoint, Namespace(arguments).claim(endpoint.name), iteration, paging is None and is_unwalked(endpoint)
    )
