"""What becomes of an item at the desk: changes that may be made twice, by whomever, at the same moment.

Cannot   the item is not there, or not in a state in which this can be done
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal
from zlib import crc32

from adapters.base import Message
from memory.staff import Asker, Desk, Item

_GIST = 2000  # characters that are kept of what is said around a question
_CHAIN = 8  # merges that are followed

Flaw = Literal["gone", "no_draft", "same"]


class Cannot(Exception):
    """`number` is the item's."""

    def __init__(self, flaw: Flaw, number: int) -> None:
        super().__init__(f"Item {number}: {flaw}.")
        self.flaw = flaw
        self.number = number


def mark(message: Message) -> str:
    """What tells a change by this message, as its text is now, from all others."""
    return f"{message.id}#{crc32(message.text.encode(errors='replace')):08x}"


def by(item: Item, message: Message) -> bool:
    """Whether the item was changed last by this message, whatever its text was then."""
    return item.last.startswith(f"{message.id}#")


async def resolved(desk: Desk, number: int) -> Item:
    """The item, or the one that it was merged into. Raises Cannot."""
    for _ in range(_CHAIN):
        item = await desk.get(number)
        if item is None:
            break
        if item.state != "merged":
            return item
        number = item.into
    raise Cannot("gone", number)


async def changed(desk: Desk, number: int, last: str, change: Callable[[Item], Item]) -> Item:
    """The item after a change that is marked as the `last`; unchanged where it is that already.

    Raises Cannot, and whatever else `change` raises.
    """
    while True:
        old = await desk.get(number)
        if old is None:
            raise Cannot("gone", number)
        if last and old.last == last:
            return old
        new = change(old)
        if new == old:
            return old
        new = replace(new, last=last or old.last)
        if await desk.put(old, new):
            return new


def answered(item: Item, answer: str, author: tuple[str, str], at: float, draft: str) -> Item:
    """It has an answer of this author (id, name), and a draft that waits for approval."""
    if (item.answer, item.author_id) == (answer, author[0]):
        return item
    return replace(
        item,
        state="answered",
        answer=answer,
        author=author[1],
        author_id=author[0],
        answered_at=at,
        draft=draft,
    )


def approved(item: Item) -> Item:
    """Its draft may be served."""
    return replace(_drafted(item), state="approved")


def rejected(item: Item) -> Item:
    """Its draft may not."""
    return replace(_drafted(item), state="rejected")


def edited(item: Item, question: str, answer: str) -> Item:
    """Its draft reads otherwise, where a part is given, and waits for approval."""
    drafted = _drafted(item)
    return replace(
        drafted, state="answered", draft=question or drafted.draft, answer=answer or drafted.answer
    )


def ignored(item: Item) -> Item:
    """Nobody need answer it."""
    return replace(item, state="ignored") if item.state == "open" else item


def assigned(item: Item, name: str) -> Item:
    """Somebody takes it."""
    return replace(item, assignee=name)


def added(item: Item, line: str) -> Item:
    """What was said around it has one more line."""
    lines = item.gist.split("\n") if item.gist else []
    one = " ".join(line.split())
    return item if one in lines else replace(item, gist="\n".join([*lines, one])[-_GIST:])


def joined(item: Item, askers: tuple[Asker, ...]) -> Item:
    """These ask it too; each message counts once."""
    known = {(one.person, one.message_id) for one in item.askers}
    new = [one for one in askers if (one.person, one.message_id) not in known]
    return replace(item, askers=(*item.askers, *new)) if new else item


async def merged(desk: Desk, item: Item, into: int, draft: str, last: str) -> Item:
    """The item that this one went into, with its askers; `draft` are its words for the question.

    Raises Cannot.
    """
    target = await resolved(desk, into)
    if target.number == item.number:
        raise Cannot("same", item.number)
    await changed(
        desk,
        item.number,
        last,
        lambda one: replace(one, state="merged", into=target.number, draft=draft or one.draft),
    )
    return await changed(desk, target.number, "", lambda one: joined(one, item.askers))


def _drafted(item: Item) -> Item:
    if not item.answer:
        raise Cannot("no_draft", item.number)
    return item
