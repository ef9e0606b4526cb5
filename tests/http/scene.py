"""Two accounts with one of everything, to see that what is refused changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import define, field

from tests.serving import Api, Body

OPEN, PAID = "2026-10", "2026-08"
ADJUSTMENTS = {"project": "/admin/projects/adjustments", "group": "/admin/billing-groups/adjustments"}


@define
class Scene:
    """Account `mine` has a price, a meter, an adjustment, credit, a contract, an open statement and a paid one;
    `theirs` has the same. `before` is what could be read of them when they were last looked at.
    """

    admin: Api
    contract: str = ""
    before: list[Body] = field(factory=list)

    def prepare(self) -> None:
        price = {"unit": "GB", "price": "1", "currency": "KRW", "effectiveFrom": "2026-01-01"}
        self.admin.call("PUT", "/admin/counters/bad.storage", {"counterType": "DELTA", **price})
        terms = {"name": "n", "contractType": "PERIOD", "currency": "KRW"}
        self.contract = self.admin.call("POST", "/admin/contracts", terms, expect=201)["contract"]["contractId"]
        for name in ("mine", "theirs"):
            self._account(name)

    def clear(self) -> None:
        for name in ("mine", "theirs"):
            self.admin.call("DELETE", f"/admin/accounts/{name}")

    def _account(self, name: str) -> None:
        self.admin.account(name)
        meters = [meter(name, meterId=f"m-{month}", timestamp=f"{month}-05T00:00:00Z") for month in (OPEN, PAID)]
        self.admin.call("POST", "/meters", {"meterList": meters}, uuid=name)
        sixty = {"adjustment": 60, "adjustmentTypeCode": "PERCENT_DISCOUNT", "monthFrom": OPEN, "monthTo": "2026-12"}
        self.admin.call("POST", ADJUSTMENTS["project"], {**sixty, "projectId": f"{name}-main-web"}, expect=201)
        self.admin.call("POST", ADJUSTMENTS["group"], {**sixty, "billingGroupId": f"{name}-main"}, expect=201)
        self.admin.call("PUT", f"/admin/billing-groups/{name}-main", {"contractId": self.contract, "monthFrom": OPEN})
        self.admin.call("POST", "/admin/campaign/bad/credits", {**GRANT, "uuidList": [name]}, expect=201)
        for month in (PAID, OPEN):
            self.admin.calculated(name, month)
        place = {"paymentGroupId": f"{name}-main.{PAID}"}
        self.admin.call("PUT", f"/admin/payments/{PAID}/status", place)
        self.admin.call("POST", f"/payments/{PAID}", place, uuid=name)

    def look(self) -> list[Body]:
        """Everything that can be read, of both accounts."""
        common = ("/admin/counters?itemsPerPage=100", "/admin/contracts?itemsPerPage=100")
        months = f"/admin/payments?monthFrom={PAID}&monthTo={OPEN}&uuid"
        return [self.admin.call("GET", path) for path in common] + [
            self.admin.call("GET", path, uuid=name)
            for name in ("mine", "theirs")
            for path in (
                f"/admin/accounts/{name}",
                "/meters",
                f"{ADJUSTMENTS['project']}?projectId={name}-main-web",
                f"{ADJUSTMENTS['group']}?billingGroupId={name}-main",
                "/credits/history",
                f"/admin/progress?uuid={name}",
                f"{months}={name}",
            )
        ]

    def refused(self, method: str, path: str, body: object = None, *, by: Api | None = None, uuid: str = "mine") -> Any:
        """Status, result code and pointers (each once) of a refusal that changed nothing."""
        reply = (by or self.admin).client.request(method, f"/billing{path}", json=body, headers={"uuid": uuid})
        problem = reply.json()
        before, self.before = self.before, self.look()
        assert before == self.before, f"{method} {path} changed something"
        assert reply.headers["Content-Type"] == "application/problem+json", problem
        assert problem["header"]["isSuccessful"] is False
        pointers = list(dict.fromkeys(error["pointer"] for error in problem.get("errors", [])))
        return reply.status_code, problem["header"]["resultCode"], pointers


def meter(account: str = "mine", **changes: Any) -> Body:
    good = {"appKey": f"{account}-main-web", "counterName": "bad.storage", "counterType": "DELTA", "counterUnit": "GB"}
    return {**good, "counterVolume": "1000", "timestamp": f"{OPEN}-05T09:00:00+09:00", **changes}


GRANT: Body = {"credit": 100, "creditName": "c", "balancePriceTypeCode": "FREE", "expirationDateFrom": "2026-01-01"}


GROUP: Body = {"billingGroupId": "b", "name": "b", "projects": [{"projectId": "p", "appKey": "k"}]}
PRICE: Body = {"counterType": "DELTA", "unit": "GB", "price": "1", "currency": "KRW", "effectiveFrom": "2026-01-01"}


def case(name: str, *values: Any) -> Any:
    return pytest.param(*values, id=name)
