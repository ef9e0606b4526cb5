from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from broker.comparison import Document, Report, compare, load_document
from broker.comparison.pointers import find, steps_of
from broker.tests.comparison.cases_of import Case, all_cases

_CASES = all_cases()
_PEER = Path(__file__).parent / "peer.mjs"


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.name)
def test_the_verdict_and_the_codes_are_those_of_the_table(case: Case) -> None:
    report = _report(case)
    verdict = "pass" if report.success else "fail"
    assert case.ours == verdict, report.findings
    if case.codes is not None:
        assert sorted(case.codes) == sorted({finding.code for finding in report.findings})


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.name)
def test_both_pointers_of_every_finding_lead_somewhere(case: Case) -> None:
    for finding in _report(case).findings:
        assert leads_somewhere(case.pact, finding.pact_pointer)
        assert leads_somewhere(case.document, finding.document_pointer)


def test_a_report_is_read_back_from_its_json() -> None:
    for case in _CASES:
        report = _report(case)
        assert report == Report.from_json(json.loads(json.dumps(report.to_json())))


def test_the_peer_agrees_but_where_a_reason_is_given() -> None:
    for case in _CASES:
        assert (case.peer == case.ours) is (case.reason is None), case.name


def test_the_peer_says_what_is_recorded(pytestconfig: pytest.Config) -> None:
    installed = pytestconfig.getoption("--with-peer", default=None)
    if installed is None:
        pytest.skip("--with-peer=NODE_MODULES says where the comparator of npm is installed")
    asked = [{"name": case.name, "pact": case.pact, "document": case.document} for case in _CASES]
    ran = subprocess.run(
        ["node", str(_PEER), installed],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert {case.name: case.peer for case in _CASES} == {one["name"]: one["peer"] for one in json.loads(ran.stdout)}


def _report(case: Case) -> Report:
    return compare(case.pact, _loaded(case.document))


def _loaded(document: dict[str, Any]) -> Document:
    return load_document(json.dumps(document).encode(), "application/json")


def leads_somewhere(root: Any, pointer: str) -> bool:
    try:
        find(root, steps_of(pointer))
    except LookupError:
        return False
    return True
