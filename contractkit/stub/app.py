"""The application that serves an OpenAPI 3.0 document: Connexion's AsyncApp between our front and our handlers."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from connexion import AsyncApp
from connexion.middleware.context import ContextMiddleware
from connexion.middleware.lifespan import Lifespan, LifespanMiddleware
from connexion.middleware.request_validation import RequestValidationMiddleware
from connexion.middleware.response_validation import ResponseValidationMiddleware
from connexion.middleware.routing import RoutingMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from contractkit.stub import validators
from contractkit.stub.adapter import Adapter, Handler, HandlerResolver, handler_call, mock_call
from contractkit.stub.document import Document, Operation
from contractkit.stub.exchange import Plan
from contractkit.stub.front import Front
from contractkit.stub.pages import pages
from contractkit.stub.problems import ExtendProblem, StubError, ToProblem, never, nothing
from contractkit.stub.routing import Routes
from contractkit.stub.schemas import Schemas
from contractkit.stub.security import Guards, SecurityCheck, SecurityLayer, query_names

MAX_BODY = 10 * 1024 * 1024


def create_app(
    spec: Mapping[str, object],
    *,
    handlers: Mapping[str, Handler] | None = None,
    security: Mapping[str, SecurityCheck] | None = None,
    to_problem: ToProblem = never,
    extend_problem: ExtendProblem = nothing,
    routes: Sequence[BaseRoute] = (),
    lifespan: Lifespan | None = None,
    docs_path: str = "/docs",
    spec_path: str = "/openapi.json",
    max_body: int = MAX_BODY,
) -> ASGIApp:
    """Serves a document at its paths as they stand; the path of its `servers` is not put before them.

    `handlers` are functions by operationId; an operation without one is answered from its examples. `security` are
    checks by scheme name; without any, every request is let in. `to_problem` turns the exceptions of handlers and
    checks into problems, None meaning a 500; `extend_problem` gives further members of every problem document.
    `routes` are served beside the document, and a literal path of the document hides them. A body may have
    `max_body` bytes.

    Raises StubError when the document cannot be served, or handlers or checks do not fit it.
    """
    document = Document.load(spec)
    schemas = Schemas(document)
    plans = {
        operation.key: Plan(operation, schemas, query_names(document, operation)) for operation in document.operations
    }
    guards = Guards.build(document, security or {}, to_problem)
    adapters = _adapters(plans, handlers or {}, to_problem, extend_problem)
    paths = Routes.build(document.operations)
    return Front(
        _connexion(paths, adapters, guards, lifespan),
        paths,
        plans,
        (*routes, *pages(document, docs_path=docs_path, spec_path=spec_path)),
        extend_problem,
        max_body,
    )


def _adapters(
    plans: Mapping[str, Plan], handlers: Mapping[str, Handler], to_problem: ToProblem, extend_problem: ExtendProblem
) -> dict[str, Adapter]:
    unknown = sorted(handlers.keys() - plans.keys())
    if unknown:
        raise StubError(f"the document has no operation {', '.join(unknown)}")
    adapters = {}
    for key, plan in plans.items():
        if key in handlers:
            plan.compile()
            adapters[key] = Adapter(plan, handler_call(plan, handlers[key]), to_problem, extend_problem)
        else:
            adapters[key] = Adapter(plan, mock_call(plan), to_problem, extend_problem, is_mock=True)
    return adapters


def _connexion(
    routes: Routes,
    adapters: Mapping[str, Adapter],
    guards: Guards,
    lifespan: Lifespan | None,
) -> ASGIApp:
    app = AsyncApp(
        __name__,
        lifespan=lifespan,
        middlewares=[
            RoutingMiddleware,
            partial(SecurityLayer, guards=guards),
            RequestValidationMiddleware,
            ResponseValidationMiddleware,
            LifespanMiddleware,
            ContextMiddleware,
        ],
        jsonifier=validators.OrjsonJsonifier(),
        resolver=HandlerResolver(adapters),
        strict_validation=True,
        uri_parser_class=validators.NoURIParser,
        validate_responses=True,
        validator_map=validators.VALIDATORS,
    )
    app.add_api(outline(routes))
    application: ASGIApp = app
    return application


def outline(routes: Routes) -> dict[str, Any]:
    """The document as Connexion gets it: paths, media types, statuses and required headers, but no schemas.

    Connexion copies the schemas of a document into every operation of every layer, cannot follow some of them, and
    builds a validator for each request. Here they stay in `Schemas`, which the validators ask.
    """
    paths: dict[str, Any] = {}
    for template in routes.ordered:
        # HEAD first, as a GET route of Connexion's router takes HEAD too
        methods = sorted(template.methods.items(), key=lambda each: each[0] != "HEAD")
        paths[template.connexion_path] = {method.lower(): _operation(each) for method, (each, _) in methods}
    return {"openapi": "3.0.3", "info": {"title": "outline", "version": "1"}, "paths": paths}


def _operation(operation: Operation) -> dict[str, Any]:
    node: dict[str, Any] = {
        "operationId": operation.key,
        "responses": {
            reply.status: {
                "description": "",
                "headers": {header.name: {"required": header.required, "schema": {}} for header in reply.headers},
                "content": {name: {} for media in reply.content for name in (media.name, media.written)},
            }
            for reply in operation.replies.values()
        }
        or {"default": {"description": ""}},
    }
    if operation.body:
        content = {media.name: {"schema": {"title": "in Schemas"}} for media in operation.body}
        node["requestBody"] = {"required": operation.body_required, "content": content}
    return node
