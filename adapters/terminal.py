"""The terminal chat: the smallest whole platform, and the example to copy for a new one.

A platform turns what comes in into a `Message` for `accept`, and shows what `show` is given; the rest is
the bot's. Here a thread reads lines, Ctrl-C gives an answer up, and Ctrl-D or `exit` leaves.
"""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread
from urllib.parse import urljoin
from uuid import uuid4

from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from adapters.base import (
    Accept,
    Conversation,
    Delivery,
    DeliveryFailed,
    Enclosure,
    Message,
    NotAccepted,
    Reply,
    Sender,
    place_of,
)

_LEAVE = {"exit", "quit", "退出"}
# All but tab and line end: an answer must not steer the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class TerminalAdapter:
    """One person at one terminal, or a pipe whose every line is a question.

    `stdin` is a file descriptor; links to the bot's own pages begin with `web_url`. Answers grow in
    place on a terminal, and are printed once elsewhere.
    """

    platform = "terminal"

    def __init__(
        self,
        name: str = "local",
        chat_id: str = "local",
        stdin: int = 0,
        console: Console | None = None,
        web_url: str = "",
    ) -> None:
        self._sender = Sender(f"{self.platform}:{name}", name)
        self._conversation = Conversation(self.platform, chat_id)
        self._stdin = stdin
        self._web_url = web_url
        self._console = console or Console(highlight=False)
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._commands: dict[str, str] = {}
        self._asked = ""
        self._answered = asyncio.Event()
        self._growing: asyncio.Task[bool] | None = None
        self._screen = asyncio.Lock()
        self._running = False

    @property
    def connected(self) -> bool:
        """Whether lines are being read."""
        return self._running

    async def run(self, accept: Accept) -> None:
        """Ask for questions and wait for each one's answer, until there are no more."""
        loop = asyncio.get_running_loop()
        # A daemon: a read from a terminal cannot be cancelled, and must not keep the process alive.
        Thread(target=self._read, args=(loop,), daemon=True).start()
        with suppress(NotImplementedError):  # Windows: Ctrl-C then ends the process
            loop.add_signal_handler(signal.SIGINT, self._interrupt)
        self._running = True
        try:
            while (line := await self._line()) is not None:
                await self._ask(accept, line)
        finally:
            self._running = False
            with suppress(NotImplementedError):
                loop.remove_signal_handler(signal.SIGINT)

    async def show(self, replies: AsyncIterator[Reply], delivery: Delivery) -> str:
        """Show a growing reply; another one waits until it has ended or was given up.

        What is printed stays, so nothing is shown in the place of an earlier attempt.
        """
        async with self._screen:
            self._growing = asyncio.create_task(self._grow(replies))
            try:
                await asyncio.wait({self._growing})
            finally:
                self._growing.cancel()
            came = self._growing.cancelled() or self._growing.result()
        return f"terminal:{delivery.key}" if came else ""

    async def retract(self, sent_id: str) -> None:
        """Nothing: what is printed stays."""

    def messages(self, sent_id: str) -> tuple[str, ...]:
        """None: nobody can point at what is printed."""
        return ()

    async def fetch(self, message: Message) -> Message:
        """The message: all of it came with it."""
        return message

    async def _line(self) -> str | None:
        if self._console.is_terminal:
            self._console.print("> ", end="")
        line = await self._lines.get()
        return None if line in _LEAVE else line

    async def _ask(self, accept: Accept, line: str) -> None:
        if not line:
            return
        text = self._commands.get(line, line)
        message = Message(f"terminal:{uuid4()}", self._conversation, self._sender, text, datetime.now(UTC))
        self._asked = message.id
        self._answered.clear()
        try:
            await accept(message)
            await self._answered.wait()
        except NotAccepted as error:
            self._console.print(Text(str(error)), soft_wrap=True)
        self._asked = ""

    async def _grow(self, replies: AsyncIterator[Reply]) -> bool:
        """Whether anything came."""
        reply: Reply | None = None
        try:
            with Live(Text("…"), console=self._console, auto_refresh=False, transient=True) as live:
                async for reply in replies:
                    live.update(Markdown(self._tail(reply.text)), refresh=True)
            if reply is not None:
                self._print(reply)
        except OSError as error:
            raise DeliveryFailed(f"The terminal takes no more output: {error.strerror}.") from error
        finally:
            if reply is None or reply.in_reply_to == self._asked:
                self._answered.set()
        return reply is not None

    def _tail(self, text: str) -> str:
        """What fits on the screen: only that can be drawn again in place."""
        return "\n".join(_clean(text).splitlines()[-self._console.height // 2 :])

    def _print(self, reply: Reply) -> None:
        text = _clean(reply.text)
        if self._console.is_terminal:
            self._console.print(Markdown(text, hyperlinks=False))
        else:
            self._console.print(Text(text), soft_wrap=True)
        for number, source in enumerate(reply.sources, 1):
            place = place_of(source)
            line = f"[{number}] {place}  {source.revision}  {urljoin(self._web_url, source.url)}"
            self._console.print(Text(_clean(line), "dim"), soft_wrap=True)
        for enclosure in reply.enclosures:
            self._console.print(Text(f"📎 {_kept(enclosure)}", "dim"), soft_wrap=True)
        self._commands = {button.label: button.command for button in reply.buttons}
        if self._commands and self._console.is_terminal:
            self._console.print(Text(" · ".join(self._commands), "dim"))

    def _interrupt(self) -> None:
        if not self._asked:
            self._lines.put_nowait(None)
        self._answered.set()
        if self._growing is not None:
            self._growing.cancel()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        # Not sys.stdin, whose lock a thread that is still reading would hold when the process ends.
        rest = b""
        with suppress(RuntimeError):  # the loop has closed meanwhile
            while chunk := _read(self._stdin):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    loop.call_soon_threadsafe(self._lines.put_nowait, _decoded(line))
            if rest:
                loop.call_soon_threadsafe(self._lines.put_nowait, _decoded(rest))
            loop.call_soon_threadsafe(self._lines.put_nowait, None)


def _read(descriptor: int) -> bytes:
    """Empty at the end; a pseudo-terminal whose other side is gone ends with an error."""
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


def _kept(enclosure: Enclosure) -> Path:
    """Where the file can be opened, since no terminal shows it."""
    file = Path(mkdtemp(prefix="puyu-")) / (Path(_clean(enclosure.name)).name or "file")
    file.write_bytes(enclosure.data)
    return file


def _decoded(line: bytes) -> str:
    return line.decode(errors="replace").strip()


def _clean(text: str) -> str:
    return _CONTROL.sub("", text)
