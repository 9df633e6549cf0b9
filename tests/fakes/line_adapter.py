"""The adapter of the strict platform in tests/fakes/platform.py."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime

from adapters.base import Accept, Conversation, Delivery, DeliveryFailed, Message, NotAccepted, Reply, Sender
from tests.fakes.platform import Frame, Wire

PLATFORM = "line"
PLACEHOLDER = "…"
EVERY = 0.2  # seconds between two edits
PATIENCE = 20.0  # seconds a call is tried, over as many connections as it takes
RECONNECT = 0.05  # seconds


class LineAdapter:
    """One connection to the platform at `address`, HOST:PORT, which comes back when it is lost."""

    platform = PLATFORM

    def __init__(self, address: str, name: str, keyed: bool) -> None:
        self._host, _, self._port = address.rpartition(":")
        self._name = name
        self._keyed = keyed
        self._wire: Wire | None = None
        self._up = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self._wire is not None

    async def run(self, accept: Accept) -> None:
        """Take messages in until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    wire = self._wire = Wire(*await asyncio.open_connection(self._host, self._port))
                    wire.tell({"do": "hello", "name": self._name})
                    self._up.set()
                    async for event in wire.questions():
                        tasks.create_task(_take(accept, wire, event))
                except ConnectionError:
                    pass
                finally:
                    self._wire = None
                    self._up.clear()
                await asyncio.sleep(RECONNECT)

    async def show(self, replies: AsyncIterator[Reply], delivery: Delivery) -> str:
        """Show a growing reply in the place of its first frame; frames that come fast are passed over."""
        sent_id, shown_at = delivery.sent_id, -EVERY
        async for reply in replies:
            if not sent_id:
                sent_id, shown_at = await self._place(reply, delivery), time.monotonic()
            edit = {"do": "edit", "id": sent_id, "text": reply.text, "final": reply.final}
            if reply.final:
                await self._call(edit)
            elif self._wire and time.monotonic() - shown_at > EVERY:
                # Now or never: later another replica may have shown the answer in this place.
                with suppress(ConnectionError):
                    await self._ask(self._wire, edit)
                shown_at = time.monotonic()
        return sent_id

    async def retract(self, sent_id: str) -> None:
        """Take a sent reply back."""
        await self._call({"do": "retract", "id": sent_id})

    def messages(self, sent_id: str) -> tuple[str, ...]:
        """The one message of a reply."""
        return (sent_id,) if sent_id else ()

    async def fetch(self, message: Message) -> Message:
        """The message: all of it came with it."""
        return message

    async def _place(self, reply: Reply, delivery: Delivery) -> str:
        """Send the first frame; the platform knows it by its key, or the bot must know its id."""
        text = PLACEHOLDER if reply.final else reply.text
        call = {"do": "send", "chat": reply.conversation.chat_id, "in_reply_to": reply.in_reply_to}
        sent_id = await self._call({**call, "text": text, "key": delivery.key if self._keyed else ""})
        if not self._keyed:
            await delivery.keep(sent_id)
        return sent_id

    async def _connection(self) -> Wire:
        while self._wire is None:
            await self._up.wait()
        return self._wire

    async def _call(self, call: Frame) -> str:
        """The message's id. A call whose connection is lost is made again: what it does shows once anyway."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    wire = await self._connection()
                    with suppress(ConnectionError):
                        return await self._ask(wire, call)
        except TimeoutError as error:
            raise DeliveryFailed(f"The platform does not answer {call['do']}.") from error

    async def _ask(self, wire: Wire, call: Frame) -> str:
        done = await wire.ask(call, PATIENCE)
        if "refused" in done:
            raise DeliveryFailed(f"The platform refuses {done['refused']}.")
        return str(done["id"])


async def _take(accept: Accept, wire: Wire, event: Frame) -> None:
    """Acknowledge a message once it is safe; what is not will come again."""
    try:
        await accept(_message(event))
    except NotAccepted:
        return
    wire.answer(event, {})


def _message(event: Frame) -> Message:
    conversation = Conversation(PLATFORM, event["chat"], "group" if event["group"] else "direct")
    at = datetime.fromtimestamp(event["at"], UTC)
    return Message(event["id"], conversation, Sender(event["sender"]), event["text"], at)
