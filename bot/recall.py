"""A conversation as it is remembered, for platforms that keep no history of their own."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from adapters.base import AdapterError, Conversation, Exchange, Message, Reply, Sender
from bot.app import Memory
from bot.commands import Commands
from bot.conversations import conversation_key, group_settings
from bot.course import Course
from bot.letters import Unreadable, from_body
from bot.replies import language_of, shown, turn_buttons
from memory.base import MemoryUnavailable, Turn, Vote
from memory.mail import Letter


async def recalled(
    course: Course, memory: Memory, conversation: Conversation, sender: Sender
) -> list[Exchange]:
    """What was asked and answered, and what still waits, oldest first. Raises AdapterError."""
    key = conversation_key(conversation, sender, group_settings(course, conversation).memory)
    try:
        # In this order: what is answered meanwhile is in both, and not in neither.
        waiting = await memory.inbox.waiting(key)
        turns = (await memory.history.load(key)).turns
        votes = await memory.votes.by(sender.id, [turn.message_id for turn in turns])
    except MemoryUnavailable as error:
        raise AdapterError(f"The conversation {key} cannot be shown: {error}") from error
    languages = course.course.languages
    answered = {turn.message_id for turn in turns}
    return [
        *(_exchange(conversation, turn, votes, languages) for turn in turns),
        *(
            Exchange(one.id, shown(one, languages[0]), None)
            for one in _asked(waiting)
            if one.id not in answered
        ),
    ]


def _exchange(
    conversation: Conversation, turn: Turn, votes: Mapping[str, Vote], languages: Sequence[str]
) -> Exchange:
    id, buttons = turn.message_id, turn_buttons(turn, language_of(turn.question, languages))
    reply = Reply(conversation, turn.answer, turn.sources, buttons, in_reply_to=id, final=True)
    return Exchange(id, turn.question, reply, votes.get(id, ""))


def _asked(letters: Sequence[Letter]) -> Iterator[Message]:
    """What people wrote in these letters; a press of a button is nothing to be shown."""
    for letter in letters:
        with suppress(Unreadable):
            message = from_body(letter.body)
            if not Commands.pressed(message.text):
                yield message
