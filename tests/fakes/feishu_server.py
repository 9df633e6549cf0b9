"""A strict Feishu open platform on a real port, and the people who talk to the bot through it.

As a program it is a chat in the terminal: `python -m tests.fakes.feishu_server --port 8082 [--group]`.
"""

import argparse
import asyncio
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from tests.fakes.feishu_account import EVENTS, SCOPES
from tests.fakes.feishu_chats import Chat, Person, Press, Shown
from tests.fakes.feishu_door import Door
from tests.fakes.feishu_gateway import Gateway
from tests.fakes.feishu_mailbox import Mailbox, Posted, sealed, with_new_id
from tests.fakes.feishu_room import Entity, Kept, Room, RoomKind, moment
from tests.fakes.feishu_terminal import converse
from tests.fakes.feishu_wire import Call, Failing, Fault, Piece

__all__ = ["Call", "Chat", "FeishuServer", "Person", "Press", "Shown"]

ALL_GROUP_MESSAGES = "im:message.group_msg"
LIVES_FOR, RENEWED_BEFORE = 7200, 1800
LOOK_EACH = 0.005


class FeishuServer:
    """Runs in a thread of its own from `with` to its end; everything may be used from any thread.

    url, app_id, app_secret, encrypt_key, verification_token  what the settings are; with an empty
                    encrypt_key webhooks are neither encrypted nor signed
    open_id, name   of the bot
    deliver         "socket", or the URL of a webhook
    scopes          what the app may do; without the right one a call gets 99991672
    subscribed      event types; others are not delivered
    callbacks       card.action.trigger is subscribed
    bot_ability     the app is a bot (True); else 11205 and 230006
    limits          the rate limits hold (True)
    quota_used_up   99991403 for everything but tokens
    clock           seconds since 1970, for all that has a date or lives for a while
    ack_within      3 s of the wall clock for an acknowledgement
    pauses          before each redelivery, in seconds of the wall clock (real: 15 s, 5 min, 1 h, 6 h)
    new_event_ids   a redelivery has another event_id
    forbidden       words in a message -> the code it is refused with, as {"赌博": 230022}
    names           the contact API tells names (True)
    reopening_extends  streaming mode set again while it is open begins its ten minutes anew (True)
    largest_file    bytes that can be downloaded of a message
    split_over      bytes of an event over which it comes in several frames
    client_config   what the endpoint and pongs tell; seconds, fractions of them too
    connections_max 50; more are turned away
    turns_away      403 or 514: every new connection is
    flaws           what came over sockets that a gateway does not understand
    calls           every call, oldest first
    events          every event and callback as its payload, oldest first, redeliveries not counted
    acks            event_id -> (code, seconds to acknowledge); code 0: none came of one that was sent
    """

    def __init__(self, port: int = 0, name: str = "课程助教") -> None:
        self.name, self.tenant_key = name, "2ed263bf32cf1651"
        self.encrypt_key, self.verification_token = "fake-encrypt-key", "fake-verification-token"
        self.deliver, self.clock = "socket", time.time
        self.scopes, self.subscribed = SCOPES - {ALL_GROUP_MESSAGES}, set(EVENTS)
        self.callbacks = self.bot_ability = self.limits = self.names = True
        self.quota_used_up, self.new_event_ids, self.reopening_extends = False, False, True
        self.ack_within, self.largest_file = 3.0, 100 * 1024 * 1024
        self.pauses: tuple[float, ...] = (0.1, 0.4, 1.5, 5.0)
        self.split_over, self.connections_max, self.turns_away = 64 * 1024, 50, 0
        self.client_config: dict[str, float] = {"ReconnectCount": -1, "ReconnectNonce": 0}
        self.client_config |= {"ReconnectInterval": 1, "PingInterval": 120}
        self.flaws: list[str] = []
        self.forbidden: dict[str, int] = {}
        self.calls: list[Call] = []
        self.events: list[Piece] = []
        self.acks: dict[str, tuple[int, float]] = {}
        self.rooms: dict[str, Room] = {}
        self.people: dict[str, Person] = {}
        self.messages: dict[str, Kept] = {}
        self.entities: dict[str, Entity] = {}
        self.files: dict[str, tuple[str, str, bytes]] = {}
        self.sent: dict[str, tuple[float, str]] = {}
        self.tokens: dict[str, float] = {}
        self.faults: list[Failing] = []
        self.lock = threading.RLock()
        self.gateway = Gateway(self)
        self._mailbox = Mailbox(self, self.gateway, self._in_loop)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._socket = socket.create_server(("127.0.0.1", port))
        self._port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        # The same each time for who tries the bot by hand.
        self.app_id, self.app_secret = f"cli_{self._port:016}", f"fake-secret-{self._port:020}"
        self.open_id = f"ou_{self._port:032}"

    @property
    def at_only(self) -> bool:
        """Of a group only messages that @ the bot come: the app lacks im:message.group_msg (True)."""
        return ALL_GROUP_MESSAGES not in self.scopes

    @at_only.setter
    def at_only(self, only: bool) -> None:
        self.scopes = self.scopes - {ALL_GROUP_MESSAGES} if only else self.scopes | {ALL_GROUP_MESSAGES}

    @property
    def connections(self) -> int:
        """Sockets that are open now."""
        return len(self.gateway.links)

    def person(self, name: str) -> Person:
        person = Person(self.fresh("ou_"), self.fresh("on_"), self.fresh("")[:8], name)
        self.people[person.id] = person
        return person

    def direct(self, person: Person) -> Chat:
        """Their chat with the bot; always the same one."""
        return Chat(self, self.room_with(person.id))

    def group(self, title: str, *members: Person, topics: bool = False, bot: bool = True) -> Chat:
        """A group, or a topic group, with the bot in it."""
        room = self._room("topic" if topics else "group", title, *members)
        room.bot_in = bot
        return Chat(self, room)

    def fault(self, path_part: str, how: Fault, times: int = 1, seconds: float = 1, skip: int = 0) -> None:
        """What happens to the next `times` calls with this in their "METHOD path", after `skip` good ones.

        A number is the code of the answer; `seconds` is the reset header of 99991400.
        """
        self.faults.append(Failing(path_part, how, times, seconds, skip))

    def made(self, part: str) -> list[Call]:
        """The calls so far with this in their "METHOD path"."""
        return [call for call in list(self.calls) if part in call.name]

    def cut_socket(self) -> None:
        """Break all sockets off."""
        self._in_loop(self.gateway.cut)

    def freeze_socket(self, frozen: bool = True) -> None:
        """Half-open: those open now stay so, but nothing comes any more, not even a pong; new ones work."""
        self.gateway.freeze(frozen)

    def expire_token(self) -> None:
        """Tokens given so far are no longer taken: 99991663."""
        self.tokens.clear()

    def redeliver(self, event_id: str, same_event_id: bool = True) -> None:
        """Once more, at once."""
        payload = next(one for one in self.events if one["header"]["event_id"] == event_id)
        self._mailbox.put(Posted(payload if same_event_id else with_new_id(payload)))

    def hooked(self, payload: Piece, at: float | None = None) -> tuple[bytes, dict[str, str]]:
        """The body and headers that a webhook would get this payload with: encrypted and signed."""
        return sealed(payload, self.encrypt_key, self.clock() if at is None else at)

    async def challenge(self) -> object:
        """Ask the webhook whether it is the app's, as the console does: True, or what it says instead."""
        asked = {"challenge": uuid4().hex, "token": self.verification_token, "type": "url_verification"}
        assert self._loop
        posting = asyncio.run_coroutine_threadsafe(self._mailbox.post(asked), self._loop)
        answer = (await asyncio.wrap_future(posting)).body
        return answer if answer != {"challenge": asked["challenge"]} else True

    def restart(self) -> None:
        """Everything is cut, and the same port opens again."""
        self.down()
        self.up()

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
        """Cut all connections and refuse new ones, until `up`; events wait."""
        self._in_loop(self._stop)
        self._thread.join(10)

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

    def token(self) -> tuple[str, int]:
        """One that is taken now, and for how many seconds still."""
        now = self.clock()
        for token, until in self.tokens.items():
            if until - now >= RENEWED_BEFORE:
                return token, int(until - now)
        token = f"t-g{uuid4().hex}"
        self.tokens[token] = now + LIVES_FOR
        return token, LIVES_FOR

    def fresh(self, prefix: str) -> str:
        """A new id; one that begins with a digit is a number."""
        value = uuid4()
        return f"{prefix}{value.int % 10**17:017}" if prefix[:1].isdigit() else f"{prefix}{value.hex}"

    def room_with(self, open_id: str) -> Room:
        """Their direct chat with the bot."""
        with self.lock:
            for room in self.rooms.values():
                if room.mode == "p2p" and open_id in room.members:
                    return room
            person = self.people[open_id]
            return self._room("p2p", person.name, person)

    def tell(self, event_type: str, event: Piece) -> None:
        """Send an event to the bot, if it is subscribed."""
        if event_type in self.subscribed:
            self._mailbox.put(Posted(self._payload(event_type, event)))

    def ask(self, event: Piece, press: Press, over: Callable[[], None]) -> None:
        """Send a callback to the bot, and fill the press in when it is over."""
        payload = self._payload("card.action.trigger", event)
        press.event_id = payload["header"]["event_id"]
        self._mailbox.put(Posted(payload, press, over))

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.down()

    def _room(self, mode: RoomKind, title: str, *members: Person) -> Room:
        room = Room(self, self.fresh("oc_"), mode, title)
        room.members = {member.id: member for member in members}
        self.rooms[room.id] = room
        return room

    def _payload(self, event_type: str, event: dict[str, Any]) -> Piece:
        header = {
            "event_id": uuid4().hex,
            "token": self.verification_token,
            "create_time": moment(self.clock()),
            "event_type": event_type,
            "tenant_key": self.tenant_key,
            "app_id": self.app_id,
        }
        payload = {"schema": "2.0", "header": header, "event": event}
        self.events.append(payload)
        return payload

    async def _serve(self, ready: threading.Event) -> None:
        ended = asyncio.Event()
        self._loop, self._stop = asyncio.get_running_loop(), ended.set
        async with Door(self).open(self._socket):
            await self._mailbox.open()
            ready.set()
            await ended.wait()
            self._loop = None
            await self._mailbox.close()

    def _in_loop(self, action: Callable[[], object]) -> None:
        """Do it in the server's loop; while there is none, nobody waits there."""
        if loop := self._loop:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(action)


def main() -> None:
    """Let a human talk to the bot, as a student would."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=8082)
    parser.add_argument("--group", action="store_true", help="in a group instead of a direct chat")
    options = parser.parse_args()
    with FeishuServer(options.port) as server:
        student = server.person("小林")
        chat = server.group("一班", student) if options.group else server.direct(student)
        settings = {"DOMAIN": server.url, "APP_ID": server.app_id, "APP_SECRET": server.app_secret}
        print(*(f"FEISHU_{name}={value}" for name, value in settings.items()), "", sep="\n")
        converse(chat, student)


if __name__ == "__main__":
    main()
