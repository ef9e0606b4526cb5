"""A document whose schemas have the shapes that trip generators of models."""

from typing import Any


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def record(required: str = "", beside: object = None, /, **properties: object) -> dict[str, Any]:
    extra = {} if beside is None else {"additionalProperties": beside}
    return {"type": "object", "properties": properties, "required": required.split(), **extra}


TEXT = {"type": "string"}
NULL = {"type": "object", "nullable": True, "enum": [None]}
NAMES = [
    "",
    *[
        "class",
        "from",
        "list",
        "date",
        "self",
        "to_dict",
        "fooBar",
        "foo_bar",
        "foo-bar",
        "2fa",
        "@type",
        "additional_properties",
        "classmethod",
        "dt",
    ],
]
TEXTS = dict.fromkeys(NAMES, TEXT)
SCHEMAS: dict[str, Any] = {
    "Colour": {"type": "string", "enum": ["red", "dark-blue", "+1", "-1", "", "class"]},
    "Level": {"type": "integer", "enum": [1, 2]},
    "Kinds": record(
        "exact day at id raw count share flag colour level",
        exact={"type": "string", "format": "decimal"},
        ratio={"type": "number", "format": "decimal"},
        day={"type": "string", "format": "date"},
        at={"type": "string", "format": "date-time"},
        id={"type": "string", "format": "uuid"},
        raw={"type": "string", "format": "byte"},
        count={"type": "integer"},
        share={"type": "number"},
        flag={"type": "boolean"},
        colour=ref("Colour"),
        level=ref("Level"),
    ),
    "Nulls": record(
        "always",
        always={**TEXT, "nullable": True},
        never=TEXT,
        either={**TEXT, "nullable": True},
        reference={"nullable": True, "allOf": [ref("Colour")]},
        enumerated={**TEXT, "nullable": True, "enum": ["a", "b", None]},
        unsaid={**TEXT, "nullable": True, "enum": ["a", "b"]},
        choice={"oneOf": [ref("Leaf"), NULL]},
        beside={"nullable": True, "oneOf": [ref("Leaf"), TEXT]},
        via=ref("MaybeLeaf"),
    ),
    "Leaf": record("name", name=TEXT),
    "MaybeLeaf": {**record("leaf", leaf=TEXT), "nullable": True},
    "Cat": record("kind", kind=TEXT, lives={"type": "integer"}),
    "Dog": record("kind", kind={**TEXT, "enum": ["hound"]}, barks={"type": "boolean"}),
    "Pet": {
        "oneOf": [ref("Cat"), ref("Dog")],
        "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat", "hound": "Dog"}},
    },
    "Vehicle": {**record("wheels", wheels={"type": "integer"}, sort=TEXT), "discriminator": {"propertyName": "sort"}},
    "Car": {"allOf": [ref("Vehicle"), record("doors", doors={"type": "integer"})]},
    "Lorry": {"allOf": [ref("Vehicle"), record("load", load={"type": "integer"})]},
    "Fleet": {"type": "array", "items": ref("Vehicle")},
    "Garage": record("fleet", fleet=ref("Fleet")),
    "Circle": record("radius", radius={"type": "number"}, name=TEXT),
    "Square": record("side", side={"type": "number"}, name=TEXT),
    "Ring": record("radius hole", radius={"type": "number"}, hole={"type": "number"}),
    "Figure": {"oneOf": [ref("Circle"), ref("Ring"), ref("Square")]},
    "Drawing": record("figures", figures={"type": "array", "items": ref("Figure")}, main=ref("Figure")),
    "Tree": record("value", value={"type": "integer"}, branches={"type": "array", "items": ref("Tree")}),
    "Ping": record("", pong=ref("Pong")),
    "Pong": record("", ping=ref("Ping"), many={"type": "object", "additionalProperties": ref("Ping")}),
    "Anything": {"oneOf": [TEXT, {"type": "integer"}, {"type": "array", "items": ref("Anything")}]},
    "Holder": record("it", it=ref("Anything")),
    "Stored": record("id secret", id={**TEXT, "readOnly": True}, secret={**TEXT, "writeOnly": True}, name=TEXT),
    "Answer": record("id", id={**TEXT, "readOnly": True}),
    "Open": record("a", {"type": "integer"}, a=TEXT),
    "Shut": record("a", False, a=TEXT),
    "Merged": {"allOf": [ref("Leaf"), record("size", size={"type": "integer"}), {"required": ["extra"]}],
               "properties": {"extra": TEXT, "name": {**TEXT, "enum": ["x", "y"]}}},
    "Names": record("", dates={"type": "array", "items": {"type": "string", "format": "date"}}, **TEXTS),
    "Decimal": record("n", n={"type": "string", "format": "decimal"}),
    **dict.fromkeys(("Member", "Members", "Exception"), record("at", at={"type": "string", "format": "date-time"})),
    "import": record("x", x=TEXT),
    "Hostile": {**record("", **{'"""\nimport os\n"""': {**TEXT, "description": '"""\nimport os # \\'}}),
                "description": 'A """ and \\ and\nimport os"""'},
    "HostileEnum": {"type": "string", "enum": ['"\nimport os\n', "'''", "\\"]},
    "Map": {"type": "object", "additionalProperties": {"type": "array", "items": ref("Leaf")}},
    "Maps": record("map", map=ref("Map")),
    "Currency": {"type": "string", "enum": ["KRW"]},
    "Priced": record("currency", currency=ref("Currency"), version={"type": "integer", "enum": [1]},
                     kinds={"type": "array", "items": {"type": "string", "enum": ["card"]}},
                     sure={"type": "boolean", "enum": [True]}),
    "Opened": record("state", state={"type": "string", "enum": ["open"]}, by=TEXT),
    "Closed": record("state", state={"type": "string", "enum": ["closed"]}, why=TEXT),
    "Ticket": {"oneOf": [ref("Opened"), ref("Closed")]},
    "Card": record("number", number=TEXT, brand={"type": "string", "enum": ["visa", "master"]}),
    "Bank": record("number", number=TEXT, bank=TEXT),
    "Purse": {"oneOf": [ref("Bank"), ref("Card")]},
    "Sealed": record("a", False, a=TEXT, b=TEXT),
    "Loose": record("a", a=TEXT),
    "Sealing": {"oneOf": [ref("Sealed"), ref("Loose")]},
    "Either": {"anyOf": [record("x", x=TEXT), record("y", y=TEXT)]},
    "ShutLeaf": {"allOf": [ref("Leaf")], "additionalProperties": False},
    "Counted": {"allOf": [ref("Leaf"), {"type": "object", "additionalProperties": {"type": "integer"}}]},
    "Limit": {**record("type hours", type={"type": "string", "enum": ["daily_limit", "weekly_limit"]},
                       hours={"type": "integer"}), "discriminator": {"propertyName": "type"}},
    "WeeklyLimit": {"allOf": [ref("Limit"), record("weekday", weekday=TEXT)]},
}  # fmt: skip
DOCUMENT = {"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": {}, "components": {"schemas": SCHEMAS}}
