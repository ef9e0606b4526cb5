"""Usage on its way into the provider: in batches of the size that it takes, and safe to send again."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from attrs import frozen
from billing_client import BillingClient, ConflictError, UnprocessableError
from billing_client.models import (
    CounterType,
    MeterInput,
    MeterResultCode,
    RecordMetersRequest,
    RecordMetersResponse,
    Unit,
)

from consumer_tests.billing_flows.customers import Customer
from consumer_tests.billing_flows.errors import Fault, UsageRefusedError

BATCH = 1000
"""The most readings that one request may hold."""

_REFUSED = frozenset({MeterResultCode.CONFLICT, MeterResultCode.REJECTED})


@frozen
class Reading:
    """One reading of one of the customer's counters: `volume` is in `unit`, `at` has a time zone.

    What `volume` means follows from the counter's type: a DELTA adds, a GAUGE is the latest of its resource, and
    a CUMULATIVE is where the meter of its resource stands.
    """

    counter: str
    volume: Decimal | int
    at: dt.datetime
    unit: Unit = Unit.HOURS
    kind: CounterType = CounterType.DELTA
    project: str = "web"
    resource: str | None = None


@frozen
class Submission:
    """How many readings were new, and how many the provider had already."""

    accepted: int
    duplicates: int


def submit_usage(client: BillingClient, customer: Customer, readings: Sequence[Reading], *, name: str) -> Submission:
    """Sends all readings; doing it again with the same `name` and readings adds nothing.

    The readings get the ids `<name>-<index>`, so `name` is unique among what the customer sends. Raises
    UsageRefusedError once everything was sent, if something was refused.
    """
    answers: list[RecordMetersResponse] = []
    faults: list[Fault] = []
    for batch in batches(customer, readings, name):
        try:
            answers.append(client.metering.record_meters(uuid=customer.account, body=batch))
        except (ConflictError, UnprocessableError) as error:  # of this batch everything was refused
            faults += refused_whole(batch, error)
    return submission(answers, faults)


def batches(customer: Customer, readings: Sequence[Reading], name: str) -> Iterator[RecordMetersRequest]:
    """The requests for these readings, one after the other."""
    for start in range(0, len(readings), BATCH):
        part = readings[start : start + BATCH]
        meters = [_meter(customer, reading, f"{name}-{index}") for index, reading in enumerate(part, start)]
        yield RecordMetersRequest(meter_list=meters)


def submission(answers: Sequence[RecordMetersResponse], faults: Sequence[Fault]) -> Submission:
    """What became of it all. Raises UsageRefusedError."""
    every = [*faults, *(fault for answer in answers for fault in _refused(answer))]
    if every:
        raise UsageRefusedError(f"{len(every)} faults in the readings", tuple(every))
    return Submission(sum(each.accepted for each in answers), sum(each.duplicates for each in answers))


def refused_whole(batch: RecordMetersRequest, error: ConflictError | UnprocessableError) -> list[Fault]:
    """The faults of a batch of which nothing was stored, each with the id of its reading.

    Raises the error where it is not about readings.
    """
    found = [(_id_at(batch, fault.pointer), fault.detail) for fault in error.problem.errors or ()]
    faults = [Fault(meter_id, detail) for meter_id, detail in found if meter_id]
    if not faults:
        raise error
    return faults


def _meter(customer: Customer, reading: Reading, meter_id: str) -> MeterInput:
    return MeterInput(
        meter_id=meter_id,
        app_key=customer.project(reading.project),
        counter_name=customer.counter(reading.counter),
        counter_type=reading.kind,
        counter_unit=reading.unit,
        counter_volume=Decimal(reading.volume),
        resource_id=reading.resource,
        timestamp=reading.at,
    )


def _refused(answer: RecordMetersResponse) -> Iterator[Fault]:
    for result in answer.results:
        if result.result_code in _REFUSED:
            said = "; ".join(fault.detail for fault in result.errors or ()) or str(result.result_code)
            yield Fault(result.meter_id or str(result.index), said)


def _id_at(batch: RecordMetersRequest, pointer: str) -> str | None:
    """`/meterList/7/timestamp` is in the eighth reading; None for a pointer to something else."""
    found = re.match(r"/meterList/(\d+)", pointer)
    return batch.meter_list[int(found[1])].meter_id if found else None
