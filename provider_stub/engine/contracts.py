"""Contracts: agreed prices, a discount on the list price, and a base fee (billing rules, Pricing)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import partial

from attrs import frozen

from provider_stub.engine.errors import Fault, InvalidValue, check_all
from provider_stub.engine.money import MAX_MONEY, decimal_in, same_currency
from provider_stub.engine.period import Month
from provider_stub.engine.prices import Price, discounted


class ContractType(StrEnum):
    PERIOD = "PERIOD"
    VOLUME = "VOLUME"
    PARTNER = "PARTNER"


@frozen
class ContractPrice:
    """The price that a contract sets for one counter."""

    counter_name: str
    price: Price


@frozen
class Contract:
    """`discount_rate` is a percentage off the list price of every counter that the contract does not price
    itself; an agreed price is final. `base_fee` is the least that a billing group's month costs before VAT.
    """

    contract_id: str
    name: str
    contract_type: ContractType
    currency: str
    base_fee: int = 0
    discount_rate: Decimal = Decimal(0)
    prices: tuple[ContractPrice, ...] = ()


@frozen
class ContractTerm:
    """A contract given to a billing group: in force from `month_from` until a later term takes over."""

    billing_group_id: str
    contract_id: str
    month_from: Month


def check_contract(contract: Contract) -> None:
    """Raises InvalidValue (/baseFee, /discountRate, /prices/N/counterName), CurrencyMismatch, or all as one."""
    check_all(
        lambda: _check_base_fee(contract.base_fee),
        lambda: decimal_in(contract.discount_rate, "/discountRate", most=100),
        lambda: check_named_once(agreed.counter_name for agreed in contract.prices),
        *(partial(_check_currency, contract, agreed) for agreed in contract.prices),
    )


def _check_base_fee(base_fee: int) -> None:
    if not 0 <= base_fee <= MAX_MONEY:
        raise InvalidValue.at_field("/baseFee", f"{base_fee} is not an amount from 0 up")


def check_named_once(counters: Iterable[str]) -> None:
    """Of a list of prices. Raises InvalidValue (/prices/N/counterName) at every repetition."""
    named: set[str] = set()
    faults = []
    for index, counter_name in enumerate(counters):
        if counter_name in named:
            faults.append(Fault(f"/prices/{index}/counterName", f"{counter_name} has a price already"))
        named.add(counter_name)
    if faults:
        raise InvalidValue(faults[0].detail, *faults)


def _check_currency(contract: Contract, agreed: ContractPrice) -> None:
    same_currency(contract.currency, agreed.price.currency, f"the price of {agreed.counter_name}")


def prices_under(
    contract: Contract | None, list_prices: Mapping[str, Price], counters: Iterable[str]
) -> dict[str, Price]:
    """What a billing group pays for each of `counters`: the agreed price, else the list price less the
    discount rate. A counter that has neither is left out.
    """
    agreed = {one.counter_name: one.price for one in contract.prices} if contract else {}
    rate = contract.discount_rate if contract else Decimal(0)
    return {
        name: agreed[name] if name in agreed else discounted(list_prices[name], rate)
        for name in counters
        if name in agreed or name in list_prices
    }


def term_in_force(terms: Iterable[ContractTerm], month: Month) -> ContractTerm | None:
    """The one term of a billing group for a month: the latest that begins in or before it."""
    begun = [term for term in terms if term.month_from <= month]
    return max(begun, key=lambda term: term.month_from, default=None)
