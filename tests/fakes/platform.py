"""A strict chat platform on a real port: it delivers at least once, and judges what it was shown.

The replicas of a bot connect over TCP. Each side asks the other, one JSON object a line:

deliver               a person's message; delivered again, to any replica, until one says that it is safe
send, edit, retract   what the bot shows; answered with the message's id, or with why it is refused
"""

import asyncio
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

Frame = dict[str, Any]

REDELIVER = 1.0  # seconds without an acknowledgement
IN_FLIGHT = 64  # deliveries at a time
LATENCY = 0.01  # seconds until a call is answered, at most; it has worked before
_SOON, _LINE = 20, 2**20


@dataclass(frozen=True, slots=True)
class Post:
    """A message that a person sends; in a group, where `group`."""

    id: str
    chat: str
    sender: str
    text: str
    group: bool = False

    @property
    def talk(self) -> tuple[str, str]:
        """Whose answers must come in order."""
        return self.chat, self.sender


@dataclass(slots=True)
class Shown:
    """A message of the bot that people see, and the replica that sent it."""

    chat: str
    in_reply_to: str
    by: str
    text: str
    final: bool = False


class Verdict(NamedTuple):
    """How the bot did.

    Posts without a final answer, with two, with one before that to an earlier post of the talk; final
    answers that became another text; messages that never became final.
    """

    lost: int
    doubled: int
    disordered: int
    rewritten: int
    orphans: int


