"""A billing provider without HTTP: use cases on a store, with a clock and a payment gateway that tests can turn."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from attrs import define, evolve, field

from provider_stub.config import COUPONS
from provider_stub.engine.accounts import Account, BillingGroup, Project
from provider_stub.engine.counters import Counter
from provider_stub.engine.credits import CreditType
from provider_stub.engine.metering import CounterType
from provider_stub.engine.payments import PaymentAttempt
from provider_stub.engine.period import Month
from provider_stub.engine.prices import per_unit
from provider_stub.gateway import SimulatedGateway
from provider_stub.store.protocol.records import Bill, Charge, ChargeState, Job
from provider_stub.store.protocol.tx import Store
from provider_stub.usecases import accounts, counters, jobs, metering, payments
from provider_stub.usecases import credits as credit
from provider_stub.usecases.context import Context, Once, once, plain
from provider_stub.usecases.gateway import GatewayTimeoutError
from provider_stub.usecases.metering import Reading
from provider_stub.usecases.statements import Place

T = TypeVar("T")

MONTH = Month(2026, 10)


@define
class Clock:
    now: datetime = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, by: timedelta) -> None:
        self.now += by


@define
class TroubledGateway:
    """The simulated gateway on a bad line. `loses` an answer after doing what was asked, or `drops` the question;
    `declines` is what it says instead of capturing. `hold` comes before a charge, and `meanwhile` between an undoing
    and its answer.
    """

    gateway: SimulatedGateway
    loses: bool = False
    drops: bool = False
    declines: bool = False
    hold: Callable[[], object] = lambda: None
    meanwhile: Callable[[], object] = lambda: None

    def charge(self, attempt: PaymentAttempt) -> Charge:
        self.hold()
        if self.declines:
            return evolve(self.gateway.settle(attempt), reason="no money")
        return self._line(lambda: self.gateway.charge(attempt))

    def settle(self, attempt: PaymentAttempt) -> Charge:
        return self._line(lambda: self.gateway.settle(attempt))

    def void(self, attempt: PaymentAttempt) -> None:
        self._line(lambda: self.gateway.void(attempt))
        self.meanwhile()

    def refund(self, attempt: PaymentAttempt) -> None:
        self._line(lambda: self.gateway.refund(attempt))
        self.meanwhile()

    def _line(self, work: Callable[[], T]) -> T:
        if self.drops:
            raise GatewayTimeoutError
        answer = work()
        if self.loses:
            raise GatewayTimeoutError
        return answer


@define
class World:
    """The provider, and the shortest words for what tests do with it. The price of `compute` is 100 won an hour."""

    store: Store
    clock: Clock = field(factory=Clock)
    gateway: TroubledGateway = field(init=False)
    ctx: Context = field(init=False)
    later: list[Callable[[], None]] = field(factory=list)
    stop: threading.Event = field(factory=threading.Event)

    def __attrs_post_init__(self) -> None:
        numbers = itertools.count(1)
        self.gateway = TroubledGateway(SimulatedGateway(self.store, self.clock))
        self.ctx = Context(
            store=self.store,
            clock=self.clock,
            new_id=lambda kind: f"{kind}-{next(numbers):06}",
            gateway=self.gateway,
            run=self.later.append,
            stopping=self.stop.is_set,
            wait=lambda _seconds: None,
            coupons=COUPONS,
            patience=timedelta(seconds=30),
        )
        price = Counter("compute", CounterType.DELTA, per_unit(Decimal(100), "HOURS", "KRW"), MONTH.plus(-20).first_day)
        counters.put_counter(self.ctx, price)
        self.account("acme")

    def account(self, name: str, groups: Sequence[str] = ("main",), region: str = "KR") -> None:
        made = (
            BillingGroup(f"{name}-{group}", group, (Project(f"{name}-{group}-web", f"{name}-{group}-key"),))
            for group in groups
        )
        accounts.put_account(self.ctx, Account(name, region, tuple(made)))

    def use(self, hours: int, account: str = "acme", group: str = "main", month: Month = MONTH, **more: Any) -> Any:
        first, _ = month.bounds(UTC)  # type: ignore[arg-type]  # any time zone does
        when = more.pop("at", first + timedelta(days=10))
        reading = Reading(f"{account}-{group}-key", "compute", CounterType.DELTA, "HOURS", Decimal(hours), when, **more)
        return metering.record_meters(self.ctx, account, [reading], plain())

    def grant(self, amount: int, kind: CreditType = CreditType.FREE, account: str = "acme", **more: Any) -> str:
        more = {"valid_from": MONTH.plus(-6).first_day, **more}
        gift = credit.Gift(amount, "gift", kind, (account,), **more)
        (made,) = credit.grant_credits(self.ctx, "spring", gift, plain())
        return str(made.grant.grant_id)

    def left(self, account: str = "acme") -> int:
        return sum(credit.get_credit_balance(self.ctx, account).left.values())

    def work(self) -> None:
        """Does what runs in the background, here and now."""
        while self.later:
            self.later.pop(0)()

    def calculate(self, account: str = "acme", month: Month = MONTH, *, include_usage: bool = True) -> Job:
        job_id = jobs.start_calculation(self.ctx, account, month, include_usage, plain())
        self.work()
        return next(job for job in jobs.get_progress(self.ctx, account, month) if job.job_id == job_id)

    def bill(self, payment_group_id: str = f"acme-main.{MONTH}") -> Bill:
        with self.store.read() as tx:
            found = tx.statements.get(payment_group_id)
        assert found is not None
        return found

    def close(self, place: Place | None = None) -> None:
        payments.change_payment_status(self.ctx, place or self.place(), None)

    def pay(self, key: str | None = None, place: Place | None = None) -> Bill:
        where = place or self.place()
        one_time: Once[Bill, Any] = once(_reply, "pay", key, where.payment_group_id, account_id="acme")
        reply = payments.pay(self.ctx, "acme", where, one_time)
        assert reply["state"] == "PAID"
        return self.bill(where.payment_group_id)

    def place(self, month: Month = MONTH, group: str = "acme-main") -> Place:
        return Place(month, f"{group}.{month}")

    def ready(self, hours: int = 10) -> None:
        """A closed statement of some hours, ready to be paid."""
        self.use(hours)
        self.calculate()
        self.close()

    def captured(self) -> list[Charge]:
        with self.store.read() as tx:
            return [line for line in tx.charges.all() if line.state is ChargeState.CAPTURED]


def _reply(bill: Bill) -> dict[str, object]:
    return {"state": str(bill.statement.payment_status), "amount": bill.statement.payable}
