"""A bot that answers from a script, so that an adapter can be driven without the real one."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

from adapters.base import (
    Accept,
    Adapter,
    Button,
    Conversation,
    Delivery,
    DeliveryFailed,
    Exchange,
    Message,
    NotAccepted,
    Reply,
    Sender,
    Vote,
)

Step = str | asyncio.Event
Script = Callable[[str], Sequence[Step]]
"""What a question's reply grows to, step by step; at an event the bot waits until it is set."""


@dataclass(frozen=True, slots=True)
class Place:
    """A source."""

    title: str
    heading: str
    url: str
    revision: str = ""


class ScriptedBot:
    """Keeps the messages it was sent, and remembers answers with their votes as the real one does.

    It does not accept a text that is among the `refused`. `withdrawn` are the ids of messages that were
    taken back.
    """

    def __init__(self, script: Script, sources: Sequence[Place] = ()) -> None:
        self.received: list[Message] = []
        self.withdrawn: list[str] = []
        self.refused: set[str] = set()
        self.script = script
        self.remembering = asyncio.Event()
        self.remembering.set()
        self._sources = sources
        self._exchanges: dict[Conversation, dict[str, Exchange]] = {}
        self._work: set[asyncio.Task[None]] = set()

    async def serve(self, adapter: Adapter) -> None:
        """Answer what the adapter takes in until cancelled."""
        await adapter.run(self.accept_for(adapter))

    async def close(self) -> None:
        """Leave the replies that are still being shown."""
        for task in (left := [*self._work]):
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def accept_for(self, adapter: Adapter) -> Accept:
        """What takes messages in, and has the replies shown by this adapter."""

        async def accept(message: Message) -> None:
            talk = self._exchanges.setdefault(message.conversation, {})
            if message.text in self.refused:
                raise NotAccepted("There is no room for it.")
            if message.withdrawn:
                self.withdrawn.append(message.id)
                talk.pop(message.id, None)
                return
            self.received.append(message)
            talk[message.id] = Exchange(message.id, message.shown, None)
            task = asyncio.create_task(self._answer(adapter, message))
            self._work.add(task)
            task.add_done_callback(self._work.discard)

        return accept

    async def recall(self, conversation: Conversation, _sender: Sender) -> Sequence[Exchange]:
        """What was asked and answered in the conversation; waits while `remembering` is cleared."""
        await self.remembering.wait()
        return list(self._exchanges.get(conversation, {}).values())

    async def keep(self, id: str, reply: Reply) -> None:
        """Remember what was posted in a conversation."""
        self._exchanges.setdefault(reply.conversation, {})[id] = Exchange(id, "", reply)

    async def idle(self) -> None:
        """Return when every reply has been shown to its end."""
        while self._work:
            await asyncio.wait(self._work)

    async def _answer(self, adapter: Adapter, message: Message) -> None:
        try:
            await adapter.show(self._replies(message), Delivery(message.id))
        except DeliveryFailed as error:
            print(error, file=sys.stderr)
        talk = self._exchanges[message.conversation]
        if message.id in talk and talk[message.id].reply is None:
            del talk[message.id]

    async def _replies(self, message: Message) -> AsyncIterator[Reply]:
        if message.text.startswith("/feedback"):
            yield self._voted(message)
            return
        text = ""
        for step in self.script(message.text):
            if isinstance(step, asyncio.Event):
                await step.wait()
            else:
                text = step
                yield Reply(message.conversation, text, in_reply_to=message.id)
        buttons = (Button("👍", f"/feedback up {message.id}"), Button("👎", f"/feedback down {message.id}"))
        reply = Reply(message.conversation, text, self._sources, buttons, message.id, final=True)
        self._exchanges[message.conversation][message.id] = Exchange(message.id, message.shown, reply)
        yield reply

    def _voted(self, message: Message) -> Reply:
        _, word, message_id = message.text.split()
        vote: Vote = "up" if word == "up" else "down"
        talk = self._exchanges[message.conversation]
        talk[message_id] = replace(talk[message_id], vote=vote)
        return Reply(message.conversation, f"Noted: {vote}", in_reply_to=message.id, final=True)
