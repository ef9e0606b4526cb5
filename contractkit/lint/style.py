"""Rules about how things are named and written."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from contractkit.bundle_files import Place
from contractkit.lint.finding import Fault, Faults
from contractkit.lint.settings import Pattern, Rule
from contractkit.lint.spec import Node, Spec

KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
VERBS = {"get", "put", "post", "delete", "patch", "options", "head", "trace"}
WORD = re.compile(r"[A-Za-z][a-z]*")
DESCRIBED = ("document", "pathItem", "operation", "parameter", "header", "requestBody", "response", "schema", "example")
SCRIPT = re.compile(r"<\s*/?\s*script\b", re.IGNORECASE)
UNSAFE = re.compile(
    r"<\s*(?:iframe|object|embed|form|style|base|meta|link)\b|<[^>]*\son\w+\s*=|\]\(\s*(?:javascript|data|vbscript):"
    r"|(?:href|src)\s*=\s*[\"']?\s*(?:javascript|data|vbscript):|\beval\s*\(",
    re.IGNORECASE,
)


def paths_kebab_case(spec: Spec) -> Faults:
    """The fixed segments of a path are lower-case words joined by hyphens."""
    for path, segment in _segments(spec):
        if not KEBAB.fullmatch(segment):
            yield Fault(spec.root.at("paths", path), segment, f"the segment {segment} is not kebab-case")


def path_segment_plural(spec: Spec) -> Faults:
    """The segment before a parameter names a collection, in the plural."""
    for path in spec.paths:
        segments = path.split("/")
        for segment, following in pairwise(segments):
            if following.startswith("{") and segment and not segment.startswith("{") and not segment.endswith("s"):
                yield Fault(spec.root.at("paths", path), segment, f"the segment {segment} is not plural")


def no_http_verbs_in_paths(spec: Spec) -> Faults:
    """No segment of a path repeats what the method says."""
    for path, segment in _segments(spec):
        verbs = VERBS & {word.lower() for word in WORD.findall(segment)}
        if verbs:
            yield Fault(
                spec.root.at("paths", path), segment, f"the segment {segment} has the method {min(verbs)} in it"
            )


def _segments(spec: Spec) -> Iterator[tuple[str, str]]:
    for path in spec.paths:
        for segment in path.split("?")[0].split("/"):
            if segment and "{" not in segment:
                yield path, segment


def parameter_names(spec: Spec, *, pattern: Pattern) -> Faults:
    """Every query and path parameter has a name that fits `pattern`."""
    for parameter in spec.of("parameter"):
        name = parameter.get("name", "")
        if parameter.get("in") in ("query", "path") and not pattern.fullmatch(name):
            yield Fault(parameter.at("name"), name, f"{name} does not fit {pattern.pattern}")


def property_names(spec: Spec, *, pattern: Pattern) -> Faults:
    """Every property has a name that fits `pattern`."""
    for schema in spec.of("schema"):
        for name in schema.get("properties") or {}:
            if not pattern.fullmatch(name):
                yield Fault(schema.at("properties", name), name, f"{name} does not fit {pattern.pattern}")


def boolean_parameter_prefixes(spec: Spec, *, prefixes: tuple[str, ...] = ("is", "has", "with", "include")) -> Faults:
    """A parameter that is true or false is called so: its name starts with one of `prefixes`."""
    for parameter in spec.of("parameter"):
        schema = spec.below(parameter, "schema", "schema")
        name = parameter.get("name", "")
        if schema and spec.type_of(schema) == "boolean" and not name.startswith(prefixes):
            yield Fault(parameter.at("name"), name, f"{name} does not start with {', '.join(prefixes)}")


def no_script_tags_in_markdown(spec: Spec) -> Faults:
    """No text has a script tag: documentation pages would run it."""
    yield from _texts_with(spec, SCRIPT)


def no_unsafe_markdown(spec: Spec) -> Faults:
    """No text has markup that acts: frames, forms, event handlers, links that are code."""
    yield from _texts_with(spec, UNSAFE)


def _texts_with(spec: Spec, pattern: Pattern) -> Faults:
    for place, text in _texts(spec):
        if found := pattern.search(text):
            yield Fault(place, found[0], f"the text contains {found[0]}")


def _texts(spec: Spec) -> Iterator[tuple[Place, str]]:
    """Every text that documentation shows, with its place."""
    for kind in DESCRIBED:
        for node in spec.of(kind):
            yield from _own(node.value, node.place)
    root: Node = spec.root
    yield from _own(root.get("info") or {}, root.at("info"))
    for index, tag in enumerate(root.get("tags", ())):
        yield from _own(tag, root.at("tags", str(index)))


def _own(value: Mapping[str, Any], place: Place) -> Iterator[tuple[Place, str]]:
    for name in ("title", "summary", "description"):
        if isinstance(value.get(name), str):
            yield place.below(name), value[name]


RULES: tuple[Rule, ...] = (
    paths_kebab_case,
    path_segment_plural,
    no_http_verbs_in_paths,
    parameter_names,
    property_names,
    boolean_parameter_prefixes,
    no_script_tags_in_markdown,
    no_unsafe_markdown,
)
