"""What goes wrong between the bot and Telegram, said in the words of this house.

DeliveryFailed        (adapters/base.py)
├── OutcomeUnknown    what was to be sent may have arrived all the same
├── FileRefused       this file is not taken here, though text may be
├── MessageGone       the message is not there any more, or cannot be changed
├── NotOffered        this server does not know the method, or not for this chat
└── PolledElsewhere   another process polls with this token, or a webhook is set
"""

from typing import Literal

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
)

from adapters.base import AdapterError, AttachmentRefused, ChatClosed, DeliveryFailed, PlatformRefused


class OutcomeUnknown(DeliveryFailed):
    """The request went out and no answer came: who sends again may send twice."""


class FileRefused(DeliveryFailed):
    """This file is not taken, or none in this chat; texts may well be."""


class MessageGone(DeliveryFailed):
    """The message is not there any more, or cannot be changed: send a new one."""


class NotOffered(DeliveryFailed):
    """This server does not know the method, or not for this chat."""


class PolledElsewhere(DeliveryFailed):
    """Another process asks for updates with the same token, or they are posted to a webhook."""


class NotSent(NetworkError):
    """Among python-telegram-bot's errors: the request surely had no effect."""


class Flooded(TelegramError):
    """Among python-telegram-bot's errors: nothing is taken for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Too many requests: retry after {seconds:.0f}")
        self.seconds = seconds


Disliked = Literal["entities", "thread", "reply", "buttons"]
"""A part of a call that Telegram does not take."""
Meaning = Literal["same", "gone", "closed", "shut", "large", "lost", "file", "drafts", "other"] | Disliked
"""Of a refusal: already so; no such message; no such chat; nobody may write there now; too large a file; none
any more; one that is not taken; no drafts there; or something else."""

# The first that occurs in Telegram's sentence, in lower case since the library capitalizes them, decides.
_SENTENCES: tuple[tuple[Meaning, tuple[str, ...]], ...] = (
    ("same", ("message is not modified",)),
    ("same", ("query is too old", "query id is invalid", "query_id_invalid", "message to delete not found")),
    ("gone", ("message to edit not found", "message can't be edited", "message can't be deleted")),
    ("gone", ("no text in the message",)),
    ("gone", ("message_id_invalid", "message identifier is not specified")),
    ("closed", ("chat not found", "peer_id_invalid", "user not found", "deactivated")),
    ("file", ("send photos", "send documents", "send_photos_f", "send_docs_f", "send_media_f")),
    ("file", ("photo_", "image_process", "file must be non-empty")),
    ("shut", ("not enough rights", "no rights to", "write_forbidden", "chat_restricted", "topic_closed")),
    ("shut", ("chat_send_plain_forbidden",)),
    ("large", ("file is too big",)),
    ("lost", ("file_id", "file is temporarily unavailable", "file_reference")),
    ("drafts", ("textdraft",)),
    ("thread", ("thread not found", "topic_deleted", "topic_id_invalid")),
    ("reply", ("replied not found", "reply message", "reply_message", "quote_text")),
    ("buttons", ("button", "reply_markup", "reply markup", "keyboard")),
    ("entities", ("entit",)),
)

_LEFT_OUT = {
    "entities": "entities",
    "thread": "message_thread_id",
    "reply": "reply_parameters",
    "buttons": "reply_markup",
}


def meaning(error: TelegramError) -> Meaning:
    """What Telegram's sentence says."""
    said = error.message.lower()
    return next((what for what, words in _SENTENCES if any(word in said for word in words)), "other")


def disliked(error: TelegramError) -> str:
    """The parameter without which the call may well be taken; empty where that is no question of one."""
    return _LEFT_OUT.get(meaning(error), "")


def translated(error: TelegramError, method: str) -> AdapterError:
    """The same in the house's words, for a call that is not made again."""
    said = f"{method}: {error.message.rstrip('.')}"
    match error:
        case InvalidToken() if "method not found" in error.message.lower():
            return NotOffered(f"This Telegram server does not know the method ({said}).")
        case InvalidToken():
            return PlatformRefused(
                f"Telegram does not take the bot's token ({said}); "
                "correct TELEGRAM_BOT_TOKEN, or TELEGRAM_BASE_URL, in .env."
            )
        case Forbidden() | ChatMigrated():
            return ChatClosed(f"A Telegram chat is closed to the bot ({said}).")
        case Conflict():
            return PolledElsewhere(
                f"Telegram gives the updates to somebody else ({said}); "
                "stop the other process that uses this TELEGRAM_BOT_TOKEN, or its webhook."
            )
        case BadRequest():
            return _refused(meaning(error), said)
        case NotSent() | Flooded():
            return DeliveryFailed(f"Telegram does not serve the bot now ({said}).")
    return OutcomeUnknown(f"Telegram gave no answer to a call that went out ({said}).")


def _refused(what: Meaning, said: str) -> AdapterError:
    match what:
        case "large":
            return AttachmentRefused("size")
        case "lost":
            return AttachmentRefused("gone")
        case "file":
            return FileRefused(f"Telegram does not take a file ({said}).")
        case "gone":
            return MessageGone(f"A Telegram message cannot be changed any more ({said}).")
        case "closed" | "shut":
            return ChatClosed(f"A Telegram chat is closed to the bot ({said}).")
        case "drafts":
            return NotOffered(f"Telegram shows no drafts in this chat ({said}).")
    return DeliveryFailed(f"Telegram refused a call ({said}).")
