"""Small documents for the generator of clients, and the client of one, imported."""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from contractkit.generate.client import generate_client

OK = {"204": {"description": "Done."}}


def parameter(name: str, place: str, schema: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema, **more}


def array(items: str = "string") -> dict[str, Any]:
    return {"type": "array", "items": {"type": items}}


TEXT = {"type": "string"}
RECORD = {"type": "object", "additionalProperties": {"type": "integer"}}


def of_one(name: str, *parameters: dict[str, Any], path: str = "", **more: Any) -> dict[str, Any]:
    """An operation with these parameters, at a path of its own."""
    return {f"/{name}{path}": {"get": {"operationId": name, "parameters": list(parameters), "responses": OK, **more}}}


def document(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"openapi": "3.0.3", "info": {"title": "Styles", "version": "2.0-beta.1"}, "paths": paths, **more}


def generated(folder: Path, spec: dict[str, Any], name: str) -> Any:
    """The package of a client, imported."""
    (folder / f"{name}.json").write_text(json.dumps(spec))
    generate_client(folder / f"{name}.json", folder / name, project=name.replace("_", "-"), package=name)
    sys.path.insert(0, str(folder / name))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.pop(0)
