"""For every rule a document that keeps it and one that breaks it, as small as they can be."""

from contractkit.tests.lint_documents import (
    BEARER,
    GET,
    GOT,
    IF_MATCH,
    IN_PATH,
    LEAF,
    LIST,
    OAUTH,
    OK,
    POST,
    PROBLEM,
    SENT,
    SENT_SCHEMA,
    TAG,
    TEXT,
    Case,
    answers,
    callback,
    content,
    document,
    links,
    operation,
    pages,
    parameter,
    patch,
    paths,
    problems,
    secured,
    sends,
    to_read,
    variants,
)

CASES = (
    # structure
    Case("no-identical-paths", paths("/a/{b}", "/a/{b}/c"), paths("/a/{b}", "/a/{c}"), ("/paths/~1a~1{c}",)),
    Case("no-ambiguous-paths", paths("/a/{b}", "/a/new"), paths("/a/{b}", "/{c}/new"), ("/paths/~1{c}~1new",)),
    Case("path-not-include-query", paths("/a"), paths("/a?b={c}"), ("/paths/~1a?b={c}",)),
    Case("no-path-trailing-slash", paths("/", "/a"), paths("/a/"), ("/paths/~1a~1",)),
    Case(
        "path-parameters-used",
        operation(path="/items/{id}", parameters=[IN_PATH]),
        operation(parameters=[IN_PATH]),
        (GET,),
    ),
    Case(
        "operation-parameters-unique",
        operation(
            parameters=[{"name": "a", "in": "query"}, {"name": "a", "in": "header"}, {"name": "A", "in": "query"}]
        ),
        operation(parameters=[{"name": "a", "in": "header"}, {"name": "A", "in": "header"}]),
        (f"{GET}/parameters/1",),
    ),
    Case("no-empty-servers", document(servers=[{"url": "/"}]), document(servers=[]), ("/servers",)),
    Case(
        "no-undefined-server-variable",
        document(servers=[{"url": "https://{a}.example", "variables": {"a": {"default": "x", "enum": ["x"]}}}]),
        document(
            servers=[
                {"url": "https://{a}.example"},
                {"url": "https://{a}.example", "variables": {"a": {"default": "y", "enum": ["x"]}}},
            ]
        ),
        ("/servers/0", "/servers/1"),
    ),
    Case(
        "spec-ref-siblings",
        answers({"404": content({"$ref": "#/components/schemas/Problem"})}, top=PROBLEM),
        answers({"404": content({"$ref": "#/components/schemas/Problem", "nullable": True})}, top=PROBLEM),
        (f"{GET}/responses/404/content/application~1json/schema/nullable",),
    ),
    Case(
        "no-unused-components",
        secured(BEARER, [{"token": []}]),
        secured(BEARER, []),
        ("/components/securitySchemes/token",),
    ),
    # operations
    Case(
        "operation-operation-id",
        operation(operationId="list_items"),
        document(paths={"/items": {"get": {"responses": OK}, "put": {"responses": OK, "operationId": "putItems"}}}),
        (GET, "/paths/~1items/put/operationId"),
        {"pattern": "^[a-z_]+$"},
    ),
    Case(
        "operation-summary",
        operation(summary="List items"),
        document(paths={"/items": {"get": {"responses": OK}, "put": {"responses": OK, "summary": "Put items."}}}),
        (GET, "/paths/~1items/put/summary"),
        {"max-length": 20},
    ),
    Case(
        "operation-description",
        operation(summary="List items", description="All that are for sale."),
        operation(summary="List items", description="List items."),
        (GET,),
    ),
    Case("operation-singular-tag", operation(tags=["items"]), operation(tags=["items", "shops"]), (GET,)),
    Case(
        "operation-tag-defined",
        operation(tags=["items"], top={"tags": [{"name": "items"}]}),
        operation(tags=["itmes"], top={"tags": [{"name": "items"}]}),
        (f"{GET}/tags/0",),
    ),
    Case(
        "tag-description",
        document(tags=[{"name": "items", "description": "Things"}]),
        document(tags=[{"name": "items", "description": " "}]),
        ("/tags/0",),
    ),
    Case("parameter-description", parameter(description="Of a cup"), parameter(), (f"{GET}/parameters/0",)),
    Case("operation-2xx-response", answers({"200": {}}), answers({"200": {}, "204": {}}), (f"{GET}/responses",)),
    Case("operation-4xx-response", answers({"200": {}, "404": {}}), answers({"200": {}}), (f"{GET}/responses",)),
    Case(
        "operation-responses",
        answers({"401": {}, "415": {}, "default": {}}, security=[{"token": []}], requestBody=content({})),
        answers({"401": {}, "415": {}, "200": {}}, parameters=[]),
        (f"{GET}/responses",),
        {"always": ["default"], "secured": ["401"], "with-body": ["415"], "with-path-parameter": ["404"]},
    ),
    Case(
        "operation-4xx-problem-details",
        problems("application/problem+json", "Problem"),
        problems("application/problem+json", "Other"),
        (f"{GET}/responses/404",),
    ),
    Case(
        "operation-security",
        secured(BEARER, [{"token": []}]),
        secured(BEARER, [{"token": []}, {}], tags=("items",)),
        (f"{GET}/security",),
        {"open-tags": ["health"]},
    ),
    Case("security-defined", secured(BEARER, [{"token": []}]), secured(BEARER, [{"other": []}]), (f"{GET}/security",)),
    Case(
        "security-scopes-defined",
        secured(OAUTH, [{"token": ["read"]}]),
        secured(OAUTH, [{"token": ["write"]}]),
        (f"{GET}/security",),
    ),
    Case(
        "patch-merge",
        patch("application/merge-patch+json", [IF_MATCH], {"ETag": {"schema": TEXT}}),
        patch("application/json", [], {}),
        ("/paths/~1items/patch", "/paths/~1items/patch/responses/200"),
    ),
    Case(
        "callback-signature",
        callback([{"name": "webhook-signature", "in": "header", "schema": TEXT}]),
        callback([{"name": "webhook-signature", "in": "query", "schema": TEXT}]),
        (f"{POST}/callbacks/paid/{{$request.query.url}}/post",),
    ),
    Case("info-semver", document(), document(info={"title": "Shop", "version": "v1.0"}), ("/info/version",)),
    # conventions
    Case(
        "collection-parameters",
        pages({"properties": {"items": LIST}}, "limit", "cursor"),
        pages({"properties": {"items": LIST}}, "limit"),
        (GET,),
    ),
    Case(
        "collection-envelope",
        pages({"type": "object", "required": ["next"], "properties": {"items": LIST, "next": TEXT}}),
        pages(LIST),
        (f"{GOT}/schema",),
    ),
    Case(
        "idempotency-key",
        operation("post", parameters=[{"name": "idempotency-key", "in": "header"}]),
        operation("post", parameters=[{"name": "idempotency-key", "in": "query"}]),
        (POST,),
    ),
    Case(
        "retry-after",
        answers({"429": {"headers": {"retry-after": {"schema": TEXT}}}, "404": {}}),
        answers({"503": {}}),
        (f"{GET}/responses/503",),
    ),
    Case(
        "response-headers",
        answers({"200": {"headers": {"X-Request-Id": {"schema": TEXT}}}}),
        answers({"200": {"headers": {"X-Request": {"schema": TEXT}}}}),
        (f"{GET}/responses/200",),
    ),
    Case(
        "parameter-style",
        operation(parameters=[{"name": "a", "in": "query", "schema": LIST}, {**IN_PATH, "style": "simple"}]),
        operation(
            parameters=[
                {"name": "a", "in": "query", "schema": LIST, "explode": False},
                {"name": "b", "in": "query", "schema": {"type": "object"}, "style": "deepObject"},
                {"name": "c", "in": "query", **content(TEXT)},
                {"name": "d", "in": "query", "schema": LIST, "style": "pipeDelimited"},
            ]
        ),
        tuple(f"{GET}/parameters/{number}" for number in range(4)),
    ),
    # links
    Case(
        "created-links",
        links(read=to_read()),
        links(),
        (f"{POST}/responses/201",),
    ),
    Case(
        "link-targets",
        links(read=to_read(parameters={"path.id": "x"})),
        links(
            a={"operationId": "raed_item"}, b=to_read(parameters={"query.id": "x"}), c=to_read(parameters={"no": "x"})
        ),
        (
            f"{POST}/responses/201/links/a/operationId",
            f"{POST}/responses/201/links/b/parameters/query.id",
            f"{POST}/responses/201/links/c/parameters/no",
        ),
    ),
    Case(
        "link-expressions",
        links(
            a=to_read(),
            b=to_read(requestBody={"etag": "$response.header.etag", "shop": ["$request.query.shop", 1, "$url"]}),
            c=to_read(parameters={"id": "$request.body#/parts/0/no"}),
        ),
        links(
            a=to_read(parameters={"id": "$response.body#/no"}),
            b=to_read(requestBody={"etag": "$response.header.link"}),
            c=to_read(requestBody=["$request.query.id"]),
            d=to_read(parameters={"id": "$request.body#/parts/0/id"}),
        ),
        tuple(f"{POST}/responses/201/links/{name}" for name in "abcd"),
    ),
    # schemas
    Case(
        "typed-enum",
        sends({"type": "string", "nullable": True, "enum": ["a", None]}),
        sends({"type": "integer", "enum": [1, "2", True, 2.5]}),
        tuple(f"{SENT_SCHEMA}/enum/{number}" for number in (1, 2, 3)),
    ),
    Case(
        "no-duplicated-enum-values",
        sends({"enum": [1, True, "1"]}),
        sends({"enum": ["a", "b", "a"]}),
        (f"{SENT_SCHEMA}/enum/2",),
    ),
    Case("array-items", sends(LIST), sends({"type": "array"}), (SENT_SCHEMA,)),
    Case(
        "no-schema-type-mismatch",
        sends({"type": "integer", "minimum": 1}),
        sends({"type": "string", "minimum": 1}),
        (f"{SENT_SCHEMA}/minimum",),
    ),
    Case(
        "no-empty-ranges",
        sends({"minLength": 1, "maxLength": 1}),
        sends({"minLength": 2, "maxLength": 1}),
        (f"{SENT_SCHEMA}/maxLength",),
    ),
    Case(
        "nullable-shape",
        sends({"oneOf": [{"type": "string", "nullable": True}, {"type": "object", "nullable": True, "enum": [None]}]}),
        sends(
            {
                "properties": {
                    "a": {"nullable": True, "oneOf": [TEXT]},
                    "b": {"type": "string", "nullable": True, "enum": ["x", None]},
                    "c": {"type": "object", "nullable": True, "allOf": [TEXT]},
                }
            }
        ),
        tuple(f"{SENT_SCHEMA}/properties/{name}/nullable" for name in "abc"),
    ),
    Case("one-of-tagged", variants(LEAF, **TAG), variants(TEXT, **TAG), (f"{SENT_SCHEMA}/oneOf/0",)),
    Case(
        "all-of-disjoint",
        sends({"allOf": [{"properties": {"a": TEXT}}, {"properties": {"b": TEXT}}]}),
        sends({"allOf": [{"properties": {"a": TEXT}}, {"properties": {"a": TEXT}}]}),
        (f"{SENT_SCHEMA}/allOf/1",),
    ),
    Case(
        "no-required-schema-properties-undefined",
        sends({"allOf": [{"required": ["a"]}, {"properties": {"a": TEXT}}]}),
        sends({"required": ["a", "b"], "properties": {"a": TEXT}}),
        (f"{SENT_SCHEMA}/required/1",),
    ),
    Case(
        "additional-properties-decided",
        sends({"type": "object", "additionalProperties": False}),
        sends({"type": "object"}),
        (SENT_SCHEMA,),
    ),
    Case(
        "read-only-not-required",
        sends({"properties": {"id": {"type": "string", "readOnly": True}}}),
        sends({"required": ["id"], "properties": {"id": {"type": "string", "readOnly": True}}}),
        (f"{SENT_SCHEMA}/required",),
    ),
    Case("string-limits", sends({"type": "string", "maxLength": 9}), sends(TEXT), (SENT_SCHEMA,)),
    Case("array-limits", sends({**LIST, "maxItems": 9}), sends(LIST), (SENT_SCHEMA,)),
    Case(
        "number-limits",
        sends({"type": "integer", "format": "int32", "minimum": 0, "maximum": 9}),
        sends({"type": "integer", "format": "int32", "minimum": 0}),
        (SENT_SCHEMA,),
    ),
    Case("pattern-anchored", sends({"pattern": "^a$"}), sends({"pattern": "^a"}), (f"{SENT_SCHEMA}/pattern",)),
    Case("no-number", sends({"type": "integer"}), sends({"type": "number"}), (SENT_SCHEMA,)),
    Case(
        "property-schemas",
        answers({"404": content({"properties": {"a": {"$ref": "#/components/schemas/Problem"}}})}, top=PROBLEM),
        answers({"404": content({"properties": {"a": {"$ref": "#/components/schemas/Other"}}})}, top=PROBLEM),
        (f"{GET}/responses/404/content/application~1json/schema/properties/a",),
        {"schemas": {"^a$": ["Problem"]}},
    ),
    Case(
        "date-time-zone",
        sends({"format": "date-time", "description": "In utc."}),
        sends({"format": "date-time", "description": "When it was."}),
        (SENT_SCHEMA,),
    ),
    Case(
        "property-description",
        sends({"properties": {"a": {"allOf": [{"description": "A"}]}}}),
        sends({"properties": {"a": {"allOf": [TEXT]}}}),
        (f"{SENT_SCHEMA}/properties/a",),
    ),
    # examples
    Case("media-type-examples", sends({}, examples={"a": {"value": 1}}), sends({}, example=1), (SENT,)),
    Case(
        "no-invalid-media-type-examples",
        sends({"properties": {"id": {"type": "string", "readOnly": True}}, "required": ["id"]}, example={}),
        sends(LIST, examples={"a": {"value": ["x", 1]}}),
        (f"{SENT}/examples/a/value/1",),
    ),
    Case(
        "no-invalid-parameter-examples",
        parameter(example="a"),
        parameter(example=1),
        (f"{GET}/parameters/0/example",),
    ),
    Case(
        "no-invalid-schema-examples",
        sends({"type": "string", "nullable": True, "example": None}),
        sends({"type": "string", "example": None}),
        (f"{SENT_SCHEMA}/example",),
    ),
    Case(
        "no-invalid-defaults",
        sends({"type": "string", "maxLength": 1, "default": "a"}),
        sends({"type": "string", "maxLength": 1, "default": "ab"}),
        (f"{SENT_SCHEMA}/default",),
    ),
    Case(
        "scalar-property-missing-example",
        sends({"properties": {"a": LEAF, "b": LIST}}),
        sends({"properties": {"a": TEXT}}),
        (f"{SENT_SCHEMA}/properties/a",),
    ),
    # style
    Case("paths-kebab-case", paths("/a-b/{someId}"), paths("/a_b"), ("/paths/~1a_b",)),
    Case("path-segment-plural", paths("/items/{id}/size"), paths("/item/{id}"), ("/paths/~1item~1{id}",)),
    Case("no-http-verbs-in-paths", paths("/budgets"), paths("/items/getAll"), ("/paths/~1items~1getAll",)),
    Case("parameter-names", parameter(), parameter(name="Size"), (f"{GET}/parameters/0/name",), {"pattern": "[a-z]+"}),
    Case(
        "property-names",
        sends({"properties": {"size": TEXT}}),
        sends({"properties": {"the size": TEXT}}),
        (f"{SENT_SCHEMA}/properties/the size",),
        {"pattern": "[a-z]+"},
    ),
    Case(
        "boolean-parameter-prefixes",
        parameter(name="isNew", schema={"type": "boolean"}),
        parameter(name="new", schema={"type": "boolean"}),
        (f"{GET}/parameters/0/name",),
    ),
    Case(
        "no-script-tags-in-markdown",
        operation(description="a script"),
        operation(description="a <script>"),
        (f"{GET}/description",),
    ),
    Case(
        "no-unsafe-markdown",
        operation(description="[a](https://x.example) <b>b</b>"),
        document(
            tags=[{"name": "a", "description": "[a](javascript:b)"}, {"name": "b", "description": "<b onclick=c>"}]
        ),
        ("/tags/0/description", "/tags/1/description"),
    ),
)
