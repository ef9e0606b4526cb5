"""What a pact says, apart from when and by whom it was published.

Two pacts that say the same have the same content sha, whatever the order of their interactions or keys and
whatever tool wrote them. The sha is the SHA-1 of the JSON of the interactions (and messages) and the
specification version, keys sorted throughout, interactions sorted by their own JSON; this is the rule of the
Ruby broker, so shas stay the same when a team moves from one to the other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from attrs import frozen

from broker.errors import InvalidError

MAX_DEPTH = 200
_ADDED_BY_BROKERS = frozenset({"_links", "createdAt"})
INTERACTION_LISTS = ("interactions", "messages")


@frozen
class PactContent:
    """`body` is the pact as it is served again: JSON, with an `_id` in each interaction."""

    sha: str
    body: bytes
    consumer: str | None
    provider: str | None


def from_base64(text: str) -> PactContent:
    """Raises InvalidError when the text is not base64 of a JSON pact."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidError(["content is not valid base64"]) from None
    return from_bytes(raw)


def from_bytes(raw: bytes) -> PactContent:
    """Raises InvalidError when the bytes are not a JSON pact."""
    pact = load(raw)
    lists = {key: _interactions(pact, key) for key in INTERACTION_LISTS if pact.get(key) is not None}
    if not lists:
        raise InvalidError(["content has neither interactions nor messages"])
    digest = _content_sha(lists, specification_version(pact))
    for key, items in lists.items():
        pact[key] = [{"_id": _sha(canonical), **item} for item, canonical in items]
    kept = {key: value for key, value in pact.items() if key not in _ADDED_BY_BROKERS}
    return PactContent(digest, _dumped(kept), _party(pact, "consumer"), _party(pact, "provider"))


def load(raw: bytes) -> dict[str, Any]:
    """A pact document; raises InvalidError when it is not a JSON object of bounded depth.

    The standard library's parser is used because it keeps integers of any size exact.
    """
    try:
        pact = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise InvalidError(["content is not valid UTF-8"]) from None
    except RecursionError:
        raise InvalidError([f"content is nested deeper than {MAX_DEPTH} levels"]) from None
    except ValueError as error:
        raise InvalidError([f"content is not valid JSON: {error}"]) from None
    if not isinstance(pact, dict):
        raise InvalidError(["content is not a JSON object"])
    if deeper_than(pact, MAX_DEPTH):
        raise InvalidError([f"content is nested deeper than {MAX_DEPTH} levels"])
    return pact


def deeper_than(value: object, limit: int) -> bool:
    """Whether JSON nests objects and lists more than `limit` levels."""
    level = [value]
    for _ in range(limit):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _interactions(pact: dict[str, Any], key: str) -> list[tuple[dict[str, Any], str]]:
    items = pact[key]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise InvalidError([f"content: {key} is not a list of objects"])
    bare = [_without_id(item) for item in items]
    return [(item, _canonical(item)) for item in bare]


def _without_id(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key != "_id"}


def _content_sha(lists: dict[str, list[tuple[dict[str, Any], str]]], version: object) -> str:
    # Fed with the canonical texts one by one: a large pact is neither serialised nor held a second time.
    digest = hashlib.sha1(b"{", usedforsecurity=False)
    for key, items in lists.items():
        digest.update(f'"{key}":['.encode())
        for index, text in enumerate(sorted(text for _, text in items)):
            digest.update(b"," if index else b"")
            digest.update(_encoded(text))
        digest.update(b"],")
    digest.update(_encoded(f'"pact_specification_version":{_canonical(version)}}}'))
    return digest.hexdigest()


def specification_version(pact: dict[str, Any]) -> object:
    """What the pact says that it is written in, None when it does not say."""
    metadata = pact.get("metadata")
    if not isinstance(metadata, dict):
        return None
    nested = metadata.get("pactSpecification") or metadata.get("pact-specification")
    if isinstance(nested, dict):
        return nested.get("version")
    return metadata.get("pactSpecificationVersion")


def _party(pact: dict[str, Any], role: str) -> str | None:
    party = pact.get(role)
    if party is None:
        return None
    name = party.get("name") if isinstance(party, dict) else party
    if not isinstance(party, dict) or not (name is None or isinstance(name, str)):
        raise InvalidError([f"content: {role} is not an object with a name"])
    return name


def _canonical(value: object) -> str:
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except ValueError:
        raise InvalidError(["content holds a number that JSON cannot carry"]) from None


def _dumped(pact: dict[str, Any]) -> bytes:
    try:
        return json.dumps(pact, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidError(["content holds text that is not valid Unicode"]) from None
    except ValueError:
        raise InvalidError(["content holds a number that JSON cannot carry"]) from None


def _sha(text: str) -> str:
    return hashlib.sha1(_encoded(text), usedforsecurity=False).hexdigest()


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidError(["content holds text that is not valid Unicode"]) from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
