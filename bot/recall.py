"""A conversation as it is remembered, for platforms that keep no history of their own."""

import json
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress

from adapters.base import AdapterError, Conversation, DeliveryFailed, Exchange, Message, Reply, Sender
from adapters.written import fields_of, reply_of
from bot.app import Memory
from bot.commands import Commands
from bot.conversations import chat_key, conversation_key, group_settings
from bot.course import Course
from bot.letters import Unreadable, from_body
from bot.replies import language_of, shown, turn_buttons
from memory.base import MemoryUnavailable, Turn, Vote
from memory.journal import Post, Posts
from memory.mail import Letter


async def recalled(
    course: Course, memory: Memory, conversation: Conversation, sender: Sender, posts: Posts | None = None
) -> list[Exchange]:
    """What was asked, answered and posted, and what still waits, oldest first. Raises AdapterError."""
    key = conversation_key(conversation, sender, group_settings(course, conversation).memory)
    try:
        # In this order: what is answered meanwhile is in both, and not in neither.
        waiting = await memory.inbox.waiting(key)
        turns = (await memory.history.load(key)).turns
        votes = await memory.votes.by(sender.id, [turn.message_id for turn in turns])
        posted = await posts.of(chat_key(conversation)) if posts else []
    except MemoryUnavailable as error:
        raise AdapterError(f"The conversation {key} cannot be shown: {error}") from error
    languages = course.course.languages
    answered = {turn.message_id for turn in turns}
    told = [(turn.at, _exchange(conversation, turn, votes, course)) for turn in turns]
    told += [(post.at, exchange) for post in posted for exchange in _posted(conversation, post)]
    return [
        *(exchange for _, exchange in sorted(told, key=lambda one: one[0])),
        *(
            Exchange(one.id, shown(one, languages[0]), None)
            for one in _asked(waiting)
            if one.id not in answered
        ),
    ]


def keeping(posts: Posts, now: Callable[[], float] = time.time) -> Callable[[str, Reply], Awaitable[None]]:
    """What keeps a reply that was posted under an id, so that it is recalled. Raises DeliveryFailed."""

    async def keep(id: str, reply: Reply) -> None:
        try:
            await posts.put(chat_key(reply.conversation), Post(id, now(), json.dumps(fields_of(reply))))
        except MemoryUnavailable as error:
            raise DeliveryFailed(f"What is posted as {id} cannot be kept: {error}") from error

    return keep


def _exchange(conversation: Conversation, turn: Turn, votes: Mapping[str, Vote], course: Course) -> Exchange:
    id, language = turn.message_id, language_of(turn.question, course.course.languages)
    buttons = turn_buttons(turn, language, staffed=bool(course.staff.chat))
    reply = Reply(conversation, turn.answer, turn.sources, buttons, in_reply_to=id, final=True)
    return Exchange(id, turn.question, reply, votes.get(id, ""))


def _posted(conversation: Conversation, post: Post) -> Iterator[Exchange]:
    """The post as an exchange without a question, where it can be read."""
    with suppress(ValueError, TypeError):
        yield Exchange(post.id, "", reply_of(conversation, json.loads(post.line)))


def _asked(letters: Sequence[Letter]) -> Iterator[Message]:
    """What people wrote in these letters; a press of a button is nothing to be shown."""
    for letter in letters:
        with suppress(Unreadable):
            message = from_body(letter.body)
            if not Commands.pressed(message.text):
                yield message
