"""What the bot says without being asked: a reply into a conversation, posted once as an errand."""

import json
from collections.abc import AsyncIterator, Mapping

from adapters.base import Adapter, Conversation, DeliveryFailed, Reply
from adapters.written import fields_of, reply_of
from bot.conversations import chat_key
from bot.errands import Errand, Underway

KIND = "post"


def place_line(conversation: Conversation) -> str:
    """Where something is shown, as one line."""
    place = [conversation.platform, conversation.chat_id, conversation.kind, conversation.thread_id]
    return json.dumps(place, ensure_ascii=False)


def place_on(line: str) -> Conversation:
    """The place on the line."""
    return Conversation(*json.loads(line))


def post(id: str, reply: Reply, person: str = "") -> Errand:
    """The errand that shows this reply, once per id; those to one chat go in the order they are queued.

    `person` is whom it is for, where it is one.
    """
    body = json.dumps([place_line(reply.conversation), fields_of(reply)], ensure_ascii=False)
    return Errand(id, f"post:{chat_key(reply.conversation)}", KIND, body, person)


class Posting:
    """Shows what is posted on these platforms."""

    def __init__(self, platforms: Mapping[str, Adapter]) -> None:
        self._platforms = platforms

    async def deliver(self, underway: Underway) -> None:
        """Do the errand."""
        place, fields = json.loads(underway.errand.body)
        await self.show(reply_of(place_on(place), fields), underway)

    async def show(self, reply: Reply, underway: Underway) -> tuple[str, ...]:
        """Show the reply for any errand; the ids of the messages that it is shown in."""

        async def replies() -> AsyncIterator[Reply]:
            yield reply

        adapter = self._platforms.get(reply.conversation.platform)
        if adapter is None:
            raise DeliveryFailed(f"{reply.conversation.platform} is not configured in this process.")
        await underway.keep(await adapter.show(replies(), underway.delivery))
        return adapter.messages(underway.sent_id)
