"""The classes of the odd schemas, generated as a package, and a JSON object with a member of every kind."""

import shutil
from pathlib import Path
from typing import Any

from contractkit.generate.client import values
from contractkit.generate.client.values import Values
from contractkit.generate.output import write_folder
from contractkit.tests.generate.odd_schemas import DOCUMENT, ref

KINDS: dict[str, Any] = {
    "exact": "12.50", "ratio": 0.1, "day": "2026-10-31", "at": "2026-10-31T23:59:59+09:00",
    "id": "12345678-1234-5678-1234-567812345678", "raw": "AP8=", "count": 3, "share": 0.5, "flag": True,
    "colour": "red", "level": 2,
}  # fmt: skip
SUPPORT = Path(values.__file__).parent.parent / "templates" / "client" / "support"


def generate(out: Path) -> Values:
    """The models of the document, with the support modules that they import, as the package `out`."""
    found = Values.of(DOCUMENT)
    found.value(ref("Answer"), "x", direction="response")

    def make(folder: Path) -> None:
        folder.mkdir()
        (folder / "__init__.py").touch()
        (folder / "py.typed").touch()
        for name in ("codec", "encoders", "members", "types", "variants"):
            shutil.copy(SUPPORT / f"{name}.py", folder)
        found.write(folder / "models")

    write_folder(out, make)
    return found
