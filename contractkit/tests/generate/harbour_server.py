"""A harbour that works: every operation of harbour.yaml, in memory, each reply made of what its request brought.

The stub checks both against the document, so it judges what a client sends. `newer` is the document of a later
version, which says more than its clients know: such a server answers with values and variants that are new to them.
"""

import base64
import copy
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from contractkit.stub import Problem, create_app, serve
from contractkit.stub.document import Document

Json = dict[str, Any]

DOCUMENT = Path(__file__).with_name("harbour.yaml")
TOKEN, KEY, LOGIN = "captain's token", "harbour-key", "master:s3cret"
FLEET = [f"Ship {number}" for number in range(7)]
LEVELS: list[Json] = [
    {"what": "Level", "metres": f"{number}.50", "at": f"2026-03-01T0{number}:00:00+09:00"} for number in range(3)
]
CREW = ["Ann", "Bo", "Cid", "Dee", "Eve"]


def document() -> Json:
    """harbour.yaml."""
    found: Json = yaml.load(DOCUMENT.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return found


def newer(spec: Mapping[str, Any]) -> Json:
    """The document with a new class of ships, a new rank and a new kind of cargo."""
    later: Json = copy.deepcopy(dict(spec))
    schemas = later["components"]["schemas"]
    schemas["ShipClass"]["enum"].append("submarine")
    schemas["Rank"]["enum"].append(99)
    schemas["Gas"] = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}, "litres": {}}}
    schemas["Cargo"]["oneOf"].append({"$ref": "#/components/schemas/Gas"})
    schemas["Cargo"]["discriminator"]["mapping"]["gas"] = "#/components/schemas/Gas"
    return later


def application(spec: Mapping[str, Any]) -> ASGIApp:
    """A harbour of its own state."""
    harbour = Harbour()
    return create_app(
        spec,
        handlers=harbour.handlers(),
        security={"token": _is(TOKEN), "harbourKey": _is(KEY), "password": _is(LOGIN)},
        routes=[Route("/proxy/{rest:path}", _proxy)],
    )


