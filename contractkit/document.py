"""Reading an OpenAPI document: what every part of the toolkit asks of one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from attrs import frozen

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@frozen
class Operation:
    """One operation: `label` is what reports and fuzzers call it, `GET /items/{id}`."""

    method: str
    path: str
    operation_id: str
    tag: str

    @property
    def label(self) -> str:
        return f"{self.method.upper()} {self.path}"


def load_bundle(path: Path) -> dict[str, Any]:
    """A document in one file, as `make generate` writes it."""
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return document


def operations(document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Every operation, in the order of the document."""
    return tuple(
        Operation(method, path, item[method].get("operationId", ""), (item[method].get("tags") or [""])[0])
        for path, item in document.get("paths", {}).items()
        for method in METHODS
        if method in item
    )
