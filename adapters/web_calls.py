"""What the page's script calls: open a conversation, say something in it, follow it, stop an answer."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from adapters.base import (
    Accept,
    AdapterError,
    Conversation,
    Enclosure,
    Exchange,
    Message,
    Recall,
    Reply,
    Sender,
    place_of,
)
from adapters.web_html import Renderer, allowed
from adapters.web_relay import Replicas
from adapters.web_talk import PRESS, Talk, Talks, answered

_HOLD_SECONDS = 20.0
_SOON_SECONDS = 1.0
_PICTURES = frozenset(f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp"))

Json = dict[str, object]


def reply_id(key: str) -> str:
    """What a reply is shown under, in whichever process; the key of an answer is its message's id."""
    return f"{key}.reply"


class Calls:
    """Answers the calls of all pages. What it gives back goes to the page as JSON."""

    def __init__(self, talks: Talks, replicas: Replicas, recall: Recall | None) -> None:
        self._talks = talks
        self._replicas = replicas
        self._recalled = recall
        self._renderer = Renderer()

    async def open(self, sender: Sender, conversation: Conversation) -> Json:
        """The conversation so far. Raises AdapterError while it cannot be recalled."""
        exchanges = await self._recall(conversation, sender)
        talk = self._talks.of(conversation.chat_id)
        talk.learn(exchanges)
        told = {reply_id(each.message_id) for each in exchanges if each.reply is not None}
        return {
            "name": sender.name,
            "history": [
                {
                    "id": each.message_id,
                    "text": each.question,
                    "vote": each.vote,
                    "reply": self._json(reply_id(each.message_id), each.reply, talk),
                }
                for each in exchanges
                if each.reply is not None
            ],
            "waiting": [
                {"id": each.message_id, "text": each.question}
                for each in exchanges
                if reply_id(each.message_id) not in told and _awaited(each.message_id, talk)
            ],
            "replies": [
                self._json(sent_id, reply, talk)
                for sent_id, reply in talk.news()
                if not (reply.final and sent_id in told)
            ],
            "version": talk.version,
        }

    async def say(self, accept: Accept, message: Message, shown: str = "") -> None:
        """Send a message to the bot; raises NotAccepted.

        `shown` is what the page shows in its place, such as what stands on a button.
        """
        talk, shown = self._talks.of(message.conversation.chat_id), shown or message.shown
        talk.ask(message.id, shown)  # before the reply can come
        await accept(message)
        await self._replicas.asked(message.conversation.chat_id, message.id, shown)

    async def stop(
        self, accept: Accept, sender: Sender, conversation: Conversation, message_ids: Sequence[str]
    ) -> None:
        """Let questions go: those that wait, and what is being answered anywhere. Raises NotAccepted."""
        try:
            for id in message_ids:
                await accept(Message(id, conversation, sender, "", datetime.now(UTC), withdrawn=True))
        finally:
            # After that: the bot takes an answer that ends before for one that was seen to its end.
            self._talks.of(conversation.chat_id).stop(message_ids)
            await self._replicas.stopped(conversation.chat_id, message_ids)

    async def follow(
        self, sender: Sender, conversation: Conversation, seen: int, waiting: Sequence[str]
    ) -> Json:
        """What is new in the conversation since the version `seen`; held open until there is something.

        `lost` are the questions among those a page is `waiting` for that nobody will answer.
        """
        talk = self._talks.of(conversation.chat_id)
        if talk.acknowledge(seen):
            await self._replicas.acknowledged(conversation.chat_id, seen)
        lost, seconds = await self._look(talk, sender, conversation, waiting)
        if not lost:
            await talk.wait(seen, waiting, seconds)
        replies, version = talk.since(seen, waiting), max(seen, talk.version)
        await self._ask_back(talk, sender, conversation, (reply for _, reply in replies))
        return {
            "replies": [self._json(sent_id, reply, talk) for sent_id, reply in replies],
            "lost": list(lost),
            "version": version,
        }

    async def _recall(self, conversation: Conversation, sender: Sender) -> Sequence[Exchange]:
        return await self._recalled(conversation, sender) if self._recalled else ()

    async def _look(
        self, talk: Talk, sender: Sender, conversation: Conversation, waiting: Sequence[str]
    ) -> tuple[frozenset[str], float]:
        """The questions that nobody will answer, and in how many seconds to look again.

        The bot must have known nothing of them twice in a row: news of one may be on its way. Those that
        were answered in another process, which could not tell, are shown.
        """
        if not any(map(talk.unsure, waiting)):
            return frozenset(), _HOLD_SECONDS
        if not talk.may_look():
            return frozenset(), _SOON_SECONDS
        try:
            exchanges = await self._recall(conversation, sender)
        except AdapterError:
            return frozenset(), _HOLD_SECONDS
        talk.learn(exchanges)
        _catch_up(talk, exchanges, waiting)
        known = {exchange.message_id for exchange in exchanges}
        missing = frozenset(filter(talk.unsure, waiting)) - known
        lost, talk.missing = missing & talk.missing, missing
        return lost, _SOON_SECONDS if missing else _HOLD_SECONDS

    async def _ask_back(
        self, talk: Talk, sender: Sender, conversation: Conversation, replies: Iterable[Reply]
    ) -> None:
        """Have the questions to these replies, from the bot where another process has accepted them."""
        ids = {message_id for reply in replies for message_id in answered(reply)}
        unknown = [each for each in ids if each not in talk.asked and not each.startswith(PRESS)]
        if unknown:
            with suppress(AdapterError):
                talk.learn(await self._recall(conversation, sender))
                for message_id in unknown:
                    talk.asked.setdefault(message_id, "")

    def _json(self, sent_id: str, reply: Reply, talk: Talk) -> Json:
        ids = answered(reply)
        return {
            "id": sent_id,
            "to": reply.in_reply_to,
            "ids": sorted(ids),
            "questions": [{"id": each, "text": text} for each, text in talk.asked.items() if each in ids],
            "html": self._renderer.html(reply.text),
            "sources": [
                {
                    "place": place_of(source),
                    "url": source.url if allowed(source.url) else "",
                    "revision": source.revision,
                }
                for source in reply.sources
            ],
            "buttons": [{"label": button.label, "command": button.command} for button in reply.buttons],
            "enclosures": [_enclosed(one) for one in reply.enclosures],
            "final": reply.final,
        }


def _enclosed(enclosure: Enclosure) -> Json:
    """With the `type` of a picture, empty for what is only to be saved."""
    kind = enclosure.media_type if enclosure.media_type in _PICTURES else ""
    return {"name": enclosure.name, "type": kind, "data": b64encode(enclosure.data).decode()}


def _awaited(message_id: str, talk: Talk) -> bool:
    """Whether a question that waits at the bot does so on the page."""
    let_go = message_id in talk.stopped or message_id.startswith(PRESS)
    return not let_go and not talk.answered(message_id)


def _catch_up(talk: Talk, exchanges: Sequence[Exchange], waiting: Sequence[str]) -> None:
    """Show the answers that a page waits for; not one that is just being replaced by a better one."""
    open_ids = {exchange.message_id for exchange in exchanges if exchange.reply is None}
    for exchange in exchanges:
        if exchange.reply and exchange.message_id in waiting and talk.unsure(exchange.message_id):
            sent_id = reply_id(exchange.message_id)
            _, growing = talk.shown.get(sent_id, (0, exchange.reply))
            if not answered(growing) & open_ids:
                talk.show(sent_id, exchange.reply)
