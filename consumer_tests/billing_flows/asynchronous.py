"""The same flows for asyncio. What they send, and how they judge the answers, is that of their namesakes."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from billing_client import AsyncBillingClient, ConflictError, ServiceUnavailableError, UnprocessableError
from billing_client.models import (
    ChangePaymentStatusRequest,
    PaymentStatusCode,
    PayRequest,
    Receipt,
    RecordMetersResponse,
    StartCalculationRequest,
    Statement,
)

from consumer_tests.billing_flows.calculation import OnProgress, Progress, not_ended, progress_of, succeeded
from consumer_tests.billing_flows.customers import Customer
from consumer_tests.billing_flows.errors import Fault
from consumer_tests.billing_flows.metering import Reading, Submission, batches, refused_whole, submission
from consumer_tests.billing_flows.payments import (
    Settled,
    check_payment,
    explain,
    payment_key,
    receipted,
    require_covered,
    same,
)
from consumer_tests.billing_flows.waiting import PATIENT, Patience


async def submit_usage(
    client: AsyncBillingClient, customer: Customer, readings: Sequence[Reading], *, name: str
) -> Submission:
    """See `metering.submit_usage`."""
    answers: list[RecordMetersResponse] = []
    faults: list[Fault] = []
    for batch in batches(customer, readings, name):
        try:
            answers.append(await client.metering.record_meters(uuid=customer.account, body=batch))
        except (ConflictError, UnprocessableError) as error:
            faults += refused_whole(batch, error)
    return submission(answers, faults)


async def calculate(
    client: AsyncBillingClient,
    customer: Customer,
    month: str,
    *,
    on_progress: OnProgress | None = None,
    patience: Patience = PATIENT,
) -> tuple[Statement, ...]:
    """See `calculation.calculate`."""
    async for seen in calculating(client, customer, month, patience):
        last = seen
        if on_progress:
            on_progress(seen)
    succeeded(last)
    return await statements(client, customer, month)


async def calculating(
    client: AsyncBillingClient, customer: Customer, month: str, patience: Patience = PATIENT
) -> AsyncIterator[Progress]:
    """See `calculation.calculating`."""
    body = StartCalculationRequest(month=month, uuid=customer.account)
    started = (await client.calculations.start_calculation(body=body)).calculation_id
    seen = await _look(client, customer, month, started)
    yield seen
    for wait in patience.waits():
        if seen.ended:
            return
        await asyncio.sleep(wait)
        if (now := await _look(client, customer, month, started)) != seen:
            yield now
        seen = now
    if not seen.ended:
        raise not_ended(seen, patience)


async def close(client: AsyncBillingClient, statement: Statement) -> None:
    """REGISTERED to READY, tried once. Raises ConflictError from any other state."""
    body = ChangePaymentStatusRequest(
        payment_group_id=statement.payment_group_id, payment_status_code=PaymentStatusCode.READY
    )
    await client.payments.change_payment_status(month=statement.month, body=body)


async def pay_and_verify(
    client: AsyncBillingClient, customer: Customer, statement: Statement, *, name: str = "1"
) -> Settled:
    """See `payments.pay_and_verify`."""
    group = statement.payment_group_id
    try:
        answer = await client.payments.pay(
            month=statement.month,
            body=PayRequest(payment_group_id=group),
            uuid=customer.account,
            idempotency_key=payment_key(statement, name),
        )
    except (ConflictError, ServiceUnavailableError) as error:
        explain(error)
    now = same(await statements(client, customer, statement.month), statement)
    check_payment(statement, now, answer.payment)
    return receipted(Settled(now, answer.payment, await _receipt(client, customer, statement)))


async def statements(client: AsyncBillingClient, customer: Customer, month: str) -> tuple[Statement, ...]:
    """See `calculation.statements`."""
    return tuple([one async for one in client.payments.iter_statements(month=month, uuid=customer.account)])


async def _receipt(client: AsyncBillingClient, customer: Customer, statement: Statement) -> Receipt | None:
    try:
        found = await client.payments.get_receipt(
            month=statement.month, uuid=customer.account, payment_group_id=statement.payment_group_id
        )
    except ConflictError as error:
        require_covered(error)
        return None
    return found.receipt


async def _look(client: AsyncBillingClient, customer: Customer, month: str, calculation: str) -> Progress:
    listed = (await client.calculations.get_progress(uuid=customer.account, month=month)).progress_status_list
    return progress_of(next(job for job in listed if job.calculation_id == calculation))
