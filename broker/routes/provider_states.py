"""The states that a provider has to be able to take, for the pacts of its consumers."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from broker import registry
from broker.call import JSON, Call, Reply, Route
from broker.store import branching, contracts


def provider_states(call: Call) -> Reply:
    """The states that the pacts of the consumers' main branches need, each once, with who needs it."""
    with call.database.read() as tx:
        provider = registry.provider(tx, call.params["provider"])
        heads = branching.branch_heads(tx, list(contracts.consumers_of(tx, provider.id)), None)
        found = contracts.pacts_of_versions(tx, list(heads.values()), [provider.id])
        bodies = [(pact.consumer, contracts.body(tx, pact.content_id)) for pact in found]
    states: dict[bytes, dict[str, object]] = {}
    for consumer, body in bodies:
        for state in _states(orjson.loads(body)):
            key = orjson.dumps(state, option=orjson.OPT_SORT_KEYS)
            entry = states.setdefault(key, {**state, "consumers": []})
            consumers = entry["consumers"]
            if isinstance(consumers, list) and consumer not in consumers:
                consumers.append(consumer)
    ordered = [states[key] for key in sorted(states)]
    return Reply({"providerStates": ordered}, media_type=JSON)


def _states(pact: dict[str, object]) -> Iterable[dict[str, object]]:
    for key in ("interactions", "messages"):
        items = pact.get(key)
        for item in items if isinstance(items, list) else []:
            listed = item.get("providerStates")
            if isinstance(listed, list):
                yield from (_state(state) for state in listed if isinstance(state, dict))
            elif isinstance(old := item.get("providerState") or item.get("provider_state"), str):
                yield {"name": old}


def _state(raw: dict[str, object]) -> dict[str, object]:
    params = raw.get("params")
    return {"name": str(raw.get("name"))} | ({"params": params} if params else {})


ROUTES: tuple[Route, ...] = (("GET", "/pacts/provider/{provider}/provider-states", provider_states),)
