"""Rules about what the document is made of: paths, servers, references, components."""

import re
from itertools import combinations

from contractkit.bundle_files import Place
from contractkit.document import children
from contractkit.lint.finding import Fault, Faults
from contractkit.lint.settings import Rule
from contractkit.lint.spec import Spec, mapping

VARIABLE = re.compile(r"\{([^{}]*)\}")


def no_identical_paths(spec: Spec) -> Faults:
    """Two paths differ in more than the names of their parameters."""
    first: dict[str, str] = {}
    for path in spec.paths:
        other = first.setdefault(VARIABLE.sub("{}", path), path)
        if other != path:
            yield Fault(spec.root.at("paths", path), path, f"is the same as {other}")


def no_ambiguous_paths(spec: Spec) -> Faults:
    """Of two paths that one request may match, one is the more exact."""
    for one, other in combinations(spec.paths, 2):
        if _ambiguous(one.split("/"), other.split("/")):
            yield Fault(spec.root.at("paths", other), other, f"may match the same request as {one}")


def _ambiguous(one: list[str], other: list[str]) -> bool:
    if len(one) != len(other):
        return False
    pairs = [("{" in left, "{" in right) for left, right in zip(one, other, strict=True) if left != right]
    return (True, False) in pairs and (False, True) in pairs and (False, False) not in pairs


def path_not_include_query(spec: Spec) -> Faults:
    """A path has no `?`: what follows it are parameters."""
    for path in spec.paths:
        if "?" in path:
            yield Fault(spec.root.at("paths", path), path, "has a query; declare its parameters instead")


def no_path_trailing_slash(spec: Spec) -> Faults:
    """A path does not end in a slash."""
    for path in spec.paths:
        if path.endswith("/") and path != "/":
            yield Fault(spec.root.at("paths", path), path, "ends in a slash")


def path_parameters_used(spec: Spec) -> Faults:
    """Every path parameter that is declared stands in the path."""
    for operation in spec.operations:
        names = VARIABLE.findall(operation.path)
        for parameter in operation.parameters:
            name = parameter.get("name", "")
            if parameter.get("in") == "path" and name not in names:
                yield Fault(operation.node.place, operation.subject, f"the path has no {{{name}}}")


def operation_parameters_unique(spec: Spec) -> Faults:
    """No list of parameters has one twice; headers are the same in any case."""
    for kind in ("pathItem", "operation"):
        for node in spec.of(kind):
            seen = set()
            for index, parameter in spec.each(node, "parameter", "parameters").items():
                location, name = parameter.get("in", ""), parameter.get("name", "")
                key = location, name.lower() if location == "header" else name
                if key in seen:
                    yield Fault(
                        node.at("parameters", index), name, f"the {location} parameter {name} stands here twice"
                    )
                seen.add(key)


def no_empty_servers(spec: Spec) -> Faults:
    """The document says where the API is served."""
    if not spec.root.get("servers"):
        yield Fault(spec.root.at("servers"), "servers", "there are no servers")


def no_undefined_server_variable(spec: Spec) -> Faults:
    """Every variable in the address of a server has a default, one of its values where they are listed."""
    for index, server in enumerate(spec.root.get("servers", ())):
        place = spec.root.at("servers", str(index))
        variables = server.get("variables")
        for name in VARIABLE.findall(str(server.get("url", ""))):
            found = variables.get(name) if isinstance(variables, dict) else None
            if not isinstance(found, dict) or "default" not in found:
                yield Fault(place, name, f"the variable {{{name}}} has no default")
            elif isinstance(found.get("enum"), list) and found["default"] not in found["enum"]:
                yield Fault(place, name, f"the default of {{{name}}} is none of its values")


def spec_ref_siblings(spec: Spec) -> Faults:
    """Nothing stands beside a `$ref`: OpenAPI 3.0 ignores it."""
    for reference in spec.references:
        for name in reference.value:
            if name != "$ref" and reference.kind != "pathItem":
                yield Fault(reference.place.below(name), name, f"{name} beside a $ref is ignored")


def no_unused_components(spec: Spec) -> Faults:
    """What is written is used: components of the root, entries of further files, and files beside those in use."""
    used = {reference.target for reference in spec.references} | {
        place for schema in spec.of("schema") for place in mapping(spec, schema).values()
    }
    named = {scheme for operation in spec.operations for each in operation.security for scheme in each}
    components = spec.root.get("components") or {}
    for tokens, kind, _ in children("components", components):
        place = spec.root.at("components", *tokens)
        if place not in used and not (kind == "securityScheme" and tokens[1] in named):
            yield Fault(place, tokens[1], f"nothing uses the {kind} {tokens[1]}")
    yield from _unused_entries(spec, used)
    yield from _unused_files(spec)


def _unused_entries(spec: Spec, used: set[Place]) -> Faults:
    whole = {place.path for place in used if not place.pointer}
    inside = {(place.path, place.pointer[:length]) for place in used for length in range(1, len(place.pointer) + 1)}
    for path, file in spec.files.sources.items():
        if path == spec.root.place.path or path in whole or not isinstance(file.value, dict):
            continue
        for name in file.value:
            if (path, (name,)) not in inside:
                yield Fault(Place(path, (name,)), name, f"nothing uses {name}")


def _unused_files(spec: Spec) -> Faults:
    folders = {path.parent for path in spec.files.sources} - {spec.root.place.path.parent}
    for folder in sorted(folders):
        for path in sorted(folder.iterdir()):
            if path.suffix in (".yaml", ".yml", ".json") and path not in spec.files.sources:
                yield Fault(Place(path), path.name, "nothing uses this file")


RULES: tuple[Rule, ...] = (
    no_identical_paths,
    no_ambiguous_paths,
    path_not_include_query,
    no_path_trailing_slash,
    path_parameters_used,
    operation_parameters_unique,
    no_empty_servers,
    no_undefined_server_variable,
    spec_ref_siblings,
    no_unused_components,
)
