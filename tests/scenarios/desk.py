"""Payments as a customer's desk makes them: each call, what the model foretells, and the calls that come again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from attrs import define, field

from provider_stub.engine.errors import BillingError
from provider_stub.engine.period import Month
from provider_stub.store.protocol.records import Bill
from provider_stub.usecases import payments
from provider_stub.usecases.context import Once, once
from provider_stub.usecases.statements import Place
from tests.scenarios.line import KilledError, on
from tests.scenarios.model import GROUPS, Model
from tests.usecases.world import World

T = TypeVar("T")
Reply = dict[str, object]


@define
class Desk:
    """`answered` are calls with a key, each with a look at whether it is answered alike; `unanswered` are keys of
    payments that had no reply, and where they belong.
    """

    world: World
    model: Model
    keys: int = 0
    answered: list[Callable[[], None]] = field(factory=list)
    unanswered: dict[str, str] = field(factory=dict)

    def expects(self, refusal: str, call: Callable[[], T]) -> T | None:
        """The answer, or None where the call is refused: as it is foretold, and not otherwise."""
        answer: T | None = None
        found = ""
        try:
            answer = call()
        except BillingError as error:
            found = error.code
        except KilledError:
            found = "KILLED"
        assert found == refusal
        return answer

    def key(self, *, wanted: bool) -> str | None:
        self.keys += wanted
        return f"key-{self.keys}" if wanted else None

    def may_come_again(self, key: str | None, call: Callable[[], T], reply: T) -> None:
        def again() -> None:
            assert call() == reply

        if key is not None:
            self.answered.append(again)

    def pays(self, place: str, line: str, key: str | None) -> None:
        account = GROUPS[place.partition(".")[0]]
        with self.world.store.read() as tx:
            bill, left = tx.statements.get(place), tx.credits.left(account)
        payable = bill.statement.payable if bill else 0
        short = bill is not None and any(left[use.grant_id] < use.amount for use in bill.credit_uses)
        refusal = self.model.pays(place, payable, line, key, self.world.clock.now, short=short)

        def call() -> Reply:
            kept: Once[Bill, Reply] = once(_reply, "pay", key, place, account_id=account)
            return payments.pay(self.world.ctx, account, place_of(place), kept)

        with on(self.world, line, place):
            reply = self.expects(refusal, call)
        if reply is not None:
            assert reply["state"] == "PAID"
            self.unanswered.pop(key or "", None)
            self.may_come_again(key, call, reply)
        elif key is not None and key in self.model.fates:
            self.unanswered[key] = place

    def cancels(self, place: str, line: str) -> None:
        """Where it is overtaken, it was cancelled and paid again before the gateway's answer is here."""

        def meanwhile() -> None:
            self.cancels(place, "fine")
            self.pays(place, "fine", None)

        refusal = self.model.undoes(place, line, "VOIDED")
        with on(self.world, line, place, meanwhile):
            self.expects(refusal, lambda: payments.cancel_payment(self.world.ctx, place_of(place)))

    def refunds(self, place: str, line: str, key: str | None) -> None:
        """Where it is overtaken, it was refunded before the gateway's answer is here."""

        def call() -> Reply:
            kept: Once[Bill, Reply] = once(_reply, "refund", key, place)
            return payments.refund_payment(self.world.ctx, place_of(place), "a mistake", kept)

        refusal = self.model.undoes(place, line, "REFUNDED")
        with on(self.world, line, place, lambda: self.refunds(place, "fine", None)):
            reply = self.expects(refusal, call)
        if reply is not None:
            self.may_come_again(key, call, reply)


def place_of(place: str) -> Place:
    return Place(Month.parse(place.rpartition(".")[2]), place)


def _reply(bill: Bill) -> Reply:
    return {"state": str(bill.statement.payment_status), "amount": bill.statement.payable}
