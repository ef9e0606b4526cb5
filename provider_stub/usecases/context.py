"""What every use case works with, and how a request that comes twice is done once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Generic, TypeVar, cast

from attrs import evolve, frozen

from provider_stub.engine.accounts import Account
from provider_stub.engine.credits import CreditType
from provider_stub.engine.errors import Forbidden, IdempotencyConflict, NotFound
from provider_stub.engine.regions import Region, region_of
from provider_stub.store.protocol.records import IdempotencyKey, KeptReply, Window
from provider_stub.store.protocol.tx import Store, Tx
from provider_stub.usecases.gateway import Gateway

R = TypeVar("R")
B = TypeVar("B")


@frozen
class Coupon:
    """A code that gives an account credit once: as much as `amounts` says for its currency, for `months` months.

    After `last_day` it is not redeemed any more.
    """

    code: str
    name: str
    credit_type: CreditType
    amounts: Mapping[str, int]
    months: int
    last_day: date | None = None


@frozen
class Context:
    """The outside world. `run` starts work in the background; `stopping` says that such work should end soon.

    A charge that has had no answer for as long as `patience` is in doubt, and a job that stood still for as long is
    taken over. `wait` lets some seconds pass, fewer when the provider stops.
    """

    store: Store
    clock: Callable[[], datetime]
    new_id: Callable[[str], str]
    gateway: Gateway
    run: Callable[[Callable[[], None]], None]
    stopping: Callable[[], bool]
    wait: Callable[[float], object]
    coupons: Mapping[str, Coupon]
    patience: timedelta = timedelta(seconds=30)


@frozen
class Once(Generic[R, B]):
    """How a result becomes the reply, and the caller's Idempotency-Key if there is one.

    A reply is kept in the unit of work that it tells of: either both are there, or neither.
    """

    encode: Callable[[R], B]
    key: IdempotencyKey | None = None

    def of(self, account_id: str) -> Once[R, B]:
        """The same for an operation whose account is found on the way; a key goes when its account is removed."""
        return self if self.key is None else evolve(self, key=evolve(self.key, account_id=account_id))

    def begin(self, tx: Tx, at: datetime) -> KeptReply | None:
        """Takes the key; None, or what is known of the request that took it before. Raises IdempotencyConflict."""
        return self._same(tx.keys.claim(self.key, at)) if self.key else None

    def look(self, tx: Tx) -> KeptReply | None:
        """Like `begin`, without taking the key."""
        return self._same(tx.keys.find(self.key)) if self.key else None

    def about(self, tx: Tx, subject: str) -> None:
        """Notes what an unfinished request is about."""
        if self.key:
            tx.keys.about(self.key, subject)

    def end(self, tx: Tx, result: R) -> B:
        """The reply to the result, kept under the key."""
        reply = self.encode(result)
        if self.key:
            tx.keys.keep(self.key, cast(Mapping[str, object], reply))
        return reply

    def run(self, tx: Tx, at: datetime, work: Callable[[], R]) -> B:
        """The reply kept from the first time, or that to the result of `work`, which is then done."""
        kept = self.begin(tx, at)
        if kept is not None and kept.reply is not None:
            return self.again(kept.reply)
        return self.end(tx, work())

    def again(self, reply: Mapping[str, object]) -> B:
        return cast(B, reply)

    def _same(self, kept: KeptReply | None) -> KeptReply | None:
        if kept is not None and self.key is not None and kept.digest != self.key.digest:
            raise IdempotencyConflict.at_field(
                "/header/Idempotency-Key", f"{self.key.key} was used before, for another request"
            )
        return kept


def plain() -> Once[Any, Any]:
    """No key, and the result is the reply."""
    return Once(lambda result: result)


def existing(account: Account | None, account_id: str) -> Account:
    """Raises NotFound."""
    if account is None:
        raise NotFound(f"there is no account {account_id}")
    return account


def locked(tx: Tx, account_id: str) -> Account:
    """The account, locked for this unit of work. Raises NotFound."""
    return existing(tx.accounts.lock(account_id), account_id)


def region(account: Account) -> Region:
    return region_of(account.region)


def own(owner: str, account_id: str, what: str) -> None:
    """Raises Forbidden for what belongs to another account."""
    if owner != account_id:
        raise Forbidden(f"{what} belongs to another account")


def once(
    encode: Callable[[R], B], operation: str, key: str | None, request: object, *, account_id: str = ""
) -> Once[R, B]:
    """For an operation that takes an Idempotency-Key; `request` is all that tells two of its requests apart."""
    if key is None:
        return Once(encode)
    text = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return Once(encode, IdempotencyKey(operation, account_id, key, hashlib.sha256(text.encode()).hexdigest()))


def window(page: int, items_per_page: int) -> Window:
    return Window.of(page, items_per_page)
