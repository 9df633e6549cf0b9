"""Which of the waiting letters are answered next, together, and how."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Literal

from adapters.base import Message
from bot.assistant import QUESTION_LIMIT
from bot.course import Limits
from bot.letters import Memo, Unreadable, from_body
from memory.mail import Letter
from rag.courtesy import courtesy

SHORT = 100
"""Characters of a message that may be one of several that make a question, at most."""

FORGOTTEN = timedelta(hours=24)
"""A question that is older gets no late note either."""

_Opened = tuple[Letter, Message]


@dataclass(frozen=True, slots=True)
class Batch:
    """What is answered in one go, and the letters that are done with it.

    `merged` are the ids of the messages that are answered along with `message`, which has their texts
    too, and was sent when the last of them was. `sent_id` is where the reply stands already, else
    empty. `late`: a note to the newest of them is all there is to show; `silent`: not even that.
    """

    message: Message
    letter_ids: tuple[str, ...]
    merged: tuple[str, ...] = ()
    sent_id: str = ""
    handling: Literal["answer", "late", "silent"] = "answer"

    @property
    def completes(self) -> bool:
        """Whether it is a short message that followed a question whose answer stands already."""
        return self.message.id not in self.letter_ids


def next_batch(
    letters: Sequence[Letter],
    memo: Memo | None,
    now: datetime,
    limits: Limits,
    is_command: Callable[[str], bool],
    is_timeless: Callable[[Message], bool] = lambda _: False,
) -> Batch:
    """The batch that begins with the first letter.

    `memo` is of the question answered just before: a short message that completes it, or a picture
    without words, has it answered again, in the same place. Raises Unreadable where the first letter is;
    a later one only ends the batch. What is timeless is never late.
    """
    rules = _Rules(now, limits, is_command, is_timeless)
    opened = _opened(letters)
    batch = _burst(opened, memo, rules)
    late = not batch.sent_id and all(rules.late(*one) for one in opened[: len(batch.letter_ids)])
    return _overdue(opened, rules) if late else batch


@dataclass(frozen=True, slots=True)
class _Rules:
    now: datetime
    limits: Limits
    is_command: Callable[[str], bool]
    is_timeless: Callable[[Message], bool]

    def open(self, message: Message) -> bool:
        """Whether others may belong to it."""
        alone = message.edited or self.is_command(message.text) or courtesy(message.text)
        # What is no text gets a sentence of its own, in whose place no answer is looked for.
        return not (alone or (message.unreadable and not message.text.strip()))

    def short(self, message: Message) -> bool:
        """Whether it may be one of several that make a question."""
        return self.open(message) and len(message.text) <= SHORT

    def follows(self, message: Message) -> bool:
        """Whether it may be a later one of those; a command that asks something begins anew."""
        return self.short(message) and not self.is_command("".join(message.text.split(maxsplit=1)[:1]))

    def bare(self, message: Message) -> bool:
        """Whether it is a picture or a file without a word, which says nothing by itself."""
        return bool(message.images or message.files) and not (message.text.strip() or message.edited)

    def soon(self, earlier: Message, later: Message) -> bool:
        """Whether the later one came from the same person in the same place within the merge window."""
        gap, window = (later.sent_at - earlier.sent_at).total_seconds(), self.limits.merge_seconds
        # Two replies to two messages are two things.
        one = not later.reply_to or later.reply_to == earlier.reply_to
        return one and window > 0 and 0 <= gap <= window and _alike(earlier, later)

    def late(self, letter: Letter, message: Message) -> bool:
        """Whether it is a question of which nothing was shown, and that is too old to be answered now."""
        old = self.now - message.sent_at > timedelta(minutes=self.limits.late_minutes)
        acts = self.is_command(message.text) or self.is_timeless(message)
        return old and not letter.sent_id and not acts


def _asks(message: Message) -> bool:
    """Whether it is a whole question by itself."""
    return message.text.rstrip().endswith(("?", "？"))


def _opened(letters: Sequence[Letter]) -> list[_Opened]:
    """The letters with their messages, up to the first that cannot be read."""
    opened = [(letters[0], from_body(letters[0].body))]
    for letter in letters[1:]:
        try:
            opened.append((letter, from_body(letter.body)))
        except Unreadable:
            break
    return opened


def _burst(opened: Sequence[_Opened], memo: Memo | None, rules: _Rules) -> Batch:
    """The first letter, with what it completes and what completes it."""
    letter, message = opened[0]
    if memo and memo.sent_id and len(parts := _parts(memo, opened, rules)) > 1:
        begun, done = memo, len(parts) - 1
    else:
        begun = Memo(message, letter.sent_id)
        done = len(parts := _parts(begun, opened[1:], rules))
    merged = begun.merged + tuple(part.id for part in parts[1:])
    return Batch(_joined(parts), tuple(letter.id for letter, _ in opened[:done]), merged, begun.sent_id)


def _parts(begun: Memo, following: Sequence[_Opened], rules: _Rules) -> list[Message]:
    """The message that was begun with, and those that follow it as parts of the same question."""
    parts = [begun.message]
    if not (begun.merged or rules.open(begun.message)):
        return parts
    # What was merged before is longer than its parts were.
    short = bool(begun.merged) or rules.short(begun.message)
    size = len(begun.message.text)
    for letter, message in following:
        size += 1 + len(message.text)
        if letter.sent_id or size > QUESTION_LIMIT or not rules.soon(parts[-1], message):
            break
        if _asks(parts[-1]) and _asks(message):
            break
        # A long one is all that is asked, but not all of an album.
        if not (rules.bare(message) or (short and rules.follows(message))):
            break
        parts.append(message)
    return parts


def _joined(parts: Sequence[Message]) -> Message:
    return replace(
        parts[0],
        text="\n".join(part.text for part in parts),
        sent_at=parts[-1].sent_at,
        addressed=any(part.addressed for part in parts),
        images=tuple(image for part in parts for image in part.images),
        files=tuple(file for part in parts for file in part.files),
        quoted=next((part.quoted for part in parts if part.quoted), ""),
    )


def _overdue(opened: Sequence[_Opened], rules: _Rules) -> Batch:
    """All late letters in a row, of which the newest gets the note."""
    _, first = opened[0]
    late = list(takewhile(lambda one: _alike(first, one[1]) and rules.late(*one), opened))
    *others, newest = [message for _, message in late]
    return Batch(
        newest,
        tuple(letter.id for letter, _ in late),
        tuple(message.id for message in others),
        handling="silent" if rules.now - newest.sent_at > FORGOTTEN else "late",
    )


def _alike(one: Message, other: Message) -> bool:
    """Whether they are one person's in one place."""
    return one.sender.id == other.sender.id and one.conversation == other.conversation
