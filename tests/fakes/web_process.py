"""A chat page in a process of its own, whose bot finds what was asked again after it was killed.

`python -m tests.fakes.web_process MAILBOX PORT` prints the port, which it chooses if PORT is 0. It answers
nothing until SIGUSR1.
"""

import asyncio
import json
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from adapters.base import Accept, Conversation, Message, Sender
from adapters.web import WebAdapter
from tests.fakes.scripted_bot import ScriptedBot


class Mailbox:
    """The messages that were accepted, one line each in a file."""

    def __init__(self, path: Path, accept: Accept) -> None:
        self._path = path
        self._accept = accept

    async def read(self) -> None:
        """Accept what an earlier process had accepted."""
        for line in self._path.read_text().splitlines() if self._path.exists() else ():
            id, chat_id, sender_id, text = json.loads(line)
            conversation = Conversation(WebAdapter.platform, chat_id)
            await self._accept(Message(id, conversation, Sender(sender_id), text, datetime.now(UTC)))

    async def accept(self, message: Message) -> None:
        """Accept a message for good."""
        line = json.dumps([message.id, message.conversation.chat_id, message.sender.id, message.text])
        with self._path.open("a") as file:
            file.write(f"{line}\n")
        await self._accept(message)


async def _serve(path: Path, port: int) -> None:
    go = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, go.set)
    bot = ScriptedBot(lambda question: [go, f"回答：{question}"])
    adapter, app = WebAdapter("测试课程", recall=bot.recall), FastAPI()
    adapter.mount(app)
    mailbox = Mailbox(path, bot.accept_for(adapter))
    await mailbox.read()
    taking = asyncio.create_task(adapter.run(mailbox.accept))
    with socket.create_server(("127.0.0.1", port)) as listening:
        print(listening.getsockname()[1], flush=True)
        await uvicorn.Server(uvicorn.Config(app, log_config=None)).serve(sockets=[listening])
    taking.cancel()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
