"""The one place where settings, store, clock, ids and handlers meet."""

from __future__ import annotations

import inspect
import ipaddress
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml
from attrs import evolve, frozen
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from contractkit import stub
from contractkit.stub import FieldError, Problem, StubError
from provider_stub import config, problems
from provider_stub.config import Auth, ConfigError, Settings
from provider_stub.engine.errors import BillingError
from provider_stub.gateway import SimulatedGateway, by_amount, sound
from provider_stub.generated import api
from provider_stub.handlers.accounts import Accounts
from provider_stub.handlers.adjustments import Adjustments
from provider_stub.handlers.billing_groups import BillingGroups
from provider_stub.handlers.calculations import Calculations
from provider_stub.handlers.contracts import Contracts
from provider_stub.handlers.counters import Counters
from provider_stub.handlers.credits import Credits
from provider_stub.handlers.health import Health
from provider_stub.handlers.metering import Metering
from provider_stub.handlers.payments import Payments
from provider_stub.security import Security
from provider_stub.store.protocol.tx import Store, StoreConflictError, StoreUnavailableError
from provider_stub.store.sql.database import open_store
from provider_stub.tokens import Tokens, issuer, signing_key
from provider_stub.usecases.context import Context
from provider_stub.usecases.gateway import Gateway
from provider_stub.usecases.jobs import JobWatch, resume_jobs
from provider_stub.usecases.payments import reconcile_payments
from provider_stub.workers import Workers

Clock = Callable[[], datetime]


@frozen
class Provider:
    """A provider that is put together: the application, what its use cases work with, and its tokens."""

    app: ASGIApp
    ctx: Context
    tokens: Tokens
    workers: Workers

    def start(self) -> None:
        """Takes up what a stop or a kill left, now and again and again: charges without an answer, and jobs."""
        reconcile_payments(self.ctx)
        resume_jobs(self.ctx)
        every = self.ctx.patience.total_seconds()
        self.workers.repeat(lambda: reconcile_payments(self.ctx), every)
        self.workers.repeat(JobWatch(self.ctx).look, every)

    def close(self) -> None:
        """Ends background work behind its present step, and gives the database back."""
        self.workers.close()
        self.ctx.store.close()


def create_app(*, host: str = "127.0.0.1", **given: Any) -> ASGIApp:
    """The provider as the environment says; what is `given` takes the place of these settings.

    Raises StubError, one line that names the setting, when it cannot be served so, or must not be on that host.
    """
    try:
        settings = evolve(config.load(), **given)
        _check_exposure(settings, host)
        return build(settings).app
    except ConfigError as error:
        raise StubError(str(error)) from error


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    new_id: Callable[[str], str] | None = None,
    store: Store | None = None,
    gateway: Callable[[Store, Clock], Gateway] | None = None,
    routes: Sequence[BaseRoute] = (),
) -> Provider:
    """A provider of its own; what is given takes the place of what the settings would make.

    Raises ConfigError when the database cannot be opened, or the contract is not generated yet.
    """
    workers = Workers()
    ctx = context(settings, workers, clock=clock, new_id=new_id, store=store, gateway=gateway)
    tokens = Tokens(signing_key(settings.key_file), ctx.clock)
    spec = _document(settings.contract)

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        await run_in_threadpool(provider.start)
        try:
            yield
        finally:
            await run_in_threadpool(provider.close)

    app = stub.create_app(
        spec,
        handlers=handlers(ctx, spec["info"]["version"]),
        security=Security(tokens).checks() if settings.auth is Auth.JWT else {},
        to_problem=to_problem,
        extend_problem=header,
        routes=routes,
        lifespan=lifespan,
    )
    if settings.faults is not None:
        rules = stub.read_rules(settings.faults)
        app = stub.with_faults(app, spec, rules=rules, seed=settings.fault_seed, extend_problem=header)
    provider = Provider(app, ctx, tokens, workers)
    return provider


def context(
    settings: Settings,
    workers: Workers,
    *,
    clock: Clock | None = None,
    new_id: Callable[[str], str] | None = None,
    store: Store | None = None,
    gateway: Callable[[Store, Clock], Gateway] | None = None,
) -> Context:
    """What use cases work with, for whoever needs no HTTP. Raises ConfigError when the database cannot be opened."""
    clock = clock or _now
    store = store or _open(settings)
    return Context(
        store=store,
        clock=clock,
        new_id=new_id or _new_id,
        gateway=gateway(store, clock) if gateway else _gateway(settings, store, clock),
        run=workers.run,
        stopping=workers.stopping,
        wait=workers.wait,
        coupons=settings.coupons,
        patience=settings.patience,
    )