class Harbour:
    """The state, and a method for each operation."""

    def __init__(self) -> None:
        self.ships: dict[str, Json] = {}
        self.keys: dict[str, str] = {}
        self.photos: dict[str, bytes] = {}
        self.cargo: list[Json] = [{"kind": "box", "weight": weight} for weight in range(1, 26)]
        self.inspections: list[Json] = []
        for name in FLEET:
            self._moor({"name": name, "class": "cargo", "draught": "3.10"})

    def handlers(self) -> dict[str, Any]:
        """The methods by operationId; the nameless operation has its method and path."""
        keys = [operation.key for operation in Document.load(document()).operations if operation.key != "get /health"]
        snake = {key: "".join(f"_{each.lower()}" if each.isupper() else each for each in key) for key in keys}
        return {key: getattr(self, name) for key, name in {**snake, "get /health": "health"}.items()}

    # ships

    def list_ships(
        self,
        *,
        page: int,
        page_size: int,
        class_: str | None,
        flag: list[str] | None,
        order: str | None,
        from_: str | None,
    ) -> Json:
        if page > 100:
            raise Problem(404, detail="the harbour is not that large", extensions={"instance": "/ships"})
        found = [self._shown(ship) for ship in self.ships.values() if class_ in (None, ship["class"])]
        if order in ("asc", "-name"):
            found.reverse()
        if flag or from_:
            found = [{**ship, "labels": {"flag": json.dumps(flag), "from": str(from_)}} for ship in found]
        start = (page - 1) * page_size
        return {"totalItems": len(found), "ships": found[start : start + page_size]}

    def add_ship(self, *, body: Json, idempotency_key: str | None) -> tuple[int, Json, Mapping[str, str]]:
        if body["name"] == "Flying Dutchman":
            errors = [{"pointer": "/name", "detail": "is a ghost"}, {"pointer": "/class", "detail": "is none"}]
            raise Problem(422, title="No such ship", detail="ghosts", extensions={"errors": errors})
        known = self.keys.get(idempotency_key or "")
        if known is None:
            if any(ship["name"] == body["name"] for ship in self.ships.values()):
                raise Problem(409, title="Conflict", detail=f"{body['name']} is here already")
            known = self._moor(body)
            self.keys[idempotency_key or ""] = known
        seen = {"key": idempotency_key or "", "code": body.get("accessCode", "")}
        ship = self._shown(self.ships[known])
        return 201, {**ship, "labels": {**ship.get("labels", {}), **seen}}, {"Location": f"/ships/{known}"}

    def get_ship(self, *, ship_id: str, if_none_match: str | None) -> Json:
        if if_none_match == f'"{ship_id}"':
            raise Problem(304)
        if ship_id == "nautilus":
            return {"id": ship_id, "name": "Nautilus", "class": "submarine", "draught": "20000"}
        return self._shown(self._ship(ship_id))

    def replace_ship(self, *, ship_id: str, body: Json) -> tuple[int, Json]:
        ship = self._ship(ship_id)
        if body["class"] == "yacht":
            return 202, {"ticket": "00000000-0000-4000-8000-000000000001"}
        self.ships[ship_id] = {**body, "id": ship_id, "arrived": ship["arrived"]}
        return 200, self._shown(self.ships[ship_id])

    def update_ship(self, *, ship_id: str, body: Json) -> Json:  # noqa: ARG002  # the convention names every parameter
        return body

    def remove_ship(self, *, ship_id: str) -> None:
        if ship_id not in self.ships:
            raise Problem(404)
        if self.ships[ship_id].get("berth"):
            raise Problem(409, detail="it is moored")
        del self.ships[ship_id]

    def get_photo(self, *, ship_id: str) -> bytes:
        if ship_id not in self.photos:
            raise Problem(404, detail="nobody took one")
        return self.photos[ship_id]

    def put_photo(self, *, ship_id: str, body: bytes) -> tuple[int, Json]:
        self.photos[ship_id] = body
        return 207, _receipt(body)

    # cargo

    def list_cargo(self, *, offset: int, limit: int, weight: Json | None) -> Json:
        bounds = {"min": 0, "max": 1000, **(weight or {})}
        found = [each for each in self.cargo if bounds["min"] <= each["weight"] <= bounds["max"]]
        return {"total": len(found), "items": found[offset : offset + limit]}

    def load_cargo(self, *, body: Json) -> Json:
        if body["weight"] > 10**6:
            raise Problem(400, detail="too heavy")
        return {"kind": "gas", "litres": 7} if body.get("name") == "unknown" else body

    def hand_in_papers(self, *, cargo_id: str, body: Json) -> Json:
        echoed = {name: body[name] for name in ("consignee", "dated", "copies", "remarks", "type") if name in body}
        annexes = [_receipt(each) for each in body.get("annexes", [])]
        return echoed | {"cargoId": cargo_id, "bill": _receipt(body["bill"]), "annexes": annexes}

    def add_note(self, *, body: Json | str | bytes) -> Json:
        if isinstance(body, bytes):
            return {"kind": "bytes", "text": body.hex()}
        return {"kind": "text", "text": body} if isinstance(body, str) else {"kind": "json", "text": json.dumps(body)}

    # tides

    def get_tides(self, *, day: str, accept_datum: str | None) -> Json:
        return {"day": day, "levels": LEVELS, **({"datum": accept_datum} if accept_datum else {})}

    def get_tide_table(self) -> str:
        return "at,metres\r\n" + "".join(f"{each['at']},{each['metres']}\r\n" for each in LEVELS)

    def watch_tides(self, *, count: int | None, last_event_id: str | None) -> str:
        if count == 0:
            raise Problem(503)
        first = int(last_event_id or 0)
        events = [*LEVELS, {"what": "Storm", "force": 12}, {"what": "Monster", "arms": 8}][: count or 5]
        lines = (f"id: {first + number}\nevent: signal\n{_data(each)}\n" for number, each in enumerate(events, 1))
        return ": the gauge is up\n\n" + "".join(lines)

    def read_tide_log(self) -> str:
        return "".join(json.dumps(each) + "\n" for each in LEVELS)

    # crew

    def list_crew(self, *, cursor: str | None, limit: int) -> Json:
        start = int(cursor or 0)
        after = start + limit
        data = [_sailor(name) for name in CREW[start:after]]
        return {"data": data, "nextCursor": str(after) if after < len(CREW) else None}

    def list_ranks(self) -> list[int]:
        return [1, 2, 10, -1, 99]

    def list_voyages(self, *, page_token: str | None) -> Json:
        number = int(page_token or 1)
        meta = {"nextPageToken": str(number + 1)} if number < 3 else {}
        return {"voyages": [{"no": number, "stages": [[{"x": number, "y": 0}], []]}], "meta": meta}

    def inspect(self, *, body: Json) -> Json:
        self.inspections.append(body)
        hulls = [each for each in self.inspections if each["subject"] == "hull"]
        return {"inspections": self.inspections, **({"last": hulls[-1]} if hulls else {})}

    # customs and the rest

    def declare(self, /, **arguments: Any) -> Json:
        return {name: value for name, value in arguments.items() if value is not None}

    plan_route = declare

    def appraise(self, *, body: Json) -> Json:
        if body.get("whole") == 418:
            raise Problem(418, title="Teapot", detail="cannot appraise tea")
        return body

    def read_ledger(self, *, sheet: int | None) -> Json:
        number = sheet or 1
        return {"lines": [f"{number}a", f"{number}b"][: 3 - number], "remarks": ["paid"], "sheets": 2}

    def log_in(self) -> Json:
        return {"token": TOKEN}

    def get_stamp(self) -> tuple[int, str]:
        return 200, "HARBOUR ★"

    def health(self) -> Json:
        return {"well": True, "depth": {"metres": [1, 2.5, None]}}

    def _moor(self, ship: Json) -> str:
        number = f"s{len(self.ships) + 1}"
        self.ships[number] = {**ship, "id": number, "arrived": "2026-03-01T08:00:00.250Z"}
        return number

    def _ship(self, ship_id: str) -> Json:
        if ship_id not in self.ships:
            raise Problem(404, title="Not Found", detail=f"there is no ship {ship_id}")
        return self.ships[ship_id]

    def _shown(self, ship: Json) -> Json:
        return {name: value for name, value in ship.items() if name != "accessCode"}


def _sailor(name: str) -> Json:
    captain = {"name": "Cap", "rank": 1}
    post = {"title": "deck", "held": [captain], "next": {"title": "mast", "next": None}}
    return {"name": name, "rank": 2, "below": [{"name": "Boy", "rank": -1, "below": []}], "post": post}


def _receipt(content: bytes) -> Json:
    return {"size": len(content), "sha256": base64.b64encode(hashlib.sha256(content).digest()).decode()}


def _data(value: Json) -> str:
    """The lines of an event; its JSON spreads over several, as the format allows."""
    lines: Iterable[str] = json.dumps(value, indent=1).splitlines()
    return "".join(f"data: {line}\n" for line in lines)


def _is(wanted: str) -> Any:
    def check(credential: str, request: Request) -> None:  # noqa: ARG001  # the stub's convention
        if credential != wanted:
            raise Problem(401, detail="who are you?")

    return check


async def _proxy(request: Request) -> HTMLResponse:
    status = int(request.headers.get("x-proxy-status", "502"))
    return HTMLResponse("<h1>proxy</h1>", status_code=status)


if __name__ == "__main__":
    serve(application(newer(document())), "127.0.0.1", 0)
