"""What the metering agents need of the billing API."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from billing_client import BadRequestError, ConflictError, ForbiddenError, UnprocessableError
from billing_client.models import CounterType, MeterInput, RecordMetersRequest
from pact import Pact, match
from pact.interaction import HttpInteraction

from consumer_tests.interactions import ask, billing, decimal, identifier, instant, one_of, refuse, succeed
from consumer_tests.metering_agent.agent import (
    Delivery,
    MeteringAgent,
    batches,
    key_of,
)
from consumer_tests.states import State, account, counter, meter, statement

FIRST = "vm1-2026-10"  # the meter of the state
NEXT = "vm2-2026-10"


def reading(
    meter_id: str, *, unit: str = "HOURS", volume: str = "720", machine: str = "vm-1", app_key: str = "ak-acme-web"
) -> MeterInput:
    return MeterInput(
        meter_id=meter_id,
        app_key=app_key,
        counter_name="compute.c2.c8m8",
        counter_type=CounterType.DELTA,
        counter_unit=unit,
        counter_volume=Decimal(volume),
        resource_id=machine,
        timestamp=datetime(2026, 10, 15, tzinfo=UTC),
    )


def sending(pact: Pact, description: str, *states: State, batch: Sequence[MeterInput]) -> HttpInteraction:
    """The batch on the wire. The API must take the idempotency key; how we make it up is our own affair."""
    interaction = ask(pact, description, *states, request="POST /billing/meters", account="acme")
    interaction.with_header("Idempotency-Key", match.regex("0" * 64, regex="^[0-9a-f]{64}$"))
    return interaction.with_body({"meterList": [each.to_dict() for each in batch]}, "application/json")


def counts(accepted: int = 0, duplicates: int = 0, conflicts: int = 0, rejected: int = 0) -> dict[str, int]:
    return {"accepted": accepted, "duplicates": duplicates, "conflicts": conflicts, "rejected": rejected}


def test_new_readings_are_accepted(pact: Pact) -> None:
    batch = [reading(FIRST), reading(NEXT, machine="vm-2")]
    asked = sending(pact, "a batch of new readings", account(), counter(), batch=batch)
    results = [
        {"index": 0, "meterId": FIRST, "resultCode": "ACCEPTED"},
        {"index": 1, "meterId": NEXT, "resultCode": "ACCEPTED"},
    ]
    succeed(asked, **counts(accepted=2), results=results)
    with billing(pact) as client:
        assert MeteringAgent(client, "acme").send(batch) == Delivery(accepted=(FIRST, NEXT))


def test_a_reading_that_was_delivered_before_counts_once(pact: Pact) -> None:
    batch = [reading(FIRST), reading(NEXT, machine="vm-2")]
    states = account(), counter(), meter(FIRST)
    asked = sending(pact, "a batch with a reading that was sent before", *states, batch=batch)
    results = [
        {"index": 0, "meterId": FIRST, "resultCode": "DUPLICATE"},
        {"index": 1, "meterId": NEXT, "resultCode": "ACCEPTED"},
    ]
    succeed(asked, **counts(accepted=1, duplicates=1), results=results)
    with billing(pact) as client:
        assert MeteringAgent(client, "acme").send(batch) == Delivery(accepted=(NEXT,), duplicates=(FIRST,))


def test_a_meter_that_is_known_with_another_volume_is_a_conflict(pact: Pact) -> None:
    batch = [reading(FIRST, volume="719")]
    states = account(), counter(), meter(FIRST)
    asked = sending(pact, "a batch with another volume for a meter that was sent before", *states, batch=batch)
    results = [{"index": 0, "meterId": FIRST, "resultCode": "CONFLICT"}]
    succeed(asked, **counts(conflicts=1), results=results)
    with billing(pact) as client:
        assert MeteringAgent(client, "acme").send(batch) == Delivery(conflicts=(FIRST,))


def test_a_bad_reading_does_not_hold_up_the_good_ones(pact: Pact) -> None:
    batch = [reading(FIRST), reading(NEXT, unit="PARSEC")]
    asked = sending(pact, "a batch with one reading in an unknown unit", account(), counter(), batch=batch)
    results = [
        {"index": 0, "meterId": FIRST, "resultCode": "ACCEPTED"},
        {"index": 1, "meterId": NEXT, "resultCode": "REJECTED"},
    ]
    succeed(asked, **counts(accepted=1, rejected=1), results=results)
    with billing(pact) as client:
        assert MeteringAgent(client, "acme").send(batch) == Delivery(accepted=(FIRST,), rejected=(NEXT,))


def test_a_batch_without_any_good_reading_says_what_is_wrong_with_which(pact: Pact) -> None:
    batch = [reading(FIRST, unit="PARSEC")]
    asked = sending(pact, "a batch of readings in an unknown unit only", account(), counter(), batch=batch)
    refuse(asked, 422, 42202, "/meterList/0/counterUnit")
    with billing(pact) as client, pytest.raises(UnprocessableError) as refused:
        MeteringAgent(client, "acme").send(batch)
    assert refused.value.pointers == ("/meterList/0/counterUnit",)


def test_every_fault_of_a_batch_is_named_with_its_reading(pact: Pact) -> None:
    batch = [reading(FIRST, unit="PARSEC"), reading(NEXT, app_key="ak-nobody", unit="GB")]
    asked = sending(pact, "a batch with several faults in every reading", account(), counter(), batch=batch)
    pointers = ["/meterList/0/counterUnit", "/meterList/1/appKey", "/meterList/1/counterUnit"]
    refuse(asked, 422, 42200, *pointers)
    with billing(pact) as client, pytest.raises(UnprocessableError) as refused:
        MeteringAgent(client, "acme").send(batch)
    assert refused.value.pointers == tuple(pointers)


def test_a_volume_below_zero_is_a_mistake_of_ours(pact: Pact) -> None:
    batch = [reading(FIRST), reading(NEXT, volume="-720")]
    asked = sending(pact, "a batch with a negative volume", account(), counter(), batch=batch)
    refuse(asked, 400, 40000, "/meterList/1/counterVolume")
    with billing(pact) as client, pytest.raises(BadRequestError) as refused:
        MeteringAgent(client, "acme").send(batch)
    assert refused.value.pointers == ("/meterList/1/counterVolume",)


def test_usage_of_a_paid_month_is_refused(pact: Pact) -> None:
    batch = [reading(NEXT, machine="vm-2")]
    states = account(), counter(), meter(FIRST), statement("PAID")
    asked = sending(pact, "a batch for a month that is paid", *states, batch=batch)
    refuse(asked, 409, 40901)
    with billing(pact) as client, pytest.raises(ConflictError):
        MeteringAgent(client, "acme").send(batch)


def test_an_app_key_of_another_account_is_refused(pact: Pact) -> None:
    batch = [reading("vm1-2026-10", app_key="ak-globex-web")]
    states = account(), account("globex"), counter()
    asked = sending(pact, "a batch with another account's app key", *states, batch=batch)
    refuse(asked, 403, 40300)
    with billing(pact) as client, pytest.raises(ForbiddenError):
        MeteringAgent(client, "acme").send(batch)


def test_what_was_delivered_can_be_listed(pact: Pact) -> None:
    states = account(), counter(), meter(FIRST)
    asked = ask(pact, "the meters of an app key in October", *states, request="GET /billing/meters", account="acme")
    for name, value in (("appKey", "ak-acme-web"), ("from", "2026-10-01"), ("to", "2026-10-31")):
        asked.with_query_parameter(name, value)
    asked.with_query_parameter("page", "1").with_query_parameter("itemsPerPage", "100")
    stored = {
        "meterId": FIRST,
        "projectId": identifier("acme-web"),
        "appKey": identifier("ak-acme-web"),
        "counterName": identifier("compute.c2.c8m8"),
        "counterType": one_of("DELTA", "GAUGE", "CUMULATIVE"),
        "counterUnit": match.str("HOURS"),
        "counterVolume": decimal("720"),
        "timestamp": instant("2026-10-15T00:00:00Z"),
    }
    succeed(asked, meters=[stored], totalItems=1)
    with billing(pact) as client:
        agent = MeteringAgent(client, "acme")
        assert agent.delivered("ak-acme-web", date(2026, 10, 1), date(2026, 10, 31)) == [FIRST]


def test_readings_go_out_in_batches_and_none_is_lost() -> None:
    readings = [reading(f"m{number}") for number in range(5)]
    assert [len(batch) for batch in batches(readings, 2)] == [2, 2, 1]
    assert [each for batch in batches(readings, 2) for each in batch] == readings


def test_a_batch_that_is_sent_again_has_the_same_key_and_another_one_has_not() -> None:
    one, other = (
        RecordMetersRequest(meter_list=[reading(FIRST)]),
        RecordMetersRequest(meter_list=[reading(FIRST, volume="1")]),
    )
    assert key_of(one) == key_of(RecordMetersRequest(meter_list=[reading(FIRST)]))
    assert key_of(one) != key_of(other)
