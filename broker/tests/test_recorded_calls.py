"""What a real Pact Broker answered to the stock clients, call by call.

`recorded_calls.json` holds, in order, the calls that one session of each client made: the status, the fields
of the answer without which the client fails or says something else, the answer to can-i-deploy, and which
pacts were chosen for verification with their pending and work-in-progress flags. Names in braces stand for
identifiers that an earlier answer gave.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from broker.tests.served import Broker, Json

_CALLS: dict[str, list[Json]] = json.loads(Path(__file__).with_name("recorded_calls.json").read_text())


@pytest.mark.parametrize("client", _CALLS)
def test_every_call_of_the_stock_client_is_answered_as_the_client_needs_it(broker: Broker, client: str) -> None:
    names: dict[str, str] = {}
    faults: list[str] = []
    for call in _CALLS[client]:
        reply = broker.client.request(call["method"], call["path"].format_map(names), json=_body(call.get("body")))
        where = f"{call['label']}: {call['method']} {call['path']}"
        if reply.status_code != call["status"]:
            faults.append(f"{where}: {reply.status_code} instead of {call['status']}: {reply.text[:200]}")
            continue
        answer: Any = reply.json() if reply.content else None
        if "names" in call:
            names[call["names"]] = answer["uuid"]
        faults += [f"{where}: no {field}" for field in call.get("fields", []) if not _has(answer, field)]
        faults += [f"{where}: {difference}" for difference in _differences(call, answer)]
    assert not faults, "\n".join(faults)


def _body(recorded: Any) -> Any:
    """Contents stand in the file as JSON; on the wire they are base64."""
    if not isinstance(recorded, dict) or "contracts" not in recorded:
        return recorded
    contracts = [
        {**one, "content": base64.b64encode(json.dumps(one["content"]).encode()).decode()}
        for one in recorded["contracts"]
    ]
    return {**recorded, "contracts": contracts}


def _has(value: Any, field: str) -> bool:
    """Whether a dotted field is there; `*` means every item of a list that is not empty."""
    name, _, rest = field.partition(".")
    if name == "*":
        return isinstance(value, list) and bool(value) and all(_has(item, rest) for item in value)
    if not isinstance(value, dict) or name not in value:
        return False
    return not rest or _has(value[name], rest)


def _differences(call: Json, answer: Any) -> list[str]:
    found = []
    if "deployable" in call and answer["summary"]["deployable"] is not call["deployable"]:
        found.append(f"deployable is {answer['summary']['deployable']}, not {call['deployable']}")
    if "selected" in call and (selected := _selected(answer)) != call["selected"]:
        found.append(f"selected {selected}, not {call['selected']}")
    return found


def _selected(answer: Json) -> list[list[Any]]:
    found = []
    for pact in answer["_embedded"]["pacts"]:
        sha = re.search(r"/pact-version/(\w+)", pact["_links"]["self"]["href"])
        properties = pact["verificationProperties"]
        assert sha is not None
        found.append([sha[1], properties.get("pending", "absent"), properties.get("wip", False)])
    return found
