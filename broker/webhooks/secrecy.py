"""Secrets of a webhook go in and never come out: shown as a mask, struck out of every log.

Secret are the values of headers that carry credentials by their name, the password, user and password in the
URL, query parameters of the URL with such a name, what looks like a token in its path, and members of the body with
such a name (see broker.webhooks.body_secrets). A definition that is sent back with its masks keeps what is stored, as
long as it goes to the same place: a new host never gets the secrets of the old one.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import SplitResult, quote, quote_plus, unquote, unquote_plus, urlsplit

import orjson
from attrs import evolve

from broker.model import WebhookRequest
from broker.webhooks import body_secrets
from broker.webhooks.body_secrets import MASK

_SECRET_NAME = re.compile(r"auth|cookie|credential|key|pass|pwd|secret|session|signature|token", re.IGNORECASE)
_SECRET_PARAMETER = re.compile(rf"{_SECRET_NAME.pattern}|^sig$|^code$", re.IGNORECASE)
_PLACE = re.compile(r"\$\{[^}]*\}")
# The chat services' webhooks have their secret there, and nothing else.
_TOKEN_IN_PATH = re.compile(rf"{_PLACE.pattern}|(?P<token>[A-Za-z0-9_-]{{16,}})")
_NUMBERED_WORD = re.compile(r"[A-Za-z]*[0-9]{0,4}|[0-9]+|[A-Za-z0-9]{1,3}")  # Orders, v2, 20260131, k8s
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")  # within camelCase
_LONG, _USUAL = 8, 3.5  # letters: random capitals make "words" of less than three
_SHORTEST = 3  # what is shorter cannot be told from the rest of a log


class MaskError(Exception):
    """A mask stands where nothing is stored to keep; `field` is where."""

    def __init__(self, field: str) -> None:
        super().__init__("is masked, but there is no stored value to keep for this destination: give it again")
        self.field = field


def is_secret(header: str) -> bool:
    return _SECRET_NAME.search(header) is not None


def masked(request: WebhookRequest) -> WebhookRequest:
    """The request as it may be shown."""
    return evolve(
        request,
        url=masked_url(request.url),
        headers=tuple((name, MASK if is_secret(name) else value) for name, value in request.headers),
        password=None if request.password is None else MASK,
        body=body_secrets.masked(request.body),
    )


def masked_url(url: str) -> str:
    found = urlsplit(url)
    if found.username is not None or found.password is not None:
        found = found._replace(netloc=f"{MASK}@{found.netloc.rpartition('@')[2]}")
    path = _TOKEN_IN_PATH.sub(lambda one: MASK if _is_token(one["token"]) else one[0], found.path)
    return found._replace(path=path, query="&".join(map(_masked_parameter, found.query.split("&")))).geturl()


def _is_token(text: str | None) -> bool:
    """Whether it looks random: digits among letters, or capitals where no word begins. Words may end in a number."""
    return text is not None and not all(map(_is_readable, re.split("[-_]+", text)))


def _is_readable(piece: str) -> bool:
    if not _NUMBERED_WORD.fullmatch(piece):
        return False
    words = _WORD.findall(piece)
    return len(piece) < _LONG or not words or len(piece) / len(words) >= _USUAL


def _masked_parameter(pair: str) -> str:
    name, has_value, value = pair.partition("=")
    return f"{name}={MASK}" if has_value and value and _SECRET_PARAMETER.search(unquote_plus(name)) else pair


def restored(request: WebhookRequest, stored: WebhookRequest | None) -> WebhookRequest:
    """The request with stored values for its masks; raises MaskError."""
    if stored is not None and _origin(stored.url) != _origin(request.url):
        stored = None
    kept = dict(stored.headers) if stored is not None else {}
    headers = tuple((name, _kept(value, kept.get(name), f"request.headers.{name}")) for name, value in request.headers)
    password = request.password
    if password is not None:
        password = _kept(password, stored.password if stored else None, "request.password")
    url = _restored_url(request.url, stored.url if stored is not None else "")
    try:
        body = body_secrets.restored(request.body, stored.body if stored is not None else None)
    except body_secrets.MaskedMemberError as error:
        raise MaskError(f"request.{error}") from None
    return evolve(request, url=url, headers=headers, password=password, body=body)


def _kept(given: str, stored: str | None, field: str) -> str:
    if MASK not in given:
        return given
    if stored is None or given != MASK:
        raise MaskError(field)
    return stored


def _restored_url(url: str, stored: str) -> str:
    if MASK not in unquote(url):
        return url
    if url != masked_url(stored):
        raise MaskError("request.url")
    return stored


def _origin(url: str) -> tuple[str, str | None, int | None]:
    found = urlsplit(url)
    return found.scheme.lower(), found.hostname, found.port


def secrets_of(request: WebhookRequest) -> list[str]:
    """Every secret of a request in each form in which an answer may repeat it, the longest first."""
    found = {value for name, value in request.headers if is_secret(name)}
    found |= {value.partition(" ")[2] for value in found}
    found |= _url_secrets(urlsplit(request.url))
    found |= body_secrets.of(request.body)
    if request.password is not None:
        found |= {request.password, _basic(request.username or "", request.password)}
    # What is filled in is no secret, but what stands around it is, and the whole differs from call to call.
    parts = {part for value in found for part in (value, *_PLACE.split(value))}
    forms = {form for part in parts if len(part.strip()) >= _SHORTEST for form in _forms(part)}
    return sorted(forms, key=len, reverse=True)


def _url_secrets(url: SplitResult) -> set[str]:
    pairs = [pair.partition("=") for pair in url.query.split("&")]
    found = {value for name, _, value in pairs if _SECRET_PARAMETER.search(unquote_plus(name))}
    found |= {one["token"] for one in _TOKEN_IN_PATH.finditer(url.path) if _is_token(one["token"])}
    if url.username is not None or url.password is not None:
        user, password = unquote(url.username or ""), unquote(url.password or "")
        found |= {url.username or "", url.password or "", password, user, _basic(user, password)}
    return found


def _basic(user: str, password: str) -> str:
    return b64encode(f"{user}:{password}".encode()).decode("ascii")


def _forms(secret: str) -> Iterable[str]:
    """As it is, in JSON, in URLs, and as UTF-8 that was read as Latin-1."""
    in_json = (orjson.dumps(secret).decode()[1:-1], json.dumps(secret)[1:-1])
    in_urls = (quote(secret, safe=""), quote(secret), quote_plus(secret), unquote_plus(secret))
    return (secret, *in_json, *in_urls, secret.encode().decode("latin-1"))


def struck(text: str, secrets: Iterable[str]) -> str:
    """The text with a mask for every secret in it; `secrets` as `secrets_of` gives them."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text
