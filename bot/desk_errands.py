"""What the desk has done by itself, as errands: cards, replies to askers, notes in the staff's chat."""

import json
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from adapters.base import Message
from bot.conversations import chat_key
from bot.errands import Errand
from bot.handover import digest, retraction
from memory.base import Receipt
from memory.staff import Asker

CARD, TELL, NOTE, NOTED, PING = "desk.card", "desk.tell", "desk.note", "desk.noted", "desk.ping"

What = Literal["replied", "corrected", "asks_back"]


class Word(NamedTuple):
    """What somebody of the staff, by id and name, said at Unix seconds."""

    person: str
    name: str
    at: float
    text: str


class Told(NamedTuple):
    """What an asker is told: of which item, who is meant, in which words of whom."""

    number: int
    person: str
    message_id: str
    what: What
    name: str
    text: str


class Answering(NamedTuple):
    """A message of the staff that the bot has replied to, and the item that both belong to."""

    number: int
    platform: str
    chat: str
    message_id: str


def card(number: int, last: str) -> Errand:
    """Show the item's card as it is after this change."""
    return Errand(f"{CARD}:{number}:{digest(last)}", f"{CARD}:{number}", CARD, str(number))


def tell(number: int, askers: Iterable[Asker], what: What, word: Word) -> tuple[Errand, ...]:
    """Pass on what somebody of the staff said; to each of these once."""
    return tuple(_tell(number, one, what, word) for one in askers)


def _tell(number: int, asker: Asker, what: What, word: Word) -> Errand:
    told = Told(number, asker.person, asker.message_id, what, word.name, word.text)
    lane = f"{TELL}:{number}:{digest(asker.person, asker.message_id)}"
    id = digest(what, word.person, str(word.at), word.text)
    return Errand(f"{lane}:{id}", lane, TELL, _line(told), asker.person)


def note(number: int, last: str, text: str, person: str) -> Errand:
    """Say something of an asker below the item's card."""
    lane = f"{NOTE}:{number}"
    return Errand(f"{lane}:{digest(last)}", lane, NOTE, _line((number, text)), person)


def noted(number: int, message: Message) -> Errand:
    """Remember that this message of the staff, and the reply to it, belong to the item."""
    place = message.conversation
    answering = Answering(number, place.platform, chat_key(place), message.id)
    id = f"{NOTED}:{number}:{digest(message.id)}"
    return Errand(id, id, NOTED, _line(answering))


def shown_elsewhere(receipt: Receipt, last: str) -> Iterator[Errand]:
    """Take what the staff's chat shows of somebody back, who was forgotten by this message."""
    yield from map(retraction, receipt.cards)
    yield from (card(number, last) for number in receipt.changed)


def ping(number: int) -> Errand:
    """Bring an unanswered item up once more."""
    return Errand(f"{PING}:{number}", f"{PING}:{number}", PING, str(number))


def _line(fields: tuple[object, ...]) -> str:
    return json.dumps(fields, ensure_ascii=False)
