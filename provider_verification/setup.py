"""A provider whose clock stands still and whose ids can be chosen, set up through its own use cases."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

from attrs import define, field
from starlette.routing import BaseRoute

from provider_stub import config
from provider_stub.app import Provider, build, handlers

NOW: Final = datetime(2026, 11, 21, tzinfo=UTC)
JOB_SECONDS: Final = 10.0


@define
class ChosenIds:
    """Ids as the provider makes them, except that the next one of a kind can be chosen."""

    chosen: dict[str, str] = field(factory=dict)
    count: int = 0

    def __call__(self, kind: str) -> str:
        self.count += 1
        return self.chosen.pop(kind, f"{kind}-{self.count:08d}")


@define
class SetUp:
    """Operations of a provider as plain calls; each is a handler, so it does what a request would do."""

    provider: Provider
    ids: ChosenIds
    operations: Mapping[str, Callable[..., object]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.operations = handlers(self.provider.ctx, "set-up")

    @classmethod
    def build(cls, *, clock: Callable[[], datetime] | None = None, routes: Sequence[BaseRoute] = ()) -> "SetUp":
        """A provider as the environment says. `routes` are served beside its operations."""
        ids = ChosenIds()
        return cls(build(config.load(), clock=clock, new_id=ids, routes=routes), ids)

    def call(self, operation_id: str, **arguments: object) -> Any:
        """The reply's body."""
        return cast(Any, self.operations[operation_id](**arguments))

    def call_with_id(self, kind: str, chosen: str, operation_id: str, **arguments: object) -> Any:
        """The same, for an operation that makes something of a kind, which gets the chosen id."""
        self.ids.chosen[kind] = chosen
        return self.call(operation_id, **arguments)

    def calculate(self, uuid: str, month: str) -> str:
        """Calculates the month and waits for the end; the status it ended with. Raises TimeoutError."""
        body = {"uuid": uuid, "month": month, "includeUsage": True}
        started = self.call("start_calculation", body=body)["calculationId"]
        deadline = time.monotonic() + JOB_SECONDS
        while time.monotonic() < deadline:
            for job in self.call("get_progress", uuid=uuid, month=month)["progressStatusList"]:
                if job["calculationId"] == started and job["status"] not in ("PENDING", "RUNNING"):
                    return str(job["status"])
            time.sleep(0.005)
        raise TimeoutError(f"the calculation of {month} for {uuid} did not end within {JOB_SECONDS:.0f} s")

    def bring_to(self, uuid: str, month: str, status: str) -> None:
        """Calculates the month and takes every statement of it to a status. Raises ValueError if that fails."""
        ended = self.calculate(uuid, month)
        if ended != "DONE":
            raise ValueError(f"the calculation of {month} for {uuid} ended {ended}")
        for statement in self.call("list_statements", month=month, uuid=uuid)["statements"]:
            payment = {"paymentGroupId": statement["paymentGroupId"]}
            if status != "REGISTERED":
                self.call("change_payment_status", month=month, body={**payment, "paymentStatusCode": "READY"})
            if status == "PAID":
                self.call("pay", month=month, uuid=uuid, body=payment)
