"""Which operation a request is for; Connexion's own router then only confirms it.

Connexion answers HEAD wherever there is a GET, redirects `/items/` to `/items`, cannot tell `%2F` from `/` and matches
paths in the order of the document. Here a path is matched exactly, the more literal template first.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote, unquote_to_bytes

from attrs import frozen

from contractkit.stub.document import Operation

VARIABLE = re.compile(r"\{([^}]*)\}")
BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


@frozen
class Template:
    """A path of the document: its pattern, the names of its variables, and its operations by method.

    `path` is decoded, `connexion_path` as Connexion's router takes it: it knows only identifiers as names of variables.
    """

    path: str
    connexion_path: str
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    methods: Mapping[str, Operation]


@frozen
class Found:
    """A matched operation and the text of its path variables, decoded."""

    operation: Operation
    values: Mapping[str, str]


@frozen
class Routes:
    """The paths of a document, the literal ones by name and the others by their number of segments.

    `ordered` has all of them, the more literal before the less; Connexion's router tries them in this order too.
    """

    literal: Mapping[str, Template]
    templates: Mapping[int, tuple[Template, ...]]
    ordered: tuple[Template, ...]

    @classmethod
    def build(cls, operations: tuple[Operation, ...]) -> "Routes":
        """The routes of a document's operations."""
        by_path: dict[str, dict[str, Operation]] = {}
        for operation in operations:
            by_path.setdefault(operation.path, {})[operation.method] = operation
        ordered = sorted((_template(path, methods) for path, methods in by_path.items()), key=_specificity)
        by_length: dict[int, list[Template]] = {}
        for template in ordered:
            if template.names:
                by_length.setdefault(template.path.count("/"), []).append(template)
        return cls(
            {template.path: template for template in ordered if not template.names},
            {count: tuple(templates) for count, templates in by_length.items()},
            tuple(ordered),
        )

    def find(self, method: str, path: str) -> Found | tuple[str, ...] | None:
        """The operation for a `canonical` path; the methods that the path does have; or None for no such path."""
        allowed: set[str] = set()
        literal = self.literal.get(path)
        if literal is not None:
            if method in literal.methods:
                return Found(literal.methods[method], {})
            allowed |= literal.methods.keys()
        for template in self.templates.get(path.count("/"), ()):
            matched = template.pattern.fullmatch(path)
            if matched is None:
                continue
            if method in template.methods:
                texts = (text.replace("%0A", "\n").replace("%2F", "/").replace("%25", "%") for text in matched.groups())
                return Found(template.methods[method], dict(zip(template.names, texts, strict=True)))
            allowed |= template.methods.keys()
        return tuple(sorted(allowed)) or None


def canonical(raw: bytes) -> str | None:
    """A path decoded but for `%2F` and `%25`, which would change its meaning; None when it is not a path.

    Line ends stay encoded too, as Connexion's router stumbles over them.

    >>> canonical(b"/a%20b/c%2Fd")
    '/a b/c%2Fd'
    """
    if BAD_ESCAPE.search(raw):
        return None
    try:
        segments = [unquote_to_bytes(segment).decode() for segment in raw.split(b"/")]
    except UnicodeDecodeError:
        return None
    path = "/".join(segment.replace("%", "%25").replace("/", "%2F").replace("\n", "%0A") for segment in segments)
    return None if "\x00" in path else path


def _template(path: str, methods: Mapping[str, Operation]) -> Template:
    plain = unquote(path)
    parts = VARIABLE.split(plain)  # literal, name, literal, name, ..., literal
    pattern = "".join("([^/]+)" if number % 2 else re.escape(part) for number, part in enumerate(parts))
    numbered = "".join(f"{{p{number // 2}}}" if number % 2 else part for number, part in enumerate(parts))
    return Template(plain, numbered, re.compile(pattern), tuple(parts[1::2]), methods)


def _specificity(template: Template) -> list[int]:
    return [
        2 if VARIABLE.fullmatch(segment) else 1 if VARIABLE.search(segment) else 0
        for segment in template.path.split("/")
    ]
