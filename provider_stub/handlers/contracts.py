"""Handlers of the tag contracts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from provider_stub import wire
from provider_stub.engine.contracts import Contract, ContractType
from provider_stub.engine.money import decimal_of
from provider_stub.engine.prices import PriceModel
from provider_stub.generated import schemas
from provider_stub.usecases import contracts
from provider_stub.usecases.context import Context, once, window
from provider_stub.usecases.contracts import AgreedPrice, Terms


@frozen
class Contracts:
    ctx: Context

    def list_contracts(self, *, page: int = 1, items_per_page: int = 20) -> schemas.ContractList:
        found = contracts.list_contracts(self.ctx, window(page, items_per_page))
        shown = [wire.contract(contract) for contract in found.items]
        return {"header": wire.success(), "contracts": shown, "totalItems": found.total}

    def create_contract(
        self, *, body: schemas.CreateContractRequest, idempotency_key: str | None = None
    ) -> schemas.ContractResponse:
        terms = Terms(
            body["name"],
            ContractType(body["contractType"]),
            body["currency"],
            int(body.get("baseFee", 0)),
            decimal_of(body.get("discountRate", 0), "/discountRate"),
            agreed_prices(body.get("prices", ())),
        )
        return contracts.create_contract(self.ctx, terms, once(_reply, "create_contract", idempotency_key, body))

    def get_contract(self, *, contract_id: str) -> schemas.ContractResponse:
        return _reply(contracts.get_contract(self.ctx, contract_id))

    def delete_contract(self, *, contract_id: str) -> schemas.Acknowledgement:
        contracts.delete_contract(self.ctx, contract_id)
        return wire.acknowledgement()

    def get_contract_prices(
        self, *, contract_id: str, counter_names: list[str] | None = None
    ) -> schemas.ContractPriceList:
        found = contracts.get_contract_prices(self.ctx, contract_id, counter_names)
        prices = [wire.product_price(one.counter_name, one.price, one.listed) for one in found]
        return {"header": wire.success(), "prices": prices}


def agreed_prices(given: Sequence[schemas.ContractPrice]) -> tuple[AgreedPrice, ...]:
    return tuple(
        AgreedPrice(
            one["counterName"],
            Decimal(one["price"]) if "price" in one else None,
            wire.tiers(one["tiers"]) if "tiers" in one else None,
            PriceModel(one["tierMode"]) if "tierMode" in one else None,
        )
        for one in given
    )


def _reply(contract: Contract) -> schemas.ContractResponse:
    return {"header": wire.success(), "contract": wire.contract(contract)}
