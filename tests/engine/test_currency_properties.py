"""Two currencies never meet in one sum."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from provider_stub.engine.calculation import CalculationInput, calculate
from provider_stub.engine.contracts import ContractPrice
from provider_stub.engine.errors import CurrencyMismatch
from provider_stub.engine.money import MINOR_DIGITS
from provider_stub.engine.statements import Unpaid
from tests.engine.bills import BILLS
from tests.engine.builders import MONTH, contract, credit, hourly, used

STRANGERS: dict[str, Callable[[CalculationInput, str], CalculationInput]] = {
    "list price": lambda inputs, foreign: evolve(
        inputs, contract=None, prices={**inputs.prices, "compute": hourly(0, foreign)}
    ),
    "agreed price": lambda inputs, foreign: evolve(
        inputs,
        contract=evolve(
            contract(currency=inputs.region.currency), prices=(ContractPrice("compute", hourly(0, foreign)),)
        ),
    ),
    "contract": lambda inputs, foreign: evolve(inputs, contract=contract(currency=foreign)),
    "credit": lambda inputs, foreign: evolve(inputs, credits=[*inputs.credits, credit("foreign", 1, currency=foreign)]),
    "debt": lambda inputs, foreign: evolve(inputs, unpaid=[*inputs.unpaid, Unpaid(MONTH.previous(), 0, foreign)]),
}
"""Each puts something of another currency, be it worth nothing, into a bill."""


@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS)
@given(inputs=BILLS, data=st.data())
def test_a_bill_with_anything_of_another_currency_in_it_is_refused(
    stranger: Callable[[CalculationInput, str], CalculationInput], inputs: CalculationInput, data: st.DataObject
) -> None:
    foreign = data.draw(st.sampled_from(sorted({*MINOR_DIGITS} - {inputs.region.currency})))
    using = evolve(inputs, usage=[*inputs.usage, used(0)])
    with pytest.raises(CurrencyMismatch):
        calculate(stranger(using, foreign))
