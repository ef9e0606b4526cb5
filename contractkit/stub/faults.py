"""Faults on purpose: an outermost layer that spoils calls of chosen operations, the same way for the same seed.

Rules in shorthand, divided by `;` or line ends, each `OPERATION: FAULT [ARGUMENT] [WHEN]`:

    add_item: 503 first 2; *: latency 50-200ms p=0.1; get_item: truncate every 3; add_item: reset-after first 1

OPERATION is an operationId, `get /path` for one that has none, or `*` for every operation but health checks (those
whose path has a segment such as `health` or `readyz`), which have to be named.

FAULT                       what the client meets
latency 100ms | 50-200ms    a wait
429 [retry-after 1]         a problem document with this status and Retry-After in seconds
503 [retry-after N]         the same, without Retry-After unless it is given
500 | 502 | 504             the same
reset                       a connection reset (RST) without a byte of a reply
html [502 | 200]            the HTML page of a proxy instead of a reply
truncate                    half of the body that Content-Length promises, then the end of the connection
malformed                   half of the body, with the right Content-Length
slow 100ms | 50-200ms       each piece of the body in up to eight parts, spread over this time

A fault strikes before the handler runs; with `-after` (latency-after, 503-after, reset-after, html-after) it strikes
once the handler did its work, so that the client does not learn of it. truncate, malformed and slow spoil a reply, and
so always come after; a reply without a body stays as it is.

WHEN is `p=0.1` (a probability), `first N`, `every N` (the Nth, 2Nth, ...), or `calls 1,4,5`; without it, each call.
Rules are asked in their order, and the first one that replaces or cuts the reply ends the asking. A rule counts, for
each operation by itself, the calls that it was asked about: in the example above `add_item` fails twice with 503, and
then the third call is reset. Chances are drawn from a stream for each seed, rule and operation, so calls of other
operations change nothing.

In JSON a rule is an object, as the admin route takes and shows it: `operation`, `fault`, `after` (false), `ms` (100 or
[50, 200]), `retry_after`, `status` (of html), and one of `p`, `first`, `every`, `calls` ([1, 4, 5]).

The admin route is served only where this layer is, for whoever reaches the server:

    GET /__faults     {"seed", "rules", "operations": {"add_item": {"calls": 3, "injected": {"503": 2}}}}
    PUT /__faults     {"rules": [...] or shorthand, "seed": the present one unless given}; every count starts anew
    DELETE /__faults  no rules, no counts
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

import orjson
from attrs import define, field
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from contractkit.stub.document import Document, Operation
from contractkit.stub.fault_rules import ANY, LASTING, FaultsError, Rule, decode
from contractkit.stub.fault_wire import Strike, Victim, wait_of
from contractkit.stub.front import request_id_of
from contractkit.stub.problems import ExtendProblem, FieldError, Problem, StubError, nothing, render
from contractkit.stub.routing import Found, Routes, canonical

PATH = "/__faults"
MAX_SEED = 2**53 - 1  # every JSON reader has it exactly
MAX_BODY = 1024 * 1024
HEALTH = re.compile(r"/(?:health(?:z|check)?|live(?:z|ness)|readyz|readiness)(?:/|$)", re.IGNORECASE)
PAGES = re.compile(r"/docs(?:/.*)?|/openapi\.json")


def with_faults(
    app: ASGIApp,
    spec: Mapping[str, object],
    *,
    rules: str | Sequence[object] = (),
    seed: int = 0,
    extend_problem: ExtendProblem = nothing,
) -> ASGIApp:
    """The application, failing on purpose as the rules say, with the admin route at `/__faults`.

    Rules are shorthand, `Rule`s, or objects as the admin route takes them. `serve` can reset and cut connections; under
    another server those faults are a ConnectionResetError out of the application.

    Raises FaultsError for rules that cannot be, StubError for a document that cannot be read.
    """
    routes = Routes.build(Document.load(spec).operations)
    return Faulty(app, routes, Run(decode(rules, operation_ids(routes)), seed), extend_problem)


def operation_ids(routes: Routes) -> list[str]:
    """The operations of a document as rules name them."""
    return sorted(operation.key for template in routes.ordered for operation, _ in template.methods.values())


def read_rules(given: str) -> str | list[object]:
    """Rules from the command line: a file's name, or the rules themselves; JSON or shorthand.

    Raises StubError for what is neither.
    """
    try:
        text = Path(given).read_text(encoding="utf-8") if given and Path(given).is_file() else given
    except (OSError, UnicodeDecodeError) as error:
        raise StubError(f"--faults {given[:80]!r} cannot be read: {error}") from None
    if text is given and given.strip() and ":" not in given:
        raise StubError(f"--faults {given[:80]!r} is neither a file nor a rule, such as '*: latency 50ms'")
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise StubError(f"--faults is no JSON: {error}") from None
    rules: str | list[object] = found["rules"] if isinstance(found, dict) and set(found) == {"rules"} else found
    return rules


@define
class Run:
    """Rules at work, and what they did since they were set."""

    rules: tuple[Rule, ...]
    seed: int
    calls: Counter[str] = field(factory=Counter)
    injected: dict[str, Counter[str]] = field(factory=dict)
    _asked: Counter[tuple[str, int]] = field(factory=Counter)
    _streams: dict[tuple[str, int], Random] = field(factory=dict)

    def strikes(self, operation: str, *, is_health: bool) -> list[Strike]:
        """What strikes the next call of an operation."""
        self.calls[operation] += 1
        found = []
        for index, rule in enumerate(self.rules):
            if rule.operation != operation and (rule.operation != ANY or is_health):
                continue
            key = operation, index
            self._asked[key] += 1
            random = self._streams.setdefault(key, Random(f"{self.seed} {index} {operation}"))  # noqa: S311 - to be repeated
            if rule.strikes(self._asked[key], random):
                found.append(Strike(rule, wait_of(rule, random)))
                if rule.fault not in LASTING:
                    break
        return found

    def count(self, operation: str, rule: Rule) -> None:
        """Notes that a fault was injected."""
        self.injected.setdefault(operation, Counter())[rule.name] += 1

    def as_json(self) -> dict[str, object]:
        """What the admin route shows."""
        return {
            "seed": self.seed,
            "rules": [rule.as_json() for rule in self.rules],
            "operations": {
                name: {"calls": calls, "injected": dict(sorted(self.injected.get(name, {}).items()))}
                for name, calls in sorted(self.calls.items())
            },
        }


@define
class Faulty:
    """An application that fails on purpose, and the route that says how."""

    app: ASGIApp
    routes: Routes
    run: Run
    extend_problem: ExtendProblem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = canonical(scope.get("raw_path") or scope["path"].encode()) if scope["type"] == "http" else None
        if path == PATH:
            with suppress(ClientDisconnect):  # who asked has left
                await (await self._administer(Request(scope, receive)))(scope, receive, send)
            return
        found = self._operation(scope, path) if path else None
        run = self.run  # a PUT meanwhile sets another one
        strikes = run.strikes(found.key, is_health=HEALTH.search(found.path) is not None) if found else []
        if found is None or not strikes:
            await self.app(scope, receive, send)
            return
        key = found.key
        victim = Victim(scope, receive, send, strikes, lambda rule: run.count(key, rule), self.extend_problem)
        if await victim.before():
            await self.app(scope, receive, victim.reply)
        await victim.closed()

    def _operation(self, scope: Scope, path: str) -> Operation | None:
        if PAGES.fullmatch(path) and path not in self.routes.literal:
            return None
        found = self.routes.find(scope["method"], path)
        return found.operation if isinstance(found, Found) else None

    async def _administer(self, request: Request) -> Response:
        try:
            if request.method == "GET":
                return Response(orjson.dumps(self.run.as_json()), media_type="application/json")
            if request.method == "PUT":
                self.run = self._replaced(await _read(request))
                return Response(orjson.dumps(self.run.as_json()), media_type="application/json")
            if request.method == "DELETE":
                self.run = Run((), self.run.seed)
                return Response(status_code=204)
            problem = Problem(405, headers={"Allow": "DELETE, GET, PUT"})
        except Problem as refused:
            problem = refused
        return render(problem, instance=PATH, extend=self.extend_problem, request_id=request_id_of(request.headers))

    def _replaced(self, body: object) -> Run:
        try:
            return _run(body, self.run.seed, operation_ids(self.routes))
        except FaultsError as error:
            raise Problem(400, detail="These rules cannot be.", errors=error.errors) from None


def _run(body: object, seed: object, operations: Sequence[str]) -> Run:
    """What a PUT sets; `seed` is the present one."""
    if not isinstance(body, dict):
        raise FaultsError([FieldError("", "must be an object with rules, and seed if need be")])
    if unknown := sorted(body.keys() - {"rules", "seed"}):
        raise FaultsError([FieldError(f"/{name}", "is not known; there are rules, seed") for name in unknown])
    seed = body.get("seed", seed)
    if type(seed) is not int or abs(seed) > MAX_SEED:
        raise FaultsError([FieldError("/seed", f"must be a whole number of {MAX_SEED} at most")])
    return Run(decode(body.get("rules"), operations), seed)


async def _read(request: Request) -> object:
    """The body of a PUT as JSON."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            raise Problem(413, detail=f"The body may have {MAX_BODY} bytes.", headers={"Connection": "close"})
    try:
        return orjson.loads(bytes(body))
    except orjson.JSONDecodeError as error:
        raise Problem(400, detail=f"The body is no JSON: {error}", errors=(FieldError("", str(error)),)) from None
