"""The pages' style sheets and scripts: files of this package."""

from __future__ import annotations

from importlib.resources import files

from broker.call import Call, Reply, Route
from broker.errors import NotFoundError

_TYPES = {"css": "text/css;charset=utf-8", "js": "text/javascript;charset=utf-8", "svg": "image/svg+xml"}
_FILES = {
    entry.name: (entry.read_bytes(), _TYPES[entry.name.rpartition(".")[2]])
    for entry in files("broker.pages").joinpath("assets").iterdir()
    if entry.name.rpartition(".")[2] in _TYPES
}


def asset(call: Call) -> Reply:
    found = _FILES.get(call.params["name"])
    if found is None:
        raise NotFoundError("There is no such file")
    return Reply(found[0], media_type=found[1])


ROUTES: tuple[Route, ...] = (("GET", "/assets/{name}", asset),)
