"""The connection to Redis: short timeouts, patience with a restart, errors in our own words."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.backoff import EqualJitterBackoff, NoBackoff
from redis.exceptions import (
    AuthenticationError,
    ClusterDownError,
    ConnectionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
)

from memory import keys
from memory.base import MemoryUnavailable
from memory.sentinel import MasterConnection, MasterPool, MasterTlsConnection

TIMEOUT = 2.0  # seconds for one reply
PATIENCE = 3.0  # seconds for a command with all its retries
SENTINEL_TIMEOUT = 0.5  # seconds for a sentinel, of which others may be asked
CONNECTIONS = 64  # to one server; more commands than that wait for one another
CLUSTER_CONNECTIONS = 512  # to one node; more commands than that are refused

_FAILURES = (RedisError, RedisClusterException, OSError)
# What is wrong where Redis answers, and what to do.
_REFUSALS: tuple[tuple[type[RedisError], str, str], ...] = (
    (OutOfMemoryError, "", "Redis is full and takes nothing in; raise its maxmemory"),
    (ReadOnlyError, "", "Redis takes nothing in, it is a replica; set REDIS_URL to the master"),
    (ResponseError, "MISCONF", "Redis takes nothing in, it cannot write to its disk; make room there"),
    (ResponseError, "NOREPLICAS", "Redis takes nothing in, too few of its replicas are there; start them"),
    (ClusterDownError, "", "A part of the Redis cluster is down; start its nodes"),
    (MasterNotFoundError, "", "The sentinels in REDIS_URL name no master; see that they and it run"),
    (AuthenticationError, "", "Redis does not let us in; look at the password in REDIS_URL"),
    (ResponseError, "", "Redis refuses a command; look at its memory and disk"),
)


def connect(url: str) -> Redis:
    """A client of the Redis at `url`; it connects at the first command.

    redis://, rediss:// and unix:// lead to one server. redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB
    leads to the master that the sentinels name, redis+cluster://HOST:PORT,HOST:PORT to a cluster; both
    with rediss too. ?sentinel_password= is for the sentinels themselves.

    A refused or broken connection is tried again for about two seconds, so that a restart is
    bridged. Use it inside `guarded` only. Raises MemoryUnavailable where `url` is none.
    """
    kind = url.partition("://")[0].partition("+")[2]
    try:
        if kind == "sentinel":
            return _by_sentinels(url)
        return _of_cluster(url) if kind == "cluster" else _of_server(url)
    except (ValueError, TypeError, RedisClusterException) as error:
        raise MemoryUnavailable(f"REDIS_URL cannot be used ({error}); mend it.") from error


def _of_server(url: str) -> Redis:
    pool = BlockingConnectionPool.from_url(url, max_connections=CONNECTIONS, timeout=None, **_options())
    return _checked(pool)


def _by_sentinels(url: str) -> Redis:
    hosts, path, options = _several(url, 26379)
    service, _, db = path.partition("/")
    if not service:
        raise ValueError("the name of the service is missing, as in redis+sentinel://HOST:26379/mymaster")
    tls = {name: value for name, value in options.items() if name.startswith("ssl")}
    connection = MasterTlsConnection if options.pop("ssl", False) else MasterConnection
    sentinels = Sentinel(  # type: ignore[no-untyped-call]  # redis-py's own gap
        hosts,
        sentinel_kwargs={
            "socket_timeout": SENTINEL_TIMEOUT,
            "socket_connect_timeout": SENTINEL_TIMEOUT,
            "retry": Retry(NoBackoff(), 0),
            "username": options.pop("sentinel_username", None),
            "password": options.pop("sentinel_password", None),
            **tls,
        },
    )
    pool = MasterPool(  # type: ignore[no-untyped-call]  # redis-py's own gap
        service,
        sentinels,
        connection_class=connection,
        max_connections=CONNECTIONS,
        timeout=None,
        db=int(db or 0),
        **{**_options(), **options},
    )
    return _checked(pool)


def _of_cluster(url: str) -> Redis:
    hosts, _, options = _several(url, 6379)
    nodes = [ClusterNode(host, port) for host, port in hosts]
    settings = {"max_connections": CLUSTER_CONNECTIONS, **_options(), **options}
    cluster = RedisCluster(startup_nodes=nodes, **settings)
    # Not of one family for the type checker, but alike in all that we use.
    return cast(Redis, cluster)


def _options() -> Mapping[str, Any]:
    backoff = EqualJitterBackoff(cap=0.2, base=0.01)
    return {
        "socket_timeout": TIMEOUT,
        "socket_connect_timeout": TIMEOUT,
        # A server that has become a replica may have a new master under the same name.
        "retry": Retry(backoff, 15, supported_errors=(ConnectionError, ReadOnlyError)),
        "decode_responses": True,
        # Half of a character pair is sent as \ud800, which JSON reads back as it was; bytes that
        # are not UTF-8 are read as \xff, which JSON refuses. Neither raises here.
        "encoding_errors": "backslashreplace",
    }


def _several(url: str, port: int) -> tuple[list[tuple[str, int]], str, dict[str, Any]]:
    """The hosts with their ports, the path and the options in a URL that may name several hosts."""
    scheme, _, rest = url.partition("://")
    place, _, query = rest.partition("?")
    authority, _, path = place.partition("/")
    login, at, hosts = authority.rpartition("@")
    each = [urlsplit(f"//{host}") for host in hosts.split(",")]
    options = dict(parse_url(f"redis://{login}{at}?{query}"))
    if scheme.startswith("rediss"):
        options["ssl"] = True
    return [(_host(one), one.port or port) for one in each], path, options


def _host(parts: SplitResult) -> str:
    if not parts.hostname:
        raise ValueError("a host is missing")
    return parts.hostname


def _checked(pool: BlockingConnectionPool) -> Redis:
    # Options behind the question mark of the URL are only looked at when there is a connection.
    pool.connection_class(**pool.connection_kwargs)
    return Redis.from_pool(pool)


@asynccontextmanager
async def guarded(within: float = PATIENCE) -> AsyncIterator[None]:
    """Commands end within so many seconds; what Redis and the network raise becomes MemoryUnavailable."""
    try:
        # redis-py tries a handshake without an answer as often as a refused connection: a minute in all.
        async with asyncio.timeout(within):
            yield
    except _FAILURES as error:
        raise MemoryUnavailable(_sentence(error, within)) from error


def _sentence(error: BaseException, within: float) -> str:
    for one in _chain(error):
        # Of a sentinel that does not answer redis-py prints the whole client.
        reason = str(one).partition(" : <")[0].rstrip(".")
        for kind, code, sentence in _REFUSALS:
            if isinstance(one, kind) and code in reason:
                return f"{sentence} ({reason})."
        if reason:
            return f"Redis does not answer; see that it runs ({reason})."
    return f"Redis does not answer; see that it runs (nothing within {within:g} s)."


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those that led to it: a command that was cut off between two attempts has a reason."""
    while isinstance(error, (*_FAILURES, asyncio.CancelledError)):
        yield error
        error = error.__cause__ or error.__context__


async def ping(client: Redis, within: float = 1.0) -> None:
    """Return when Redis writes within so many seconds, in every part that an inbox lies in.

    Else raise MemoryUnavailable.
    """
    async with guarded(within), client.pipeline(transaction=False) as pipeline:
        for partition in range(keys.PARTITIONS):
            pipeline.set(keys.PROBE.within(partition), "", ex=keys.PROBE.seconds)
        for answer in await pipeline.execute(raise_on_error=False):
            if isinstance(answer, Exception):
                raise answer
