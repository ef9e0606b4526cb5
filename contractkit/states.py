"""The provider-state route: a provider started for verification is put into the state that an interaction needs.

The stock verifier calls it before and after each interaction. It retries a call that fails in transport for more than
two minutes, so everything is caught here and answered with 400, which it accepts as final at once.
"""

import inspect
import logging
from collections.abc import Callable, Mapping

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

SetUp = Callable[..., object]
LOG = logging.getLogger(__name__)


def state_route(set_ups: Mapping[str, SetUp], *, reset: Callable[[], object], path: str = "/_states") -> Route:
    """The route that a verification-only provider adds.

    POST `{"action": "setup" | "teardown", "state": name, "params": {...}}` calls the set-up of that name with the
    parameters as keywords; teardown calls `reset`. An unknown state, parameters that do not fit, and a set-up that
    raises are answered with 400 and the reason. GET lists those failures as `{"failures": [{state, detail}]}`.
    """
    failures: list[dict[str, str]] = []

    async def answer(request: Request) -> JSONResponse:
        if request.method == "GET":
            return JSONResponse({"failures": failures})
        state = ""
        try:
            call = orjson.loads(await request.body())
            state = call.get("state") or ""
            if call.get("action") == "teardown":
                await run_in_threadpool(reset)
            elif state:
                await run_in_threadpool(_set_up(set_ups, state, call.get("params") or {}))
        except Exception as error:
            LOG.exception("provider state %r", state)
            detail = str(error) if isinstance(error, LookupError | TypeError) else f"{type(error).__name__}: {error}"
            failures.append({"state": state, "detail": detail})
            return JSONResponse({"detail": detail}, status_code=400)
        return JSONResponse({})

    return Route(path, answer, methods=["GET", "POST"])


def _set_up(set_ups: Mapping[str, SetUp], state: str, params: Mapping[str, object]) -> Callable[[], object]:
    known = set_ups.get(state)
    if known is None:
        raise LookupError(f"no set-up for the provider state {state!r}; known: {', '.join(sorted(set_ups))}")
    try:
        bound = inspect.signature(known).bind(**params)
    except TypeError as error:
        raise TypeError(f"the provider state {state!r} {error}; it takes {inspect.signature(known)}") from error
    return lambda: known(*bound.args, **bound.kwargs)
