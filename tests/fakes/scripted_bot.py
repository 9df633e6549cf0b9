"""A bot that answers from a script, so that an adapter can be driven without the real one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from adapters.base import Accept, Adapter, Button, Conversation, Exchange, Message, Reply, Sender, Vote

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
    """Keeps the messages it was sent, and remembers answers with their votes as the real one does."""

    def __init__(self, script: Script, sources: Sequence[Place] = ()) -> None:
        self.received: list[Message] = []
        self.script = script
        self.remembering = asyncio.Event()
        self.remembering.set()
        self._sources = sources
        self._exchanges: dict[Conversation, dict[str, Exchange]] = {}
        self._work: set[asyncio.Task[str]] = set()

    async def serve(self, adapter: Adapter) -> None:
        """Answer what the adapter takes in until cancelled."""
        await adapter.run(self.accept_for(adapter))

    def accept_for(self, adapter: Adapter) -> Accept:
        """What takes the adapter's messages in."""

        async def accept(message: Message) -> None:
            self.received.append(message)
            task = asyncio.create_task(adapter.show(self._replies(message)))
            self._work.add(task)
            task.add_done_callback(self._work.discard)

        return accept

    async def recall(self, conversation: Conversation, _sender: Sender) -> Sequence[Exchange]:
        """What was asked and answered in the conversation; waits while `remembering` is cleared."""
        await self.remembering.wait()
        return list(self._exchanges.get(conversation, {}).values())

    async def idle(self) -> None:
        """Return when every reply has been shown to its end."""
        while self._work:
            await asyncio.wait(self._work)

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
        talk = self._exchanges.setdefault(message.conversation, {})
        talk[message.id] = Exchange(message.id, message.text, reply)
        yield reply

    def _voted(self, message: Message) -> Reply:
        _, word, message_id = message.text.split()
        vote: Vote = "up" if word == "up" else "down"
        talk = self._exchanges[message.conversation]
        voted = talk[message_id]
        talk[message_id] = Exchange(message_id, voted.question, voted.reply, vote)
        return Reply(message.conversation, f"Noted: {vote}", in_reply_to=message.id, final=True)
