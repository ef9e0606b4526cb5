"""Handlers of the tag contracts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from provider_stub.generated import schemas
from provider_stub.usecases import contracts
from provider_stub.usecases.context import Context, once, window
from provider_stub.usecases.contracts import AgreedPrice, Terms
from provider_stub.wire import decode, encode


@frozen
class Contracts:
    ctx: Context

    def list_contracts(self, *, page: int = 1, items_per_page: int = 20) -> schemas.ContractList:
        found = contracts.list_contracts(self.ctx, window(page, items_per_page))
        shown = [encode.contract(contract) for contract in found.items]
        return {"header": encode.success(), "contracts": shown, "totalItems": found.total}

    def create_contract(
        self, *, body: schemas.CreateContractRequest, idempotency_key: str | None = None
    ) -> schemas.ContractResponse:
        terms = Terms(
            body["name"],
            decode.contract_type(body["contractType"]),
            body["currency"],
            int(body.get("baseFee", 0)),
            decode.number(body.get("discountRate", 0), "/discountRate"),
            agreed_prices(body.get("prices", ())),
        )
        return contracts.create_contract(
            self.ctx, terms, once(encode.contract_reply, "create_contract", idempotency_key, body)
        )

    def get_contract(self, *, contract_id: str) -> schemas.ContractResponse:
        return encode.contract_reply(contracts.get_contract(self.ctx, contract_id))

    def delete_contract(self, *, contract_id: str) -> schemas.Acknowledgement:
        contracts.delete_contract(self.ctx, contract_id)
        return encode.acknowledgement()

    def get_contract_prices(
        self, *, contract_id: str, counter_names: list[str] | None = None
    ) -> schemas.ContractPriceList:
        found = contracts.get_contract_prices(self.ctx, contract_id, counter_names)
        prices = [encode.product_price(one.counter_name, one.price, one.listed) for one in found]
        return {"header": encode.success(), "prices": prices}


def agreed_prices(given: Sequence[schemas.ContractPrice]) -> tuple[AgreedPrice, ...]:
    return tuple(
        AgreedPrice(
            one["counterName"],
            Decimal(one["price"]) if "price" in one else None,
            decode.tiers(one["tiers"]) if "tiers" in one else None,
            decode.price_model(one.get("tierMode")),
        )
        for one in given
    )
