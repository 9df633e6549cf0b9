"""A bot that takes Feishu's messages in, as far as its mailbox lets it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.base import Message, NotAccepted
from adapters.feishu_client import FeishuClient
from adapters.feishu_inlet import Desk
from adapters.feishu_link import Door
from adapters.feishu_shown import Recent
from adapters.feishu_socket import Rhythm, Socket
from adapters.feishu_toasts import Toasts
from tests.fakes.feishu_server import FeishuServer

RHYTHM = Rhythm(jitter=0.01, pause=0.01, longest=0.05, away=0.05, steady=30)


CARD = {
    "schema": "2.0",
    "body": {
        "elements": [
            {
                "tag": "button",
                "text": {"tag": "plain_text", "content": label},
                "behaviors": [{"type": "callback", "value": {"v": version, "command": "/feedback up x"}}],
            }
            for label, version in (("👍", 1), ("old", 0))
        ]
    },
}
"""A card with a button, and with one of an older version."""


class Bot:
    """`accepted` is what it took in, once each, `heard` all that it was told.

    away    chats whose messages it refuses
    gate    while it is closed, messages are not safe yet
    says    the toast that it has for who presses a button
    left    chats that it was removed from
    """

    def __init__(self) -> None:
        self.accepted: list[Message] = []
        self.heard: list[str] = []
        self.away: set[str] = set()
        self.gate = asyncio.Event()
        self.gate.set()
        self.says = ""
        self.left: list[str] = []
        self.toasts = Toasts()

    async def accept(self, message: Message) -> None:
        self.heard.append(message.id)
        await self.gate.wait()
        if message.conversation.chat_id in self.away:
            raise NotAccepted("Redis does not answer.")
        if message.id not in [one.id for one in self.accepted]:
            self.accepted.append(message)
        if self.says:
            self.toasts.offer(message.id, self.says)

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.accepted]

    def desk(self, client: FeishuClient) -> Desk:
        return Desk(client, Recent(), self.toasts, self.left.append, toast_within=0.4)

    @asynccontextmanager
    async def listening(self, server: FeishuServer, connected: bool = True) -> AsyncIterator[Socket]:
        """A process with a long connection, which stands if that can be, until the end of the block."""
        client = FeishuClient(server.app_id, server.app_secret, server.url)
        door = Door(server.app_id, server.app_secret, server.url, patience=0.5)
        socket = Socket(door, self.desk(client), RHYTHM)
        run = asyncio.create_task(socket.run(await client.open(), self.accept))
        try:
            await server.until(lambda: socket.connected or not connected)
            yield socket
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
            await client.close()
