"""Secrets in the body of a webhook: what is masked, and what a mask that comes back stands for.

A text is secret that stands under a name such as "token" or "api_key", at any depth; that is the "value" of an object
whose "name" or "key" is such a name; or that has such a name in a form ("token=...&ref=main"), which is a text as a
whole. What is only filled in ("${pactbroker.consumerName}") is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

MASK = "**********"
# "key" alone mostly names one side of a pair.
_SECRET_NAME = re.compile(
    r"auth(?!ors?$)|cookie|credential|.key$|passw|passphrase|^pass$|pwd|secret|session|signature|token|^sig$|webhook.?url",
    re.IGNORECASE,
)
_FORM = re.compile(r"[^\s=&<>{}\"]+=[^\s&]*(&[^\s=&]+=[^\s&]*)*")
_PLACE = re.compile(r"\$\{[^}]*\}")
_Hide = Callable[[str], str]


class MaskedMemberError(Exception):
    """A mask that stands for nothing; the message is where, as "body.variables.token"."""


def masked(body: Any) -> Any:
    """The body as it may be shown."""
    return _replaced(body, lambda _: MASK)


def of(body: Any) -> set[str]:
    """Every secret in it."""
    found: set[str] = set()

    def note(secret: str) -> str:
        found.update((secret, unquote_plus(secret)))
        return secret

    _replaced(body, note)
    return found


def restored(body: Any, stored: Any, where: str = "body") -> Any:
    """The body with the stored values for its masks; raises MaskedMemberError.

    Lists and forms with a mask have to come back whole: in a changed one nobody knows which value a mask stood for.
    """
    return _restored(body, stored, masked(stored), where)


def _restored(body: Any, stored: Any, shown: Any, where: str) -> Any:
    if not _has_mask(body):
        return body
    if body == shown:
        return stored
    if not isinstance(body, dict):
        raise MaskedMemberError(where)
    stored, shown = (one if isinstance(one, dict) else {} for one in (stored, shown))
    return {
        name: _restored(value, stored.get(name), shown.get(name), f"{where}.{name[:100]}")
        for name, value in body.items()
    }


def _has_mask(value: Any) -> bool:
    if isinstance(value, str):
        return MASK in value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_has_mask, inner))


def _replaced(body: Any, hide: _Hide) -> Any:
    """The body with `hide(secret)` in place of every secret."""
    if isinstance(body, str):
        return _form(body, hide) if _FORM.fullmatch(body) else body
    return _member(body, hide, secret=False)


def _member(value: Any, hide: _Hide, *, secret: bool) -> Any:
    if isinstance(value, dict):
        pair = any(_is_secret(value.get(side)) for side in ("name", "key"))
        return {
            name: _member(inner, hide, secret=secret or _is_secret(name) or (pair and name == "value"))
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_member(inner, hide, secret=secret) for inner in value]
    return _hidden(value, hide) if secret and isinstance(value, str) else value


def _form(text: str, hide: _Hide) -> str:
    pairs = [pair.partition("=") for pair in text.split("&")]
    return "&".join(
        name + equals + (_hidden(value, hide) if _is_secret(unquote_plus(name)) else value)
        for name, equals, value in pairs
    )


def _hidden(text: str, hide: _Hide) -> str:
    return hide(text) if _PLACE.sub("", text).strip() else text


def _is_secret(name: object) -> bool:
    return isinstance(name, str) and _SECRET_NAME.search(name) is not None
