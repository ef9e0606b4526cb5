"""Contracts, and what counters cost under them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from attrs import evolve, frozen

from provider_stub.engine.contracts import (
    Contract,
    ContractPrice,
    ContractType,
    check_contract,
    check_named_once,
    prices_under,
)
from provider_stub.engine.counters import Counter
from provider_stub.engine.errors import (
    BillingError,
    ContractInUse,
    Fault,
    InvalidValue,
    NotFound,
    UnknownCounter,
    check_all,
    gathered,
)
from provider_stub.engine.prices import Price, PriceModel, Tier, per_unit, tiered
from provider_stub.engine.regions import REGIONS
from provider_stub.store.protocol.records import Page, Window
from provider_stub.usecases.context import Context, Once
from provider_stub.usecases.counters import by_name, in_currency

B = TypeVar("B")


@frozen
class AgreedPrice:
    """A price as it was agreed on, per unit of the counter: either one price, or tiers."""

    counter_name: str
    price: Decimal | None = None
    tiers: tuple[Tier, ...] | None = None
    model: PriceModel | None = None


@frozen
class Terms:
    """A contract that has no id yet."""

    name: str
    contract_type: ContractType
    currency: str
    base_fee: int = 0
    discount_rate: Decimal = Decimal(0)
    prices: tuple[AgreedPrice, ...] = ()


@frozen
class PriceUnder:
    """What a counter costs under a contract; `listed` is today's list price, None where there is none."""

    counter_name: str
    price: Price
    listed: Price | None


def create_contract(ctx: Context, terms: Terms, once: Once[Contract, B]) -> B:
    """Raises InvalidValue, InvalidTiers, UnknownCounter, each at its field, or an Invalid that gathers several."""
    with ctx.store.write() as tx:

        def create() -> Contract:
            rows = tx.counters.rows({agreed.counter_name for agreed in terms.prices})
            contract = contract_of(terms, by_name(rows), ctx.new_id("contract"))
            tx.contracts.add(contract)
            return contract

        return once.run(tx, ctx.clock(), create)


def contract_of(terms: Terms, counters: Mapping[str, Counter], contract_id: str) -> Contract:
    """The contract that the terms make; `counters` say in which unit a counter is priced."""
    errors: list[BillingError] = []
    prices = []
    for index, agreed in enumerate(terms.prices):
        try:
            prices.append(ContractPrice(agreed.counter_name, _price(agreed, counters, terms.currency)))
        except BillingError as error:
            errors.append(error.under(f"/prices/{index}"))
    contract = Contract(
        contract_id, terms.name, terms.contract_type, terms.currency, terms.base_fee, terms.discount_rate, ()
    )
    try:
        # A price that is wrong is missing in the contract, so the names are looked at as they were given.
        check_all(
            lambda: check_named_once(agreed.counter_name for agreed in terms.prices), lambda: check_contract(contract)
        )
    except BillingError as error:
        errors.append(error)
    if errors:
        raise gathered(errors)
    return evolve(contract, prices=tuple(sorted(prices, key=lambda one: one.counter_name)))


def _price(agreed: AgreedPrice, counters: Mapping[str, Counter], currency: str) -> Price:
    counter = counters.get(agreed.counter_name)
    if counter is None:
        raise UnknownCounter.at_field("/counterName", f"there is no counter {agreed.counter_name}")
    unit = counter.price.unit
    if agreed.price is not None and agreed.tiers is None:
        if agreed.model is not None:
            raise InvalidValue.at_field("/tierMode", "one price has no tiers that a mode could apply to")
        return per_unit(agreed.price, unit, currency)
    if agreed.tiers is not None and agreed.price is None:
        return tiered(agreed.model or PriceModel.GRADUATED, agreed.tiers, unit, currency)
    detail = "a counter has either a price or tiers"
    raise InvalidValue(detail, Fault("/price", detail), Fault("/tiers", detail))


def get_contract(ctx: Context, contract_id: str) -> Contract:
    """Raises NotFound."""
    with ctx.store.read() as tx:
        contract = tx.contracts.get(contract_id)
    if contract is None:
        raise NotFound(f"there is no contract {contract_id}")
    return contract


def list_contracts(ctx: Context, window: Window) -> Page[Contract]:
    with ctx.store.read() as tx:
        return tx.contracts.page(window)


def delete_contract(ctx: Context, contract_id: str) -> None:
    """Raises NotFound, ContractInUse."""
    with ctx.store.write() as tx:
        if tx.contracts.in_use(contract_id):
            raise ContractInUse(f"a billing group is under contract {contract_id}")
        if not tx.contracts.remove(contract_id):
            raise NotFound(f"there is no contract {contract_id}")


def get_contract_prices(ctx: Context, contract_id: str, counter_names: Sequence[str] | None) -> Sequence[PriceUnder]:
    """By counter. None stands for all counters that have a price, in the contract or in its currency.

    Raises NotFound for the contract, and for a name that is no counter.
    """
    contract = get_contract(ctx, contract_id)
    with ctx.store.read() as tx:
        rows = tx.counters.rows(counter_names)
    counters = by_name(rows)
    faults = [
        Fault(f"/query/counterNames/{index}", f"there is no counter {name}")
        for index, name in enumerate(counter_names or ())
        if name not in counters
    ]
    if faults:
        raise NotFound(faults[0].detail, *faults)
    zone = next(one.zone for one in REGIONS.values() if one.currency == contract.currency)
    today = ctx.clock().astimezone(zone).date()
    in_effect = [row for row in in_currency(rows, contract.currency) if row.effective_from <= today]
    listed = {name: row.price for name, row in by_name(in_effect).items()}
    agreed = {one.counter_name for one in contract.prices}
    wanted = sorted(set(counter_names) if counter_names is not None else agreed | listed.keys())
    prices = prices_under(contract, listed, wanted)
    return [PriceUnder(name, prices[name], listed.get(name)) for name in wanted if name in prices]
