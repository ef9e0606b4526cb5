"""What `billing_client` promises by its types holds for pyright too; mypy reads it with every `make check`."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_pyright_finds_nothing_wrong_with_the_generated_client() -> None:
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "generated_client/billing_client"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout
