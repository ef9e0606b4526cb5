"""Small documents to lint, each with little more than what a rule looks at."""

from typing import Any

from attrs import field, frozen

Json = dict[str, Any]
TEXT = {"type": "string"}
OK: Json = {"200": {"description": "OK"}}


@frozen
class Case:
    """A rule, a document that keeps it, one that breaks it, and where the faults of that one are."""

    rule: str
    keeps: Json
    breaks: Json
    at: tuple[str, ...]
    options: Json = field(factory=dict)


def document(**fields: Any) -> Json:
    return {"openapi": "3.0.3", "info": {"title": "Shop", "version": "1.0.0"}, "paths": {}, **fields}


def paths(*names: str) -> Json:
    return document(paths={name: {"get": {"responses": OK}} for name in names})


def operation(method: str = "get", path: str = "/items", top: Json | None = None, **fields: Any) -> Json:
    """A document with one operation; `top` are further fields of the document."""
    return document(paths={path: {method: {"responses": OK, **fields}}}, **(top or {}))


def answers(responses: Json, **fields: Any) -> Json:
    return operation(responses={status: {"description": "...", **each} for status, each in responses.items()}, **fields)


def content(schema: Json, media_type: str = "application/json", **fields: Any) -> Json:
    return {"content": {media_type: {"schema": schema, **fields}}}


def sends(schema: Json, media_type: str = "application/json", **fields: Any) -> Json:
    """A document whose one operation takes a body."""
    return operation("post", requestBody=content(schema, media_type, **fields))


def parameter(**fields: Any) -> Json:
    return operation(parameters=[{"name": "size", "in": "query", "schema": TEXT, **fields}])


def links(**found: Json) -> Json:
    """Items are created at /items and read at /items/{id}; creating one links to reading it."""
    item = {
        "type": "object",
        "properties": {"id": TEXT, "parts": {"type": "array", "items": {"properties": {"no": TEXT}}}},
    }
    create = {
        "operationId": "create_item",
        "parameters": [{"name": "shop", "in": "query", "schema": TEXT}],
        "requestBody": content(item),
        "responses": {
            "201": {"description": "...", "headers": {"ETag": {"schema": TEXT}}, **content(item), "links": found}
        },
    }
    path = {"name": "id", "in": "path", "required": True, "schema": TEXT}
    read = {"operationId": "read_item", "parameters": [path], "responses": OK}
    return document(paths={"/items": {"post": create}, "/items/{id}": {"get": read}})


def to_read(**fields: Any) -> Json:
    return {"operationId": "read_item", "parameters": {"id": "$response.body#/id"}, **fields}


def patch(media_type: str, parameters: list[Json], headers: Json) -> Json:
    return operation(
        "patch",
        parameters=parameters,
        requestBody=content({}, media_type),
        responses={"200": {"description": "...", "headers": headers}},
    )


def callback(parameters: list[Json]) -> Json:
    sent = {"post": {"parameters": parameters, "responses": OK}}
    return operation("post", callbacks={"paid": {"{$request.query.url}": sent}})


def variants(kind: Json, **fields: Any) -> Json:
    one = {"type": "object", "required": ["kind"], "properties": {"kind": kind}}
    other = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string", "enum": ["cup"]}}}
    names = [{"$ref": "#/components/schemas/Leaf"}, {"$ref": "#/components/schemas/Cup"}]
    top = {"components": {"schemas": {"Leaf": one, "Cup": other}}}
    return operation("post", requestBody=content({"oneOf": names, **fields}), top=top)


def pages(schema: Json, *names: str) -> Json:
    parameters = [{"name": name, "in": "query", "schema": TEXT} for name in names]
    return answers({"200": content(schema)}, parameters=parameters)


def secured(scheme: Json, security: Any, tags: tuple[str, ...] = ()) -> Json:
    components = {"securitySchemes": {"token": scheme}}
    fields = {} if security is None else {"security": security}
    return operation(top={"components": components}, tags=list(tags), **fields)


GET = "/paths/~1items/get"
POST = "/paths/~1items/post"
SENT = f"{POST}/requestBody/content/application~1json"
SENT_SCHEMA = f"{SENT}/schema"
GOT = f"{GET}/responses/200/content/application~1json"
BEARER = {"type": "http", "scheme": "bearer"}
OAUTH = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://x.example", "scopes": {"read": "..."}}}}
LEAF, CUP = {"type": "string", "enum": ["leaf"]}, {"type": "string", "enum": ["cup"]}
TAG = {"discriminator": {"propertyName": "kind", "mapping": {"leaf": "Leaf", "cup": "Cup"}}}
LIST = {"type": "array", "items": TEXT}
PROBLEM = {"components": {"schemas": {"Problem": {"type": "object"}, "Other": {"type": "object"}}}}
IF_MATCH = {"name": "if-match", "in": "header", "schema": TEXT}
IN_PATH = {"name": "id", "in": "path", "required": True, "schema": TEXT}


def problems(media_type: str, schema: str) -> Json:
    return answers({"404": content({"$ref": f"#/components/schemas/{schema}"}, media_type)}, top=PROBLEM)
