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
    """A path of the document: its pattern, and the operations by method with the names of their variables.

    `path` is decoded, `connexion_path` as Connexion's router takes it: it knows only identifiers as names of variables.
    """

    path: str
    connexion_path: str
    pattern: re.Pattern[str]
    methods: dict[str, tuple[Operation, tuple[str, ...]]]


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
        """The routes of a document's operations; paths that differ only in the names of variables are one."""
        by_shape: dict[str, Template] = {}
        for operation in operations:
            template, names = _template(operation.path)
            known = by_shape.setdefault(template.connexion_path, template)
            known.methods.setdefault(operation.method, (operation, names))
        ordered = sorted(by_shape.values(), key=_specificity)
        by_length: dict[int, list[Template]] = {}
        for template in ordered:
            if VARIABLE.search(template.path):
                by_length.setdefault(template.path.count("/"), []).append(template)
        return cls(
            {template.path: template for template in ordered if not VARIABLE.search(template.path)},
            {count: tuple(templates) for count, templates in by_length.items()},
            tuple(ordered),
        )

    def find(self, method: str, path: str) -> Found | tuple[str, ...] | None:
        """The operation for a `canonical` path; the methods that the path does have; or None for no such path.

        OpenAPI: a literal path is matched before a template, so `/items/mine` never means `/items/{id}`.
        """
        literal = self.literal.get(path)
        if literal is not None:
            return _chosen(literal, method, ())
        for template in self.templates.get(path.count("/"), ()):
            matched = template.pattern.fullmatch(path)
            if matched is not None:
                return _chosen(template, method, matched.groups())
        return None


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


def _chosen(template: Template, method: str, texts: tuple[str, ...]) -> Found | tuple[str, ...]:
    if method not in template.methods:
        return tuple(sorted(template.methods))
    operation, names = template.methods[method]
    values = (text.replace("%0A", "\n").replace("%2F", "/").replace("%25", "%") for text in texts)
    return Found(operation, dict(zip(names, values, strict=True)))


def _template(path: str) -> tuple[Template, tuple[str, ...]]:
    plain = unquote(path)
    parts = VARIABLE.split(plain)  # literal, name, literal, name, ..., literal
    pattern = "".join("([^/]+)" if number % 2 else re.escape(part) for number, part in enumerate(parts))
    numbered = "".join(f"{{p{number // 2}}}" if number % 2 else part for number, part in enumerate(parts))
    return Template(plain, numbered, re.compile(pattern), {}), tuple(parts[1::2])


def _specificity(template: Template) -> list[int]:
    return [
        2 if VARIABLE.fullmatch(segment) else 1 if VARIABLE.search(segment) else 0
        for segment in template.path.split("/")
    ]
