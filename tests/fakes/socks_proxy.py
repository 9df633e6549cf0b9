"""A SOCKS5 proxy on a real port, as people run it where a platform is not reached directly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class SocksProxy:
    """Where it listens; `asked` are the names that it was asked for. While `closed` it turns all away."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    closed: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from the greeting to its end."""
        try:
            _, methods = await reader.readexactly(2)
            await reader.readexactly(methods)
            writer.write(b"\x05\x00")
            *_, kind = await reader.readexactly(4)
            length = 4 if kind == 1 else (await reader.readexactly(1))[0]
            raw = await reader.readexactly(length)
            port = int.from_bytes(await reader.readexactly(2), "big")
            host = ".".join(map(str, raw)) if kind == 1 else raw.decode()
            self.asked.append(host)
            writer.write((b"\x05\x02" if self.closed else b"\x05\x00") + b"\x00\x01" + bytes(6))
            if not self.closed:
                await _joined(reader, writer, host, port)
        except (asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


async def _joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
    there, back = await asyncio.open_connection(host, port)

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
        target.close()

    await asyncio.gather(copy(reader, back), copy(there, writer), return_exceptions=True)


@asynccontextmanager
async def socks_proxy() -> AsyncIterator[SocksProxy]:
    """A proxy that runs until the end of the block."""
    proxy = SocksProxy()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1")
    proxy.url = f"socks5h://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
