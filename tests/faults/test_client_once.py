"""What a client does with an Idempotency-Key is done once, whatever fault strikes the call on either side (12 s)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from contractkit.stub.fault_rules import FAULTS
from tests.faults.deeds import DEEDS, Deed, Subjects
from tests.faults.struck import MET, Caller, Fault, Struck

pytestmark = pytest.mark.usefixtures("clock")


CALLED: Final = pytest.mark.parametrize(
    ("caller", "deed"),
    [pytest.param(False, deed, id=deed.operation) for deed in DEEDS] + [pytest.param(True, DEEDS[0], id="async-pay")],
    indirect=["caller"],
)
"""The sync client in all deeds; the async one, which differs in nothing but its I/O, in paying."""


@pytest.fixture(scope="module")
def caller(struck_provider: Struck, request: pytest.FixtureRequest) -> Iterator[Caller]:
    with Caller(struck_provider.url, asynchronous=request.param) as caller:
        yield caller


def test_every_fault_that_can_be_injected_is_met_here() -> None:
    suffixes = ("", "-after")
    known = {f"{name}{suffix}" for name, takes in FAULTS.items() for suffix in suffixes[: 1 + ("after" in takes)]}
    assert {fault.rule.split()[0] for fault in MET} == known


@pytest.mark.parametrize("fault", MET, ids=lambda fault: fault.rule)
@CALLED
def test_a_call_that_is_struck_once_is_done_once_with_the_key_that_the_client_makes_up(
    deed: Deed, fault: Fault, faulty: Struck, caller: Caller, subjects: Subjects
) -> None:
    subject = subjects.new(deed)
    faulty.strike(f"{deed.operation}: {fault.rule} first 1")
    if fault.passes:
        caller.call(lambda client: deed.do(client, subject, None))
        assert deed.effect(faulty, subject) == deed.once
    elif fault.error:
        with pytest.raises(fault.error):
            caller.call(lambda client: deed.do(client, subject, None))
        assert deed.effect(faulty, subject) == (deed.once if fault.done else deed.never)
    assert faulty.calls(deed.operation) == (2 if fault.passes and fault.error else 1)


@pytest.mark.parametrize("fault", [fault for fault in MET if fault.error], ids=lambda fault: fault.rule)
@CALLED
def test_a_call_that_was_given_up_says_why_and_is_done_once_when_it_is_repeated_with_its_key(
    deed: Deed, fault: Fault, faulty: Struck, caller: Caller, subjects: Subjects
) -> None:
    subject = subjects.new(deed)
    faulty.strike(f"{deed.operation}: {fault.rule}")
    assert fault.error
    with pytest.raises(fault.error) as caught:
        caller.call(lambda client: deed.do(client, subject, subject.name))
    assert caught.value.operation == deed.operation
    assert faulty.calls(deed.operation) == fault.tries
    assert deed.effect(faulty, subject) == (deed.once if fault.done else deed.never)

    faulty.spare()
    first, second = (caller.call(lambda client: deed.do(client, subject, subject.name)) for _ in range(2))
    assert first == second
    assert deed.effect(faulty, subject) == deed.once
