"""Fuzzing: the stock Schemathesis, all phases and checks, against a served provider; its reports as values."""

import secrets
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from attrs import frozen

from contractkit.config import child_environment
from contractkit.document import Operation
from contractkit.errors import ToolkitError
from contractkit.process import tool

REPORTS = {"junit": "junit.xml", "har": "traffic.har", "ndjson": "events.ndjson", "json": "summary.json"}


@frozen
class FuzzResult:
    """One run: `unreached` are operations that never answered 2xx, `warnings` what Schemathesis wants looked at
    (its configuration says which of them fail the run).

    `answers` counts the replies of each operation by status: `{"GET /items/{id}": {"200": 12, "404": 3}}`.
    """

    status: int
    seed: int
    cases: int
    operations: int
    failures: tuple[str, ...]
    warnings: tuple[str, ...]
    unreached: tuple[str, ...]
    answers: Mapping[str, Mapping[str, int]]

    @property
    def passed(self) -> bool:
        return self.status == 0 and not (self.failures or self.unreached)


def random_seed() -> int:
    """A fresh seed, short enough to be typed again."""
    return secrets.randbelow(1_000_000)


def fuzz(
    bundle: Path,
    url: str,
    *,
    config: Path,
    token: str,
    seed: int,
    examples: int,
    operations: Sequence[Operation],
    out: Path,
    echo: Callable[[str], None],
) -> FuzzResult:
    """Fuzzes the API at `url` with every phase and check, `examples` cases an operation and phase.

    Only `operations` are fuzzed, and each must be reached; `out` is a folder for JUnit, HAR, NDJSON and JSON; `echo`
    is given each line that Schemathesis prints. The configuration may use `${CONTRACTKIT_TOKEN}`. Raises ToolkitError
    when Schemathesis itself could not run.
    """
    out.mkdir(parents=True, exist_ok=True)
    reports = [word for kind, name in REPORTS.items() for word in (f"--report-{kind}-path", str(out / name))]
    command = [
        tool("st"), "--config-file", str(config), "run", str(bundle), "--url", url, "--seed", str(seed),
        "--max-examples", str(examples), "--checks", "all", "--report", ",".join(REPORTS), *reports, "--no-color",
        *(word for each in operations for word in ("--include-operation-id", each.operation_id)),
    ]  # fmt: skip
    status = _run(command, {"CONTRACTKIT_TOKEN": token}, echo)
    summary_file = out / REPORTS["json"]
    if not summary_file.is_file():
        raise ToolkitError(f"schemathesis stopped with status {status} before it wrote a report; see its output above")
    summary = orjson.loads(summary_file.read_bytes())
    answers = _answers(out / REPORTS["ndjson"], [each.label for each in operations])
    return FuzzResult(
        status=status,
        seed=seed,
        cases=summary["test_cases"]["generated"],
        operations=summary["operations"]["tested"],
        failures=tuple(_failures(summary)),
        warnings=tuple(f"{kind}: {entry}" for kind, found in sorted(summary["warnings"].items()) for entry in found),
        unreached=tuple(label for label, counts in answers.items() if not any(s.startswith("2") for s in counts)),
        answers=answers,
    )


def _run(command: Sequence[str], extra: Mapping[str, str], echo: Callable[[str], None]) -> int:
    with subprocess.Popen(
        command, env=child_environment(**extra), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as child:
        try:
            for line in child.stdout or ():
                echo(line.rstrip("\n"))
        except BaseException:  # interrupted: the fuzzer must not outlive its reader
            child.terminate()
            raise
    return child.returncode


def _failures(summary: Mapping[str, Any]) -> Iterator[str]:
    for failure in summary["failures"]:
        yield f"{failure['title']} ({failure['code']}): {', '.join(failure['operations'])}"
    for error in summary["errors"]:
        yield f"error: {error}"


def _answers(events: Path, operations: Sequence[str]) -> dict[str, dict[str, int]]:
    """How often each operation answered with each status, over all phases."""
    counts: dict[str, Counter[str]] = {label: Counter() for label in operations}
    with events.open("rb") as lines:
        for line in lines:
            recorder = orjson.loads(line).get("ScenarioFinished", {}).get("recorder", {})
            cases = recorder.get("cases", {})
            for case_id, interaction in recorder.get("interactions", {}).items():
                value = cases.get(case_id, {}).get("value", {})
                label = f"{value.get('method')} {value.get('path')}"
                if label in counts and interaction.get("response"):
                    counts[label][str(interaction["response"]["status_code"])] += 1
    return {label: dict(sorted(found.items())) for label, found in counts.items()}
