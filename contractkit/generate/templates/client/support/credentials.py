"""The credentials of a client whose API has several security schemes: each goes only to operations that ask for it."""

from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from typing import Any, Literal

import httpx

from .auth import Auth, Credential, TokenAuth
from .building import SECURITY

Place = tuple[Literal["header", "query", "cookie"], str, str]
"""Where a scheme puts its credential: the location, the name, and what stands before it."""


def auths(
    schemes: Mapping[str, Place],
    token: Credential | None,
    refresh: Callable[[], Any] | None,
    credentials: Mapping[str, Credential] | None,
) -> list[Auth]:
    """What a client was given: `token` for the first scheme and what shares its place, `credentials` by scheme.

    Raises ValueError for a scheme that the document has not, and for two credentials of the first one.
    """
    (first, place), *_ = schemes.items()
    given = dict(credentials or {})
    if unknown := sorted(given.keys() - schemes.keys()):
        raise ValueError(f"there is no security scheme {unknown[0]!r}; the API has {', '.join(schemes)}")
    if token is not None:
        if first in given:
            raise ValueError(f"token and credentials[{first!r}] are the same credential")
        given = {**{name: token for name, each in schemes.items() if each == place}, **given}
    ordered = sorted((name for name in schemes if name in given), key=lambda name: schemes[name] != place)
    return [
        Auth(*schemes[name], given[name], refresh if schemes[name] == place else None, scheme=name) for name in ordered
    ]


def authentication(auth: Auth | Sequence[Auth] | None, refreshed: Callable[[], None]) -> httpx.Auth | None:
    """What places the credentials; `refreshed` is told when a token has been refreshed."""
    if isinstance(auth, Auth):
        return TokenAuth(auth, refreshed=refreshed)
    return Credentials({each.scheme: TokenAuth(each, refreshed=refreshed) for each in auth}) if auth else None


class Credentials(httpx.Auth):
    """Places what the alternatives of an operation ask for: the first that is there in full, else what there is."""

    def __init__(self, by_scheme: Mapping[str, TokenAuth]) -> None:
        """Those that may be refreshed come first."""
        self._by_scheme = by_scheme

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The requests to send for one try."""
        main, others = self._chosen(request)
        for each in others:
            next(each.sync_auth_flow(request))
        if main is None:
            yield request
        else:
            yield from main.sync_auth_flow(request)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """The requests to send for one try."""
        main, others = self._chosen(request)
        for each in others:
            placing = each.async_auth_flow(request)
            await anext(placing)
            await placing.aclose()
        if main is None:
            yield request
            return
        flow = main.async_auth_flow(request)
        sent = await anext(flow)
        while True:
            response = yield sent
            try:
                sent = await flow.asend(response)
            except StopAsyncIteration:
                return

    def _chosen(self, request: httpx.Request) -> tuple[TokenAuth | None, list[TokenAuth]]:
        alternatives: Sequence[tuple[str, ...]] = request.extensions.get(SECURITY, ())
        known = [[name for name in each if name in self._by_scheme] for each in alternatives]
        full = (there for there, asked in zip(known, alternatives, strict=True) if asked and len(there) == len(asked))
        names = next(full, max(known, key=len, default=[]))
        ordered = [each for name, each in self._by_scheme.items() if name in names]
        return (ordered[0], ordered[1:]) if ordered else (None, [])
