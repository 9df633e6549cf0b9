"""A strict Telegram Bot API server on a real port, and the people who talk to the bot through it.

As a program it is a chat in the terminal: `python -m tests.fakes.telegram_server --port 8081 [--group]`.
"""

import argparse
import asyncio
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import PurePosixPath
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from aiohttp import web

from tests.fakes import telegram_account, telegram_files, telegram_messages
from tests.fakes.telegram_calls import Call, Failing, Fault
from tests.fakes.telegram_chats import Chat, Person
from tests.fakes.telegram_flood import MESSAGES, Flood, most_within
from tests.fakes.telegram_mailbox import Mailbox
from tests.fakes.telegram_pieces import Piece
from tests.fakes.telegram_terminal import converse
from tests.fakes.telegram_wire import Parameters, Refused, flooded, raw_of

METHODS = telegram_messages.METHODS | telegram_files.METHODS | telegram_account.METHODS
LARGEST_BODY = 64 * 1024 * 1024
LOOK_EACH = 0.005
# With 0 the server waits for ever for calls that hang.
CUT_AFTER = 0.01


class TelegramServer:
    """Runs in a thread of its own from `with` to its end; everything may be used from any thread.

    url, token      what TELEGRAM_BASE_URL and TELEGRAM_BOT_TOKEN are; another token is wrong
    me              the bot as a User; it is called `username` and has the number `id`
    privacy         the bot does not read all group messages (True)
    mentions_reach  a mention gets through privacy (True)
    bots_reach      what other bots write in a group does come (True)
    limits          the flood limits hold (True)
    clock           seconds since 1970, for all that has a date or lives for a while
    revoked         the token is wrong from now on
    unsupported     methods that this server does not know
    calls           every call, oldest first
    answered        callback query id -> the text it was answered with
    commands        (scope, language) -> {name: description}; a scope is `default`, `chat:-100…`,
                    `chat_member:-100…:42`
    profile         ("description", "zh") -> text, likewise "name" and "short_description";
                    ("menu_button", chat) -> type
    """

    def __init__(self, port: int = 0, name: str = "课程助教", username: str = "course_ta_bot") -> None:
        self.id, self.username = 7_000_000_001, username
        self.me: Piece = {"id": self.id, "is_bot": True, "first_name": name, "username": username}
        self.privacy = self.mentions_reach = self.bots_reach = self.limits = True
        self.clock: Callable[[], float] = time.time
        self.revoked, self.unsupported = False, set[str]()
        self.calls: list[Call] = []
        self.answered: dict[str, str] = {}
        self.commands: dict[tuple[str, str], dict[str, str]] = {}
        self.profile: dict[tuple[str, str], str] = {}
        self.chats: dict[int, Any] = {}
        self.presses: dict[str, float] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.lock = threading.RLock()
        self.mailbox = Mailbox(self.lock, self._in_loop)
        self._faults: list[Failing] = []
        self._flood = Flood()
        self._numbers, self._people = count(11), count(5_000_001)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._socket = socket.create_server(("127.0.0.1", port))
        self._port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        # The same each time for who tries the bot by hand.
        self.token = f"{self.id}:AAEfake-token_{self._port:021}"

    def person(self, name: str, language: str = "", username: str = "", bot: bool = False) -> Person:
        return Person(next(self._people), name, language, username, bot)

    def direct(self, person: Person) -> Chat:
        """Their chat with the bot, opened by them; always the same one."""
        if person.id not in self.chats:
            chat = Chat(self, person.id, "private", person.name, username=person.username)
            chat.room.members[person.id] = person.user
            self.chats[person.id] = chat
        found: Chat = self.chats[person.id]
        return found

    def group(self, title: str, *members: Person, forum: bool = False, basic: bool = False) -> Chat:
        """A supergroup that the bot is a member of; a `basic` one is small and can `migrate`."""
        number = next(self._people)
        chat_id = -number if basic else -1_001_500_000_000 - number
        chat = Chat(self, chat_id, "group" if basic else "supergroup", title, forum)
        chat.room.members = {member.id: member.user for member in members}
        self.chats[chat_id] = chat
        return chat

    def fault(self, method: str, how: Fault, times: int = 1, seconds: int = 3, skip: int = 0) -> None:
        """What happens to the next `times` calls of a method, after `skip` good ones; `seconds` for flood."""
        self._faults.append(Failing(method, how, times, seconds, skip))

    def made(self, method: str, chat: Chat | None = None) -> list[Call]:
        """The calls of this method so far, in this chat or in all."""
        calls = [call for call in list(self.calls) if call.method == method]
        return [call for call in calls if chat is None or call.chat_id == chat.id]

    def worst_rate(self, chat: Chat | None, seconds: float) -> int:
        """The most messages, edits and drafts tried in any window of that length, in this chat or in all."""
        calls = [call for method in MESSAGES for call in self.made(method, chat)]
        return most_within((call.at for call in calls), seconds)

    @property
    def pending(self) -> list[Piece]:
        """The updates nobody has confirmed."""
        return [waiting.update for waiting in list(self.mailbox.pending)]

    def lose_files(self) -> None:
        """Nothing that was sent can be had any more."""
        self.files.clear()

    async def until(self, condition: Callable[[], object], seconds: float = 10) -> None:
        """Return once it is true; TimeoutError after that many seconds of the wall clock."""
        async with asyncio.timeout(seconds):
            while True:
                if condition():
                    return
                await asyncio.sleep(LOOK_EACH)

    def wait(self, condition: Callable[[], object], seconds: float = 10) -> None:
        """The same for a test without a loop."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(LOOK_EACH)

    def tell(self, kind: str, chat_id: int, content: Piece) -> None:
        """Make an update for the bot."""
        self.mailbox.put(kind, chat_id, content)

    def store(self, content: bytes, path: str) -> Piece:
        """Keep a file, and say how it can be had; of its path the folder and the ending stay."""
        file_id, number = f"BQAC{uuid4().hex}", self.number()
        self.files[file_id] = (str(PurePosixPath(path).with_stem(f"file_{number}")), content)
        return {"file_id": file_id, "file_unique_id": file_id[-8:], "file_size": len(content)}

    def number(self) -> int:
        """The next of the account's own numbers."""
        return next(self._numbers)

    def up(self) -> None:
        """Take connections (again)."""
        if self._socket.fileno() < 0:
            self._socket = socket.create_server(("127.0.0.1", self._port))
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise TimeoutError("the server does not start")

    def down(self) -> None:
        """Cut all connections and refuse new ones, until `up`."""
        self._in_loop(self._stop)
        self._thread.join(10)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.down()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, ended = asyncio.get_running_loop(), asyncio.Event()
        self._stop = ended.set
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_get("/file/bot{token}/{path:.*}", self._file)
        app.router.add_route("*", "/bot{token}/{method}", self._answer)
        runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=CUT_AFTER, access_log=None)
        await runner.setup()
        await web.SockSite(runner, self._socket).start()
        pushing = asyncio.create_task(self.mailbox.push())
        ready.set()
        await ended.wait()
        # A connection that asyncio has taken but not begun when its server is closed would never be closed.
        self._loop.remove_reader(self._socket)
        await asyncio.sleep(0)
        self._loop = None
        pushing.cancel()
        for connection in runner.server.connections if runner.server else ():
            connection.force_close()
        await runner.cleanup()
        with suppress(asyncio.CancelledError):
            await pushing

    def _in_loop(self, action: Callable[[], object]) -> None:
        """Do it in the server's loop; while there is none, nobody waits there."""
        if loop := self._loop:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(action)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        paths = dict(self.files.values())
        path = request.match_info["path"]
        if request.match_info["token"] != self.token or self.revoked or path not in paths:
            return web.json_response({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)
        return web.Response(body=paths[path])

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        call = Call(method, {}, self.clock())
        self.calls.append(call)
        try:
            parameters = Parameters(await raw_of(request))
            call.parameters, call.chat_id = parameters.raw, self._chat_id(parameters)
            answer = await self._done(request, call, parameters)
        except Refused as refused:
            call.status = 0 if _hung_up(request) else refused.status
            return web.json_response(refused.answer, status=refused.status)
        if _hung_up(request):
            return web.Response()
        call.status = 200
        return web.json_response({"ok": True, "result": answer})

    async def _done(self, request: web.Request, call: Call, parameters: Parameters) -> object:
        """The result of a call, with what goes wrong with it. Raises Refused."""
        if self.revoked or request.match_info["token"] != self.token:
            raise Refused(401, "Unauthorized")
        fault = next((one for one in self._faults if one.method == call.method and one.times), None)
        how = fault.how if fault and fault.strikes() else ""
        if how == "error":
            raise Refused(500, "Internal Server Error")
        if how == "flood" and fault:
            raise flooded(fault.seconds)
        result = None if how in ("drop_before", "hang") else await self._effect(call, parameters)
        if how.startswith("hang"):
            await asyncio.Event().wait()
        if how.startswith("drop") and request.transport:
            request.transport.abort()
        return result

    async def _effect(self, call: Call, parameters: Parameters) -> object:
        if call.method == "getUpdates" and call.method not in self.unsupported:
            kinds = parameters.several("allowed_updates") if "allowed_updates" in parameters.raw else None
            self.mailbox.allow(kinds)
            numbers = (parameters.number(name) for name in ("offset", "limit", "timeout"))
            return await self.mailbox.poll(*numbers)
        if call.method not in METHODS or call.method in self.unsupported:
            raise Refused(404, "Not Found: method not found")
        with self.lock:
            if self.limits and call.chat_id is not None:
                self._flood.check(call.method, call.chat_id, self.clock())
            return METHODS[call.method](self, parameters)

    def _chat_id(self, parameters: Parameters) -> int | None:
        with suppress(ValueError):
            return int(parameters.text("chat_id"))
        return None


def _hung_up(request: web.Request) -> bool:
    """Whether nobody is there any more for the answer."""
    return request.transport is None or request.transport.is_closing()


def main() -> None:
    """Let a human talk to the bot, as a student would."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--group", action="store_true", help="in a group instead of a direct chat")
    parser.add_argument("--language", default="zh-hans")
    options = parser.parse_args()
    with TelegramServer(options.port) as server:
        student = server.person("小林", language=options.language)
        chat = server.group("一班", student) if options.group else server.direct(student)
        print(f"TELEGRAM_BASE_URL={server.url}\nTELEGRAM_BOT_TOKEN={server.token}\n")
        converse(chat, student, server.username)


if __name__ == "__main__":
    main()
