"""Contracts: agreed prices, a discount on the list price, and a base fee (billing rules, Pricing)."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from provider_stub.engine.period import Month
from provider_stub.engine.prices import Price


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
