"""The provider states that consumers agree on: a name, and every parameter that the set-up needs.

An interaction names what must be there, in this order: accounts, counters, contracts, adjustments, meters, credit,
statements. The provider answers for the names and parameters in `provider_verification/states.py`. Time stands
still there, at 2026-11-21T00:00:00Z, so that October is over and November is running.
"""

from attrs import frozen

Parameters = dict[str, object]


@frozen
class State:
    name: str
    parameters: Parameters


def account(uuid: str = "acme") -> State:
    """An account in Korea (KRW) with one billing group, which holds one project."""
    group = {"billingGroupId": f"{uuid}-main", "projectId": f"{uuid}-web", "appKey": f"ak-{uuid}-web"}
    return State("an account", {"uuid": uuid, "region": "KR", **group})


def counter(*, currency: str = "KRW", price: str = "250") -> State:
    """A counter on the price list, in one currency only."""
    name = {"counterName": "compute.c2.c8m8", "counterType": "DELTA", "unit": "HOURS"}
    return State("a counter", {**name, "price": price, "currency": currency, "effectiveFrom": "2026-01-01"})


def meter(meter_id: str = "vm1-2026-10", *, uuid: str = "acme", timestamp: str = "2026-10-15T00:00:00Z") -> State:
    """720 hours of a machine, recorded for the account."""
    source = {"uuid": uuid, "meterId": meter_id, "appKey": f"ak-{uuid}-web", "resourceId": "vm-1"}
    reading = {"counterName": "compute.c2.c8m8", "counterType": "DELTA", "counterUnit": "HOURS"}
    return State("a meter", {**source, **reading, "counterVolume": "720", "timestamp": timestamp})


def contract(contract_id: str = "ct-period-2026", *, currency: str = "KRW") -> State:
    """A contract with a base fee and one agreed price; it is named by its id."""
    terms = {"contractType": "PERIOD", "baseFee": 100000, "discountRate": 0, "currency": currency}
    return State(
        "a contract",
        {"contractId": contract_id, "name": "Period 2026", **terms, "counterName": "compute.c2.c8m8", "price": "225"},
    )


def contract_in_force(contract_id: str = "ct-period-2026") -> State:
    """The billing group of acme is under the contract from October on."""
    term = {"billingGroupId": "acme-main", "contractId": contract_id, "monthFrom": "2026-10"}
    return State("a billing group under a contract", dict(term))


def project_adjustment(adjustment_id: str = "adj-web-10-percent") -> State:
    """Ten percent off a project, without an end."""
    value = {"adjustmentTypeCode": "PERCENT_DISCOUNT", "adjustment": 10, "monthFrom": "2026-10"}
    return State("a project adjustment", {"adjustmentId": adjustment_id, "projectId": "acme-web", **value})


def billing_group_adjustment(adjustment_id: str = "adj-main-1000-off") -> State:
    """1,000 KRW off a billing group, without an end."""
    value = {"adjustmentTypeCode": "STATIC_DISCOUNT", "adjustment": 1000, "monthFrom": "2026-10"}
    return State("a billing group adjustment", {"adjustmentId": adjustment_id, "billingGroupId": "acme-main", **value})


def credit(amount: int) -> State:
    """Free credit that acme may use for every counter, all of 2026."""
    grant = {"uuid": "acme", "campaignId": "spring-2026", "creditName": "Spring credit", "credit": amount}
    window = {"expirationDateFrom": "2026-01-01", "expirationDateTo": "2026-12-31"}
    return State("a credit", {**grant, "balancePriceTypeCode": "FREE", **window})


def calculation(month: str = "2026-10") -> State:
    """A calculation of the month for acme has been started and has ended, well or not."""
    return State("a finished calculation", {"uuid": "acme", "month": month})


def statement(status: str, *, uuid: str = "acme", month: str = "2026-10") -> State:
    """The month has been calculated, and its statements have been taken to `status`: REGISTERED, READY, PAID or
    REFUNDED.
    """
    return State("a statement", {"uuid": uuid, "month": month, "paymentStatusCode": status})


def coupon() -> State:
    """Acme has redeemed the coupon of the year."""
    return State("a redeemed coupon", {"uuid": "acme", "couponCode": "WELCOME-2026"})


def batch(batch_id: str = "batch-2026-11-fee", *, date: str = "2026-11-01") -> State:
    """The late-fee batch of a day has run over all accounts and has ended well."""
    return State("a finished batch", {"batchId": batch_id, "batchJobCode": "CALC_LATE_FEE", "date": date})


def regional_batch(code: str, *, region: str = "KR", status: str = "DONE") -> State:
    """A batch of October has run over the accounts of a region and has ended DONE or FAILED."""
    of = {"batchId": "batch-2026-10-kr", "batchJobCode": code, "date": "2026-10-31"}
    return State("a finished batch of a region", {**of, "region": region, "status": status})
