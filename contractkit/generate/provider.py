"""The provider's side of a document as types: a TypedDict for every object, a Protocol for every tag.

A handler that no longer fits the document then fails the type check, by name. `contractkit.stub` calls handlers by the
convention that the Protocols state: both read the operations by the same code, and name arguments by the same rule.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from jinja2 import Environment, PackageLoader, StrictUndefined

from contractkit.document import load_bundle, operations
from contractkit.errors import GenerationError
from contractkit.generate import reserved, texts
from contractkit.generate.declarations import Alias, Declarations, Record
from contractkit.generate.methods import Method, Methods
from contractkit.generate.names import class_name
from contractkit.generate.output import write_folder
from contractkit.stub.document import Document


@frozen
class Interface:
    """The Protocol of one tag."""

    name: str
    docstring: list[str]
    methods: tuple[Method, ...]


def generate_provider(bundle: Path, out: Path) -> None:
    """Generates `schemas.py` and `api.py` into the folder `out`, which it replaces as a whole.

    The same bundle gives the same bytes. Raises GenerationError when two parameters of an operation, two operations
    or two tags would have one name, or an operation is missing in the output; `out` is then left as it was.
    """
    document = load_bundle(bundle)
    write_folder(out, lambda folder: _write(document, folder))


def _write(document: Mapping[str, Any], folder: Path) -> None:
    wanted = operations(document)
    tags = _interface_names(dict.fromkeys(operation.tag or "default" for operation in wanted))
    declarations = Declarations.of(document, {*tags.values(), *reserved.for_provider()})
    methods = Methods(Document.load(document), declarations)
    interfaces = [_interface(document, tag, name, methods) for tag, name in tags.items()]
    made = sum(len(interface.methods) for interface in interfaces)
    if made != len(wanted):
        raise GenerationError(f"the document has {len(wanted)} operations, and the provider types {made}")
    pages = _environment()
    folder.mkdir()
    (folder / "__init__.py").write_text('"""The contract as types."""\n', encoding="utf-8")
    declared = [_shown(each, declarations, quoted=quoted) for each, quoted in _ordered(declarations.all())]
    schemas = pages.get_template("schemas.py.jinja").render(declarations=declared)
    (folder / "schemas.py").write_text(schemas, encoding="utf-8")
    names = sorted(declarations.made)
    api = pages.get_template("api.py.jinja").render(interfaces=interfaces, names=names)
    (folder / "api.py").write_text(api, encoding="utf-8")


def _interface_names(tags: Mapping[str, None]) -> dict[str, str]:
    names = {tag: f"{class_name(tag)}Api" for tag in tags}
    for name in names.values():
        same = [other for other in names if names[other] == name]
        if len(same) > 1:
            raise GenerationError(f"the tags {' and '.join(map(repr, same))} would both be {name}; rename one")
    return names


def _interface(document: Mapping[str, Any], tag: str, name: str, methods: Methods) -> Interface:
    about = next((each.get("description") for each in document.get("tags") or () if each.get("name") == tag), None)
    text = texts.docstring([texts.paragraph(about) or f"The operations of {texts.paragraph(tag)}."], 4)
    return Interface(name, text, tuple(methods.of_tag(tag)))


def _shown(declared: Record | Alias, declarations: Declarations, *, quoted: bool) -> dict[str, Any]:
    """A declaration as the template takes it."""
    shown: dict[str, Any] = {"name": declared.name, "comment": texts.comment(declared.description)}
    if isinstance(declared, Alias):
        return {**shown, "kind": "alias", "annotation": repr(declared.annotation) if quoted else declared.annotation}
    members = [
        {"name": each.name, "annotation": each.annotation, "comment": texts.comment(each.comment)}
        for each in declared.members
    ]
    kind = "class" if declarations.is_class(declared) else "function"
    return {**shown, "kind": kind, "members": members, "docstring": texts.docstring([declared.description], 4)}


def _ordered(declared: list[Record | Alias]) -> Iterator[tuple[Record | Alias, bool]]:
    """Objects first, then aliases, each below what it names, and whether it must be quoted: one that names itself."""
    yield from ((each, False) for each in declared if isinstance(each, Record))
    waiting = {each.name: each for each in declared if isinstance(each, Alias)}
    while waiting:
        ready = [each for each in waiting.values() if not _named(each) & waiting.keys()]
        for alias in ready or list(waiting.values())[:1]:
            yield waiting.pop(alias.name), not ready


def _named(alias: Alias) -> set[str]:
    return set(re.findall(r"\w+", re.sub(r"Literal\[.*?\]", "", alias.annotation)))


def _environment() -> Environment:
    environment = Environment(  # noqa: S701 - it writes Python, which HTML's escapes would break
        loader=PackageLoader("contractkit.generate", "templates/provider"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["literal"] = repr
    return environment