class Wire:
    """Both sides of a connection ask, and answer by the question's number."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = count()
        self._asked: dict[int, asyncio.Future[Frame | None]] = {}

    def tell(self, frame: Frame) -> None:
        """Send what needs no answer; ConnectionError where the connection is gone."""
        if self._writer.is_closing():
            raise ConnectionResetError
        self._writer.write(json.dumps(frame).encode() + b"\n")

    async def ask(self, question: Frame, within: float) -> Frame:
        """The answer; TimeoutError or ConnectionError where there is none."""
        await asyncio.sleep(0)  # who asks in vain again and again must not keep others from noticing
        number = next(self._numbers)
        answer: asyncio.Future[Frame | None] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            self.tell({**question, "ask": number})
            async with asyncio.timeout(within):
                frame = await answer
            if frame is None:
                raise ConnectionResetError
            return frame
        finally:
            del self._asked[number]

    def answer(self, question: Frame, frame: Frame) -> None:
        """Answer what the other side asked."""
        if not self._writer.is_closing():
            self.tell({**frame, "answer": question["ask"]})

    async def questions(self) -> AsyncIterator[Frame]:
        """What the other side asks, until the connection is gone."""
        try:
            async for line in self._reader:
                if self._writer.is_closing() or not line.endswith(b"\n"):  # half a line, then killed
                    break
                frame: Frame = json.loads(line)
                if "answer" not in frame:
                    yield frame
                elif (asked := self._asked.get(frame["answer"])) and not asked.done():
                    asked.set_result(frame)
        except ConnectionError:
            return
        finally:
            self.close()

    def close(self) -> None:
        """Cut the connection."""
        self._writer.close()
        for asked in self._asked.values():
            if not asked.done():
                asked.set_result(None)


class Platform:
    """Where people and the bot talk.

    `keyed`: a second send with the same key shows nothing new and gives the id of the first, as Feishu's
    uuid does; else each send makes a message, as on Telegram.
    """

    def __init__(self, keyed: bool) -> None:
        self.keyed = keyed
        self.deliveries = 0
        self.shown: dict[str, Shown] = {}
        self.answered: dict[str, str] = {}  # by whom each post was, in this order
        self._posts: dict[str, Post] = {}
        self._sent_at: dict[str, int] = {}
        self._taken: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._keys: dict[str, str] = {}
        self._ids = count(1)
        self.rewritten: list[str] = []
        self._wires: dict[Wire, str] = {}
        self._serving = 0
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._changed = asyncio.Event()

    async def start(self) -> str:
        """Open, and return HOST:PORT."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", limit=_LINE)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def stop(self) -> None:
        """Close."""
        self._server.close()
        self.cut()
        await self.until(lambda: not self._serving)

    def cut(self) -> None:
        """Lose all connections."""
        while self._wires:
            wire, _ = self._wires.popitem()
            wire.close()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return once this is so; looked at after each change."""
        while not holds():
            self._changed.clear()
            await self._changed.wait()

    async def connected(self, *names: str) -> None:
        """Return once these replicas are connected."""
        await self.until(lambda: set(names) <= set(self._wires.values()))

    async def gone(self, *names: str) -> None:
        """Return once none of these replicas is connected."""
        await self.until(lambda: not set(names) & set(self._wires.values()))

    async def deliver(self, posts: Sequence[Post], copies: int = 3, rate: float = 1e9) -> None:
        """Deliver each post `copies` times, `rate` posts a second; return when all copies were taken.

        The first copies of a talk come in order, each after the one before it was taken; the others
        come whenever.
        """
        self._posts |= {post.id: post for post in posts}
        earlier = _predecessors(posts)
        began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for place, post in _shuffled(posts, copies):
                await asyncio.sleep(max(0.0, began + place / rate - time.monotonic()))
                await self._room.acquire()
                tasks.create_task(self._carry(post, earlier.get(post.id)))

    def verdict(self) -> Verdict:
        """What came of all posts so far."""
        finals = Counter(shown.in_reply_to for shown in self.shown.values() if shown.final)
        order = {post: place for place, post in enumerate(self._posts)}
        latest: dict[tuple[str, str], int] = {}
        disordered = 0
        for post in self.answered:
            talk = self._posts[post].talk
            disordered += order[post] < latest.get(talk, -1)
            latest[talk] = max(order[post], latest.get(talk, -1))
        return Verdict(
            lost=len(self._posts.keys() - self.answered.keys()),
            doubled=sum(number > 1 for number in finals.values()),
            disordered=disordered,
            rewritten=len(self.rewritten),
            orphans=sum(not shown.final for shown in self.shown.values()),
        )

    def answers(self, post: str) -> list[Shown]:
        """What is shown in reply to this one."""
        return [shown for shown in self.shown.values() if shown.in_reply_to == post]

    async def _carry(self, post: Post, earlier: str | None) -> None:
        if earlier:
            await self._taken[earlier].wait()
        # In whole seconds, as on Telegram: what is sent in the same second must not lose its order.
        sent_at = self._sent_at.setdefault(post.id, int(time.time()))
        event = {"do": "deliver", "at": sent_at, "id": post.id, "chat": post.chat, "group": post.group}
        while True:
            await self.until(lambda: bool(self._wires))
            self.deliveries += 1
            with suppress(TimeoutError, ConnectionError):
                wire = random.choice(list(self._wires))
                await wire.ask({**event, "sender": post.sender, "text": post.text}, REDELIVER)
                break
        self._taken[post.id].set()
        self._room.release()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving += 1
        wire, later = Wire(reader, writer), asyncio.get_running_loop().call_later
        try:
            async for call in wire.questions():
                if call["do"] == "hello":
                    self._wires[wire] = call["name"]
                else:
                    done = self._call(call, self._wires[wire])
                    later(random.uniform(0, LATENCY), wire.answer, call, done)
                self._changed.set()
        finally:
            self._wires.pop(wire, None)
            self._serving -= 1
            self._changed.set()

    def _call(self, call: Frame, by: str) -> Frame:
        match call:
            case {"do": "send", "chat": chat, "in_reply_to": post, "text": str(text), "key": str(key)}:
                known = post in self._posts and self._posts[post].chat == chat
                if known and text and (key or not self.keyed):
                    return {"id": self._send(key, Shown(chat, post, by, text))}
            case {"do": "edit", "id": id, "text": str(text), "final": bool(final)}:
                if id in self.shown and text:
                    self._edit(self.shown[id], by, text, final)
                    return {"id": id}
            case {"do": "retract", "id": id} if id in self.shown:
                del self.shown[id]
                return {"id": id}
        return {"refused": json.dumps(call)}

    def _send(self, key: str, shown: Shown) -> str:
        if self.keyed and key in self._keys:
            return self._keys[key]
        id = self._keys[key] = f"s{next(self._ids)}"
        self.shown[id] = shown
        return id

    def _edit(self, shown: Shown, by: str, text: str, final: bool) -> None:
        if shown.final and shown.text != text:
            self.rewritten.append(f"{shown} became {text!r} by {by}, {final=}")
        shown.text = text
        if final:
            shown.final = True
            self.answered.setdefault(shown.in_reply_to, by)


def _predecessors(posts: Sequence[Post]) -> dict[str, str]:
    """By post the one before it in its talk."""
    latest: dict[tuple[str, str], str] = {}
    earlier = {}
    for post in posts:
        if post.talk in latest:
            earlier[post.id] = latest[post.talk]
        latest[post.talk] = post.id
    return earlier


def _shuffled(posts: Sequence[Post], copies: int) -> list[tuple[float, Post]]:
    """Every copy by its place: the first ones in order, the others soon after or anywhere later."""
    places: list[tuple[float, Post]] = []
    for place, post in enumerate(posts):
        places.append((place, post))
        for number in range(1, copies):
            soon = place + random.expovariate(1 / _SOON)
            places.append((soon if number % 2 else random.uniform(place, len(posts)), post))
    return sorted(places, key=lambda copy: copy[0])
