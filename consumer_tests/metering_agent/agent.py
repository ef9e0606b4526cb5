"""Runs beside the machines that customers rent, and delivers what they used."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import date

from attrs import frozen
from billing_client import BillingClient
from billing_client.models import MeterInput, MeterResult, MeterResultCode, RecordMetersRequest

BATCH = 1000  # what the API takes at once


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

    def __init__(self, client: BillingClient, account: str) -> None:
        self._metering = client.metering
        self._account = account

    def send(self, readings: Sequence[MeterInput]) -> Delivery:
        """Delivers all readings, in batches.

        Raises an error for the first batch that is refused as a whole: BadRequestError or UnprocessableError for a
        mistake of ours, which sending again will not mend; ConflictError for usage that comes after its month was paid.
        """
        return sum((self._send(batch) for batch in batches(readings)), start=Delivery())

    def delivered(self, app_key: str, first: date, last: date) -> list[str]:
        """The ids of the meters that the API holds for these days, to compare with our own journal."""
        meters = self._metering.iter_meters(
            uuid=self._account, app_key=app_key, from_=first, to=last, items_per_page=100
        )
        return [meter.meter_id for meter in meters]

    def _send(self, batch: Sequence[MeterInput]) -> Delivery:
        body = RecordMetersRequest(meter_list=list(batch))
        results = self._metering.record_meters(body=body, uuid=self._account, idempotency_key=key_of(body)).results
        return Delivery(
            accepted=ids_of(results, MeterResultCode.ACCEPTED),
            duplicates=ids_of(results, MeterResultCode.DUPLICATE),
            conflicts=ids_of(results, MeterResultCode.CONFLICT),
            rejected=ids_of(results, MeterResultCode.REJECTED),
        )


def batches(readings: Sequence[MeterInput], size: int = BATCH) -> Iterator[Sequence[MeterInput]]:
    for start in range(0, len(readings), size):
        yield readings[start : start + size]


def key_of(body: RecordMetersRequest) -> str:
    """The same for the same readings, so that a crash between sending and noting it down does no harm."""
    return hashlib.sha256(json.dumps(body.to_dict(), sort_keys=True).encode()).hexdigest()


def ids_of(results: Sequence[MeterResult], code: MeterResultCode) -> tuple[str, ...]:
    return tuple(str(result.meter_id) for result in results if result.result_code is code)
