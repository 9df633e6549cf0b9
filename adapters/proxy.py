"""The proxy of the environment for an address, as aiohttp takes it."""

import logging
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

logger = logging.getLogger(__name__)


def proxy_for(address: str) -> str | None:
    """What a client asks once for its server: aiohttp would ask at every call, in a thread."""
    parts = urlsplit(address)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc):
        return None
    if proxy.startswith("socks"):
        logger.warning(
            "%s is reached without the proxy of the environment: only HTTP proxies will do.", address
        )
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