def admin_token() -> str:
    """A token for every operation, signed with the key of this folder."""
    return issuer(config.load()).admin()


def console_token(account: str) -> str:
    """A token for the console operations of one account, signed with the key of this folder."""
    return issuer(config.load()).console(account)


def handlers(ctx: Context, version: str) -> Mapping[str, Callable[..., object]]:
    """Every operation's handler by its operationId; one that drifts from the contract fails the type check here."""
    accounts: api.AccountsApi = Accounts(ctx)
    adjustments: api.AdjustmentsApi = Adjustments(ctx)
    billing_groups: api.BillingGroupsApi = BillingGroups(ctx)
    calculations: api.CalculationsApi = Calculations(ctx)
    contracts: api.ContractsApi = Contracts(ctx)
    counters: api.CountersApi = Counters(ctx)
    credit: api.CreditsApi = Credits(ctx)
    health: api.HealthApi = Health(ctx, version)
    metering: api.MeteringApi = Metering(ctx)
    payments: api.PaymentsApi = Payments(ctx)
    tags: tuple[tuple[object, type], ...] = (
        (accounts, api.AccountsApi),
        (adjustments, api.AdjustmentsApi),
        (billing_groups, api.BillingGroupsApi),
        (calculations, api.CalculationsApi),
        (contracts, api.ContractsApi),
        (counters, api.CountersApi),
        (credit, api.CreditsApi),
        (health, api.HealthApi),
        (metering, api.MeteringApi),
        (payments, api.PaymentsApi),
    )
    return {
        name: getattr(tag, name)
        for tag, protocol in tags
        for name, _ in inspect.getmembers(protocol, inspect.isfunction)
        if not name.startswith("_")
    }


def to_problem(error: Exception) -> Problem | None:
    """What an error of the domain, or of the world around, is answered with; None for a defect of ours."""
    if isinstance(error, StoreConflictError):
        return _try_again(503, "Other requests changed the same data meanwhile.")
    if isinstance(error, StoreUnavailableError):
        return _try_again(503, "The database does not answer.")
    if not isinstance(error, BillingError) or (answer := problems.answer_to(error)) is None:
        return None
    if answer.status == 503:
        return _try_again(answer.status, error.detail)
    return Problem(
        answer.status,
        title=answer.title,
        detail=problems.summary(error),
        type=answer.type,
        errors=tuple(FieldError(fault.pointer, fault.detail) for fault in error.faults),
    )


def header(problem: Problem) -> Mapping[str, object]:
    """The member of every problem that existing clients read first."""
    message = problem.detail or problem.title or f"HTTP {problem.status}"
    return {
        "header": {
            "isSuccessful": False,
            "resultCode": problems.result_code(problem.status, problem.type),
            "resultMessage": message,
        }
    }


def _try_again(status: int, detail: str) -> Problem:
    return Problem(status, detail=detail, headers={"Retry-After": str(problems.RETRY_SECONDS)})


def _gateway(settings: Settings, store: Store, clock: Clock) -> Gateway:
    return SimulatedGateway(store, clock, by_amount if settings.gateway is config.Gateway.SANDBOX else sound)


def _open(settings: Settings) -> Store:
    try:
        return open_store(settings.database_url)
    except (ValueError, StoreUnavailableError) as error:
        raise ConfigError(f"BILLING_DATABASE_URL: {error}") from error


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id(kind: str) -> str:
    return f"{kind}-{uuid4().hex}"


def _check_exposure(settings: Settings, host: str) -> None:
    if settings.auth is Auth.OFF and not _is_loopback(host):
        raise ConfigError(f"BILLING_AUTH=off is refused on {host}: without tokens only this machine may call")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _document(bundle: Path) -> dict[str, Any]:
    """The bundle. Raises ConfigError where it is not generated yet."""
    try:
        document: dict[str, Any] = yaml.load(bundle.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except FileNotFoundError:
        raise ConfigError(f"{bundle} is not there; `make generate` makes it") from None
    return document
