"""A provider that is served with faults on purpose: what it did, and what its client got to know (3 s)."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import httpx
import pytest

from provider_stub.gateway import Course
from tests.faults.sandbox import MONTH, captured, opened, prices, ready
from tests.serving import ROOT, calling, served

RULES = "pay: 503 retry-after 2 first 2; pay: reset-after first 1; *: latency 0-2ms p=0.1"


def test_a_payment_that_is_repeated_with_its_key_after_each_fault_is_charged_once(tmp_path: Path) -> None:
    with (
        served(tmp_path, None, "--faults", RULES, "--fault-seed", "4", auth="off") as provider,
        calling(provider.url, None) as api,
        opened(provider.database) as store,
    ):
        prices(api)
        place = ready(api, "faulty", Course.CAPTURED)
        headers = {"Idempotency-Key": "one", "uuid": "faulty"}
        pay = partial(api.client.post, f"/billing/payments/{MONTH}", json=place, headers=headers)
        refused = [pay() for _ in range(2)]
        assert [(each.status_code, each.headers["retry-after"]) for each in refused] == [(503, "2")] * 2
        assert refused[0].json()["header"]["isSuccessful"] is False
        assert captured(store, place["paymentGroupId"]) == []
        with pytest.raises(httpx.TransportError):
            pay()
        assert len(captured(store, place["paymentGroupId"])) == 1  # and the client does not know
        assert pay().status_code == 200
        assert len(captured(store, place["paymentGroupId"])) == 1
        shown = api.client.get("/__faults").json()
        assert (shown["seed"], shown["operations"]["pay"]["calls"]) == (4, 4)
    assert (tmp_path / "provider.log").read_text() == ""


def test_a_rule_that_cannot_be_is_one_line_and_status_2(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "provider_stub", "serve", "--port", "0", "--faults", "pay: 503 sometimes"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: /rules: rule 'pay: 503 sometimes': 503 takes no 'sometimes'")
