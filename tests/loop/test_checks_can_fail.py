"""Each check of the loop, on a copy of the repository in which somebody has made the mistake that it is there for."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".contract", "reports", "__pycache__", ".*_cache", ".hypothesis")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT, tmp_path / "copy", ignore=LEFT_OUT))


@pytest.fixture
def with_pacts(copy: Path) -> Path:
    written = python(copy, "-m", "pytest", "consumer_tests", "--write-pacts")
    assert written.returncode == 0, written.stdout
    return copy


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PACT_", "BROKER_", "BILLING_"))}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=clean, capture_output=True, text=True, check=False, timeout=240
    )


def kit(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python(folder, "-m", "contractkit", *arguments)


def replace(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


GENERATE = """
from pathlib import Path
from contractkit.bundle import write_bundle
from contractkit.generate.provider import generate_provider
bundle = Path("spec/dist/openapi.yaml")
write_bundle(Path("spec/openapi.yaml"), bundle)
generate_provider(bundle, Path("provider_stub/generated"))
"""


def test_a_property_renamed_in_the_spec_makes_mypy_name_the_handlers_that_read_it(copy: Path) -> None:
    for path in (copy / "spec").rglob("*"):
        if path.suffix in (".yaml", ".json") and "paymentGroupId" in path.read_text(encoding="utf-8"):
            replace(path, "paymentGroupId", "settlementId")
    generated = python(copy, "-c", GENERATE)
    assert generated.returncode == 0, generated.stderr
    checked = python(copy, "-m", "mypy", "provider_stub")
    assert checked.returncode == 1
    named = {line.partition(":")[0] for line in checked.stdout.splitlines() if "error:" in line}
    assert "provider_stub/handlers/payments.py" in named
    assert 'TypedDict "PayRequest" has no key "paymentGroupId"' in checked.stdout


def test_an_edited_generated_file_is_named_by_the_drift_check(copy: Path) -> None:
    edited = copy / "generated_client/billing_client/api/payments/pay.py"
    edited.write_text(edited.read_text() + "\n# a quick fix\n")
    (copy / "provider_stub/generated/leftover.py").write_text("")
    checked = kit(copy, "generate", "--check")
    assert checked.returncode == 1
    assert "generated_client/billing_client/api/payments/pay.py is not what the spec makes it" in checked.stdout
    assert "provider_stub/generated/leftover.py is not what the spec makes it" in checked.stdout


def test_a_handler_that_answers_a_wrong_type_is_reported_by_verification_and_by_fuzzing(with_pacts: Path) -> None:
    handler = with_pacts / "provider_stub/handlers/credits.py"
    replace(handler, '"stats": ', '"stats": [], "was": ')
    names = ("--version", "1", "--branch", "main")
    assert kit(with_pacts, "publish-pacts", *names).returncode == 0
    verified = kit(with_pacts, "verify-pacts", "--no-pending", *names)
    assert verified.returncode == 1
    assert "failed: billing-console: what is left of the credit" in verified.stdout
    assert "expected 200" in verified.stdout
    assert "got      500" in verified.stdout
    fuzzed = kit(with_pacts, "fuzz", "--seed", "1", "--only", "get_credit_balance")
    assert fuzzed.returncode == 1
    assert "Server error (ST101): GET /billing/v5.0/credits" in fuzzed.stdout


def test_a_pact_that_the_provider_breaks_may_not_be_deployed(with_pacts: Path) -> None:
    path = with_pacts / ".contract/pacts/settlement-billing-provider.json"
    pact = json.loads(path.read_text())
    broken = next(each for each in pact["interactions"] if each["description"] == "paying a closed statement")
    broken["response"]["status"] = 202
    path.write_text(json.dumps(pact))
    names = ("--version", "1", "--branch", "main")
    assert kit(with_pacts, "publish-pacts", *names).returncode == 0
    verified = kit(with_pacts, "verify-pacts", *names)
    assert "pending: settlement: paying a closed statement" in verified.stdout
    assert "70 of 71 interactions of 5 consumers" in verified.stdout
    answer = kit(with_pacts, "can-i-deploy", "--version", "1")
    assert answer.returncode == 1
    assert "no: 6 applications in version 1" in answer.stdout


def test_a_rule_of_the_spec_that_is_broken_is_named_with_its_file_and_line(copy: Path) -> None:
    paths = copy / "spec/paths/payments.yaml"
    replace(paths, "    summary: Pay a statement\n", "")
    line = next(
        number for number, text in enumerate(paths.read_text().splitlines(), 1) if text == "    operationId: pay"
    )
    checked = kit(copy, "lint")
    assert checked.returncode == 1
    found = [text for text in checked.stdout.splitlines() if "operation-summary" in text]
    assert len(found) == 1
    number = int(found[0].split("spec/paths/payments.yaml:")[1].split(":")[0])
    assert abs(number - line) <= 2
