"""What a real Pact Broker answered to the stock clients, call by call.

`recordings/` holds, in order, every call of two recorded sessions, of the command line client and of the
verifiers: the request, the status, the fields of the answer without which a client fails or says something
else, the answer to can-i-deploy, and which pacts were chosen for verification with their pending and
work-in-progress flags. A name in braces stands for an identifier that an earlier answer gave: the UUID of what
was created under that name, or the metadata that came with a pact's content.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import Factory, define

from broker.tests.served import Broker, Json

_RECORDINGS = Path(__file__).with_name("recordings")


@pytest.mark.parametrize("client", ["cli", "verify"])
def test_every_call_of_the_stock_client_is_answered_as_the_client_needs_it(broker: Broker, client: str) -> None:
    replay = _Replay(broker)
    calls: list[Json] = json.loads((_RECORDINGS / f"{client}.json").read_text())
    faults = [f"{call['label']}: {call['method']} {call['path']}: {fault}" for call in calls for fault in replay(call)]
    assert not faults, "\n".join(faults)


@define
class _Replay:
    broker: Broker
    names: dict[str, str] = Factory(dict)

    def __call__(self, call: Json) -> list[str]:
        try:
            path = call["path"].format_map(self.names)
        except KeyError as missing:
            return [f"nothing was ever called {missing}"]
        reply = self.broker.client.request(call["method"], path, **_sent(call))
        if reply.status_code != call["status"]:
            return [f"{reply.status_code} instead of {call['status']}: {reply.text[:200]}"]
        answer: Any = reply.json() if reply.content else None
        self._learn(call, reply, answer)
        return [
            *(f"no {field}" for field in call.get("fields", []) if not _has(answer, field)),
            *_differences(call, answer),
        ]

    def _learn(self, call: Json, reply: httpx.Response, answer: Any) -> None:
        if "names" in call:
            self.names[call["names"]] = answer["uuid"]
        self.names |= dict(re.findall(r"/pact-version/(\w{40})/metadata/([\w-]+)", reply.text))


def _sent(call: Json) -> dict[str, Any]:
    """Headers and body as the clients send them; contracts stand in the file as JSON, on the wire as base64."""
    accept = "application/hal+json, application/json" if call["method"] == "GET" else "application/hal+json"
    if "body" not in call:
        return {"headers": {"accept": accept}}
    body = call["body"]
    if "contracts" in body:
        body = {**body, "contracts": [{**one, "content": _encoded(one["content"])} for one in body["contracts"]]}
    kind = "application/merge-patch+json" if call["method"] == "PATCH" else "application/json"
    return {"headers": {"accept": accept, "content-type": kind}, "content": json.dumps(body)}


def _encoded(document: Json) -> str:
    return base64.b64encode(json.dumps(document).encode()).decode()


def _has(value: Any, field: str) -> bool:
    """Whether a dotted field is there; `*` means every item of a list that is not empty, `?` one of them."""
    name, _, rest = field.partition(".")
    if name in ("*", "?"):
        found = [_has(item, rest) for item in value] if isinstance(value, list) else []
        return any(found) if name == "?" else bool(found) and all(found)
    if not isinstance(value, dict) or name not in value:
        return False
    return not rest or _has(value[name], rest)


def _differences(call: Json, answer: Any) -> Iterator[str]:
    if "deployable" in call:
        found = answer["summary"]["deployable"]
        if found is not call["deployable"]:
            yield f"deployable is {found}, not {call['deployable']}"
    if "selected" in call and (selected := _selected(answer)) != sorted(call["selected"]):
        yield f"selected {selected}, not {call['selected']}"


def _selected(answer: Json) -> list[list[Any]]:
    """The content of each chosen pact with its flags; their order carries no meaning."""
    found = []
    for pact in answer["_embedded"]["pacts"]:
        sha = re.search(r"/pact-version/(\w+)", pact["_links"]["self"]["href"])
        properties = pact["verificationProperties"]
        assert sha is not None
        found.append([sha[1], properties.get("pending", "absent"), properties.get("wip", False)])
    return sorted(found)
