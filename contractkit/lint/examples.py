"""Rules about examples: there are some, and they fit. A stub that answers from examples is only as good as they are."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from contractkit import source
from contractkit.bundle_files import Place
from contractkit.document import children
from contractkit.lint.finding import Fault, Faults
from contractkit.lint.settings import Rule
from contractkit.lint.spec import REQUEST, RESPONSE, Node, Spec, is_json, mapping

SCALARS = ("string", "integer", "number", "boolean")


def media_type_examples(spec: Spec) -> Faults:
    """Every JSON body of a request or response has at least one example with a name."""
    for holder in (*spec.of("requestBody"), *spec.of("response")):
        for name, media in spec.each(holder, "mediaType", "content").items():
            if is_json(name) and not media.get("examples"):
                yield Fault(media.place, holder.subject, f"{name} has no examples")


def no_invalid_media_type_examples(spec: Spec) -> Faults:
    """Every example of a JSON body fits its schema, in the direction in which it travels."""
    judge = _Judge.of(spec)
    for kind, direction in (("requestBody", REQUEST), ("response", RESPONSE)):
        for holder in spec.of(kind):
            for name, media in spec.each(holder, "mediaType", "content").items():
                if is_json(name):
                    yield from judge.examples(media, direction)


def no_invalid_parameter_examples(spec: Spec) -> Faults:
    """Every example of a parameter or a response header fits its schema."""
    judge = _Judge.of(spec)
    for kind, direction in (("parameter", REQUEST), ("header", RESPONSE)):
        for node in spec.of(kind):
            yield from judge.examples(node, direction)


def no_invalid_schema_examples(spec: Spec) -> Faults:
    """The example of a schema fits the schema, in every direction in which it travels."""
    yield from _own_values(spec, "example")


def no_invalid_defaults(spec: Spec) -> Faults:
    """The default of a schema fits the schema."""
    yield from _own_values(spec, "default")


def _own_values(spec: Spec, word: str) -> Faults:
    judge = _Judge.of(spec)
    for schema in spec.of("schema"):
        if word in schema.value:
            directions = sorted(spec.directions.get(schema.place, {RESPONSE}))
            found = (
                list(judge.faults(schema, schema.get(word), schema.at(word), direction, schema.subject))
                for direction in directions
            )
            yield from next(filter(None, found), [])  # what fits neither way is said once


def scalar_property_missing_example(spec: Spec) -> Faults:
    """Every property that is no object or array has an example, an enum, or a default, to build examples from."""
    for owner in spec.of("schema"):
        for name, found in spec.each(owner, "schema", "properties").items():
            said = {word for part in spec.parts(found) for word in part.value}
            if spec.type_of(found) in SCALARS and not said & {"example", "enum", "default"}:
                yield Fault(owner.at("properties", name), f"{owner.subject}.{name}", f"{name} has no example")


@frozen
class _Judge:
    """Says whether values fit schemas, by the validators that the stub serves with."""

    spec: Spec
    numbers: Mapping[Place, str]
    schemas: Any

    @classmethod
    def of(cls, spec: Spec) -> "_Judge":
        from contractkit.stub.document import Document  # brings Connexion along, which only examples need
        from contractkit.stub.schemas import Schemas

        numbers = {schema.place: str(number) for number, schema in enumerate(spec.of("schema"))}
        flat = {numbers[schema.place]: _flat(spec, schema, numbers) for schema in spec.of("schema")}
        return cls(spec, numbers, Schemas(Document(flat)))

    def examples(self, node: Node, direction: str) -> Faults:
        """The faults of the `example` and `examples` of a media type, parameter or header."""
        schema = self.spec.below(node, "schema", "schema")
        if schema is None:
            return
        if "example" in node.value:
            yield from self.faults(schema, node.get("example"), node.at("example"), direction, node.subject)
        for name, example in self.spec.each(node, "example", "examples").items():
            if "value" in example.value:
                yield from self.faults(schema, example.get("value"), example.at("value"), direction, name)

    def faults(self, schema: Node, value: Any, place: Place, direction: str, subject: str) -> Faults:
        """Where a value does not fit, each at its own line."""
        import jsonschema_rs

        from contractkit.stub.schemas import Direction

        target = self.schemas.document.target(f"#/{self.numbers[schema.place]}")
        try:
            errors = self.schemas.check(target, Direction[direction.upper()]).errors(value)
        except jsonschema_rs.ValidationError:
            return  # the schema is none itself, which bundling refuses
        for error in errors:
            at = place.below(*source.tokens(error.pointer))
            yield Fault(at, subject, f"does not fit {schema.subject}: {error.detail}")


def _flat(spec: Spec, schema: Node, numbers: Mapping[Place, str]) -> dict[str, Any]:
    """A schema with each schema below it as a reference, so that those of all files make one document."""
    flat = dict(schema.value)
    for tokens, kind, child in children("schema", schema.value):
        found = spec.follow(kind, child, schema.at(*tokens))
        made = {"$ref": f"#/{numbers[found.place]}"} if found else child
        if len(tokens) == 1:
            flat[tokens[0]] = made
            continue
        field, key = tokens
        if flat[field] is schema.value[field]:
            flat[field] = flat[field].copy()
        flat[field][int(key) if isinstance(flat[field], list) else key] = made
    if isinstance(flat.get("discriminator"), Mapping):
        flat["discriminator"] = {**flat["discriminator"], "mapping": _mapping(spec, schema, numbers)}
    return flat


def _mapping(spec: Spec, schema: Node, numbers: Mapping[Place, str]) -> dict[str, str]:
    """The mapping of a discriminator in the words of the flat document; a variant's name is its tag where none is."""
    mapped = {tag: f"#/{numbers[place]}" for tag, place in mapping(spec, schema).items() if place in numbers}
    variants = [variant for field in ("oneOf", "anyOf") for variant in spec.each(schema, "schema", field).values()]
    named = {variant.place.name: f"#/{numbers[variant.place]}" for variant in variants}
    return mapped | {name: target for name, target in named.items() if target not in mapped.values()}


RULES: tuple[Rule, ...] = (
    media_type_examples,
    no_invalid_media_type_examples,
    no_invalid_parameter_examples,
    no_invalid_schema_examples,
    no_invalid_defaults,
    scalar_property_missing_example,
)
