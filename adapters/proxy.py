"""The proxy of the environment for a server: an HTTP one by aiohttp itself, SOCKS by aiohttp-socks."""

import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError

UNREACHED = (ProxyConnectionError, ProxyError, ProxyTimeoutError)
"""What a SOCKS proxy raises that has no way to the server: nothing was sent."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a server is reached; `socks` is empty or the address of such a proxy, `http` that of another."""

    http: str | None = None
    socks: str = ""

    def connector(
        self, secure: ssl.SSLContext | bool = True, limit: int = 100, idle: float = 15.0
    ) -> aiohttp.BaseConnector:
        """Makes the connections of a session; one is let go of after `idle` seconds."""
        options: dict[str, Any] = {"ssl": secure, "limit": limit, "keepalive_timeout": idle}
        if not self.socks:
            return aiohttp.TCPConnector(**options)
        # Names are looked up behind the proxy: on this side they are often wrong.
        return ProxyConnector.from_url(self.socks, rdns=True, **options)


def way_to(address: str) -> Way:
    """What a client asks once for its server: aiohttp would ask at every call, in a thread."""
    parts = urlsplit(address)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc):
        return Way()
    scheme, _, rest = proxy.partition("://")
    if scheme.startswith("socks") and rest:
        return Way(socks=f"{'socks4' if '4' in scheme else 'socks5'}://{rest}")
    return Way(proxy if rest else f"http://{proxy}")
