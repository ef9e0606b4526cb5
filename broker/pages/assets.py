"""The pages' style sheets and scripts: files of this package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from broker.call import Call, Reply, Route
from broker.errors import NotFoundError

_TYPES = {"css": "text/css;charset=utf-8", "js": "text/javascript;charset=utf-8", "svg": "image/svg+xml"}


@cache
def _files() -> dict[str, Reply]:
    return {
        entry.name: Reply(entry.read_bytes(), media_type=_TYPES[kind])
        for entry in files("broker.pages").joinpath("assets").iterdir()
        if (kind := entry.name.rpartition(".")[2]) in _TYPES
    }


def asset(call: Call) -> Reply:
    found = _files().get(call.params["name"])
    if found is None:
        raise NotFoundError("There is no such file")
    return found


ROUTES: tuple[Route, ...] = (("GET", "/assets/{name}", asset),)
