"""The network that web pages come over: a connection goes to an address that was checked, and ends in time.

A name may stand for one address when it is checked and for another when it is connected to; so both
happen here, in one step, and TLS still checks the certificate against the name.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from rag.types import DocumentUnreadable

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_FROM_IPV4 = ipaddress.IPv6Network("64:ff9b::/96")  # how a network without IPv4 writes its addresses
# Not all machines of a cloud ask for its secrets at a link-local address: Azure, Alibaba, Amazon by IPv6.
_CLOUDS = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "100.100.100.200", "fd00:ec2::254")))
_CONNECT = 10.0  # seconds for one address


class Unreachable(DocumentUnreadable):
    """The host cannot be connected to, or its name is not known: it may be the network that is away."""


def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses that the system knows for a host; OSError where it knows none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True, slots=True)
class Network:
    """What lies outside: names, certificates, and time. A request has so many `seconds` in all."""

    resolve: Callable[[str, int], Sequence[str]] = resolved
    tls: Callable[[], ssl.SSLContext] = httpx.create_ssl_context
    pause: Callable[[float], None] = time.sleep
    seconds: float = 60


def public(address: str) -> bool:
    """Whether this is an address of the internet, and of no private or special network."""
    one = _plain(address)
    if isinstance(one, ipaddress.IPv6Address) and one not in _GLOBAL_UNICAST:
        return False
    return one.is_global and not (one.is_multicast or one.is_reserved)


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address, where IPv6 only wraps an IPv4 one that one."""
    one = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(one, ipaddress.IPv4Address):
        return one
    if one in _FROM_IPV4:
        return ipaddress.IPv4Address(int(one) & 0xFFFFFFFF)
    return one.ipv4_mapped or one.sixtofour or one


def _never(address: str) -> bool:
    """Where not even a private page lies; cloud machines keep their secrets at a link-local address."""
    one = _plain(address)
    return one.is_link_local or one.is_multicast or one.is_unspecified or one in _CLOUDS


class CheckedBackend(httpcore.NetworkBackend):
    """Connects for one request. `private` says which hosts, at which ports, may have private addresses."""

    def __init__(self, network: Network, private: Callable[[str, int], bool]) -> None:
        self._network = network
        self._private = private
        self._plain = httpcore.SyncBackend()
        self._end = time.monotonic() + network.seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """The connection; DocumentUnreadable where there may be none, Unreachable where there is none."""
        reason = "it has no address"
        for address in self._addresses(host, port):
            try:
                stream = self._plain.connect_tcp(
                    address, port, min(_CONNECT, _left(self._end)), local_address, socket_options
                )
                return _TimedStream(stream, self._end)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                reason = str(error)
        raise Unreachable(f"{host} cannot be reached: {reason}")

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = self._network.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"the name {host} is not known: {error}") from error
        private = self._private(host, port)
        for address in addresses:
            if _never(address) or not (private or public(address)):
                raise DocumentUnreadable(
                    f"{host}:{port} has the private address {address}, and what lies there is not read; "
                    "where a page of your own network is meant, list it in a source with private = true"
                )
        return addresses


class _TimedStream(httpcore.NetworkStream):
    """A connection that ends at `end` of the monotonic clock, however slowly the other side goes on."""

    def __init__(self, stream: httpcore.NetworkStream, end: float) -> None:
        self._stream = stream
        self._end = end

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._end))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._end))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, _left(self._end)), self._end)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("its time is over")
    return left
