"""Runs beside the machines that customers rent, and delivers what they used."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import date

from attrs import frozen
from billing_client import AuthenticatedClient
from billing_client.api.metering import list_meters, record_meters
from billing_client.models import FieldError, MeterInput, MeterResult, MeterResultCode, Problem, RecordMetersRequest

BATCH = 1000  # what the API takes at once
MONTH_PAID = 40901


class DeliveryError(Exception):
    """The whole batch was refused; `result_code` tells why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.header.result_code}: {problem.detail}")
        self.status = problem.status
        self.result_code = problem.header.result_code
        self.faults: Sequence[FieldError] = problem.errors or ()


class InvalidBatchError(DeliveryError):
    """A reading is malformed, or none makes sense: a mistake of ours. Sending the batch again will not help."""


class MonthPaidError(DeliveryError):
    """The usage comes after its month was paid: somebody has to decide who pays for it."""


@frozen
class Delivery:
    """What became of the readings, by meter id. `conflicts` and `rejected` need a person."""

    accepted: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()

    def __add__(self, other: "Delivery") -> "Delivery":
        return Delivery(
            self.accepted + other.accepted,
            self.duplicates + other.duplicates,
            self.conflicts + other.conflicts,
            self.rejected + other.rejected,
        )


class MeteringAgent:
    """Delivers readings for one account."""

    def __init__(self, client: AuthenticatedClient, account: str) -> None:
        self._client = client
        self._account = account

    def send(self, readings: Sequence[MeterInput]) -> Delivery:
        """Delivers all readings, in batches; raises DeliveryError for the first batch that is refused as a whole."""
        return sum((self._send(batch) for batch in batches(readings)), start=Delivery())

    def delivered(self, app_key: str, first: date, last: date) -> list[str]:
        """The ids of the meters that the API holds for these days, to compare with our own journal."""
        ids: list[str] = []
        while True:
            page = 1 + len(ids) // 100
            answer = list_meters.sync(
                client=self._client,
                uuid=self._account,
                app_key=app_key,
                from_=first,
                to=last,
                page=page,
                items_per_page=100,
            )
            if isinstance(answer, Problem):
                raise DeliveryError(answer)
            ids += [meter.meter_id for meter in answer.meters]
            if len(answer.meters) < 100 or len(ids) >= answer.total_items:
                return ids

    def _send(self, batch: Sequence[MeterInput]) -> Delivery:
        body = RecordMetersRequest(meter_list=list(batch))
        answer = record_meters.sync(client=self._client, body=body, uuid=self._account, idempotency_key=key_of(body))
        if isinstance(answer, Problem):
            raise refusal(answer)
        return Delivery(
            accepted=ids_of(answer.results, MeterResultCode.ACCEPTED),
            duplicates=ids_of(answer.results, MeterResultCode.DUPLICATE),
            conflicts=ids_of(answer.results, MeterResultCode.CONFLICT),
            rejected=ids_of(answer.results, MeterResultCode.REJECTED),
        )


def batches(readings: Sequence[MeterInput], size: int = BATCH) -> Iterator[Sequence[MeterInput]]:
    for start in range(0, len(readings), size):
        yield readings[start : start + size]


def key_of(body: RecordMetersRequest) -> str:
    """The same for the same readings, so that a crash between sending and noting it down does no harm."""
    return hashlib.sha256(json.dumps(body.to_dict(), sort_keys=True).encode()).hexdigest()


def ids_of(results: Sequence[MeterResult], code: MeterResultCode) -> tuple[str, ...]:
    return tuple(str(result.meter_id) for result in results if result.result_code is code)


def refusal(problem: Problem) -> DeliveryError:
    if problem.status in (400, 422):
        return InvalidBatchError(problem)
    return MonthPaidError(problem) if problem.header.result_code == MONTH_PAID else DeliveryError(problem)
