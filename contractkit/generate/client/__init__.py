"""The typed client: openapi-python-client with our templates, all of it or nothing."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from contractkit.document import load_bundle, operations
from contractkit.errors import GenerationError
from contractkit.generate.output import RULES, write_folder
from contractkit.source import shown

TEMPLATES: Final = Path(__file__).parent.parent / "templates" / "opc"


def generate_client(bundle: Path, out: Path, *, project: str, package: str) -> None:
    """Generates the distribution `project`, imported as `package`, into `out`, which it replaces as a whole.

    The same bundle gives the same bytes. Raises GenerationError when the generator warns of anything, or when an
    operation of the bundle is missing in the output; `out` is then left as it was.
    """

    def make(folder: Path) -> None:
        _generate(bundle, folder, project, package)
        _check_operations(load_bundle(bundle), folder / package)

    write_folder(out, make, rules=f"{RULES},F811,UP")


def _generate(bundle: Path, out: Path, project: str, package: str) -> None:
    settings = {"project_name_override": project, "package_name_override": package, "post_hooks": []}
    config = out.with_suffix(".config.json")
    config.write_text(json.dumps(settings), encoding="utf-8")
    command = [
        sys.executable, "-m", "openapi_python_client", "generate", "--path", str(bundle), "--output-path", str(out),
        "--meta", "uv", "--config", str(config), "--custom-template-path", str(TEMPLATES), "--fail-on-warning",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        raise GenerationError(f"the client cannot be generated from {shown(bundle)}:\n{said[-4000:]}")
    (out / ".gitignore").unlink(missing_ok=True)


def _check_operations(document: dict[str, Any], package: Path) -> None:
    """The generator drops an operation that it cannot read; of two with one name it leaves one. None may be lost."""
    modules = [path for path in package.glob("api/*/*.py") if path.name != "__init__.py"]
    made = {_without_names(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))) for path in modules}
    wanted = operations(document)
    missing = [each.label for each in wanted if f"{_without_names(each.label)}." not in made]
    if missing:
        raise GenerationError(f"the client lacks {len(missing)} of {len(wanted)} operations: {', '.join(missing)}")


def _without_names(label: str | None) -> str:
    """`GET /items/{itemId}` as `GET /items/{}`, because the generator renames the variables of paths."""
    return re.sub(r"\{.*?\}", "{}", label or "")
