"""Where webhooks may go. What counts is the address that is connected to, not the name that leads there.

Without options: any public address, by https. The options add to that:

    --webhook-scheme http
    --webhook-method PUT
    --webhook-allow HOST       a host name, which may then lead into private networks, but not to link-local
                               addresses, where clouds hand out credentials
    --webhook-allow *.SUFFIX   every host below a domain, in the same way
    --webhook-allow CIDR       any address or network, without exceptions
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLongError
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from attrs import frozen

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_RESOLVING_SECONDS = 5.0
# Some clouds serve credentials from addresses that look public, or private in an ordinary way.
_METADATA = frozenset(
    ip_address(text) for text in ("169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
)
_NAT64 = ip_network("64:ff9b::/96")
_LOCAL_NAT64 = ip_network("64:ff9b:1::/48")
_LOOPBACKS = (ip_address("127.0.0.1"), ip_address("::1"))


class ForbiddenError(Exception):
    """The destination is not allowed; the text is for a person and names the option that would allow it."""


class UnreachableError(Exception):
    """The host cannot be found."""


@frozen
class Policy:
    schemes: frozenset[str]
    methods: frozenset[str]
    hosts: frozenset[str]
    suffixes: tuple[str, ...]
    networks: tuple[Network, ...]

    def check(self, method: str, scheme: str) -> None:
        """Raises ForbiddenError: options may have been narrowed since the webhook was defined, or it was imported."""
        if method not in self.methods:
            raise ForbiddenError(f"{method} is not allowed without --webhook-method {method}")
        if scheme not in self.schemes:
            raise ForbiddenError(f"{scheme} is not allowed without --webhook-scheme {scheme}")

    def forbidden_host(self, host: str) -> str | None:
        """Why no call to a host would be made, as far as its name alone shows that; None when it does not."""
        literal = literal_address(host)
        candidates = [literal] if literal is not None else list(_LOOPBACKS) if _is_local(host) else []
        if not candidates or any(self._permits(host, one) for one in candidates):
            return None
        return _refusal(host)

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host that may be connected to.

        Raises ForbiddenError when the host has none but others, UnreachableError when it has none at all.
        """
        literal = literal_address(host)
        found = [literal] if literal is not None else _resolved(host, port)
        permitted = [str(one) for one in found if self._permits(host, one)]
        if not permitted:
            raise ForbiddenError(_refusal(host))
        return permitted

    def _permits(self, host: str, address: Address) -> bool:
        plain = unwrapped(address)
        if any(one in network for network in self.networks for one in (address, plain)):
            return True
        if plain in _METADATA or plain.is_link_local or plain.is_multicast or plain.is_unspecified:
            return False
        return _is_public(plain) or self._names(host)

    def _names(self, host: str) -> bool:
        name = normal_host(host)
        return name in self.hosts or any(name.endswith(suffix) for suffix in self.suffixes)


def policy(schemes: Iterable[str], methods: Iterable[str], allowed: Iterable[str]) -> Policy:
    """Raises ValueError with the option and what is wrong with it."""
    hosts, suffixes, networks = set(), [], []
    schemes = [scheme.lower() for scheme in schemes]
    if wrong := [scheme for scheme in schemes if scheme not in ("http", "https")]:
        raise ValueError(f"--webhook-scheme can be http or https, not {wrong[0]!r}")
    for entry in allowed:
        if (network := _network(entry)) is not None:
            networks.append(network)
        elif (name := normal_host(entry.removeprefix("*."))) and not set(name) & set("*/:@ "):
            if entry.startswith("*."):
                suffixes.append(f".{name}")
            else:
                hosts.add(name)
        else:
            raise ValueError(f"--webhook-allow {entry!r} is neither a host name, nor *.SUFFIX, nor a CIDR")
    return Policy(
        frozenset({"https", *schemes}),
        frozenset({"POST", *(method.upper() for method in methods)}),
        frozenset(hosts),
        tuple(suffixes),
        tuple(networks),
    )


def normal_host(host: str) -> str:
    """Lower-case ASCII without the dot at the end; empty when it is not a host name."""
    try:
        return host.encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError:
        return ""


def literal_address(host: str) -> Address | None:
    """The address that a host is spelt as, in any of the spellings that resolvers take; None for a name.

    127.0.0.1 is also 127.1, 2130706433, 0x7f000001 and 0177.0.0.1.
    """
    name = normal_host(host) if ":" not in host else host
    try:
        return ip_address(name)
    except ValueError:
        pass
    try:
        # inet_aton takes what comes after a space for a comment.
        return None if not name or " " in name else IPv4Address(socket.inet_aton(name))
    except OSError:
        return None


def unwrapped(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that only carries it (mapped, 6to4, NAT64); else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: Address) -> bool:
    # Both ranges are private by their definition, which Python does not know in every version.
    return address.is_global and not (
        isinstance(address, IPv6Address) and (address.is_site_local or address in _LOCAL_NAT64)
    )


def _is_local(host: str) -> bool:
    name = normal_host(host)
    return name == "localhost" or name.endswith(".localhost")


def _network(entry: str) -> Network | None:
    try:
        return ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return None


def _refusal(host: str) -> str:
    return (
        f"the host {host} is not a public address; "
        f"to allow it, start the broker with --webhook-allow and the host, its address or network"
    )


def _resolved(host: str, port: int) -> list[Address]:
    # The resolver has no time limit of its own. Its thread is left behind when it takes too long.
    executor = ThreadPoolExecutor(1, thread_name_prefix="webhook-resolver")
    try:
        asked = executor.submit(socket.getaddrinfo, normal_host(host), port, type=socket.SOCK_STREAM)
        found = asked.result(_RESOLVING_SECONDS)
    except TookTooLongError:
        raise UnreachableError(f"the name {host} was not resolved in {_RESOLVING_SECONDS:.0f} s") from None
    except (OSError, UnicodeError):
        raise UnreachableError(f"there is no host {host}") from None
    finally:
        executor.shutdown(wait=False)
    return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))
