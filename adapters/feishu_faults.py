"""What goes wrong between the bot and Feishu, said in the words of this house.

AdapterError              (adapters/base.py)
├── NoBot                 the app has no bot ability
└── DeliveryFailed
    ├── NoAnswer          no answer came, or none of Feishu's: whether the call was done is not known
    ├── ScopeMissing      the app lacks a right; the sentence names it and where to add it
    ├── QuotaUsedUp       the tenant has used up its calls of this month
    ├── Dropped           a frame that would have had to wait, or that failed
    ├── QuestionGone      the message that was to be answered has been withdrawn
    ├── MessageGone       the message is not there any more, or cannot be changed
    ├── NoThreads         this group has no threads: reply without one
    ├── Muted             nobody, or not the bot, may write in this chat now
    ├── ContentRefused    what was said may not be said there (sensitive words, data protection)
    └── CardRefused       this card cannot be shown: say it more simply
        └── StreamClosed  the card takes no more frames: open its streaming again, or write it as a whole
"""

from adapters.base import AdapterError, DeliveryFailed


class NoBot(AdapterError):
    """The app has no bot ability."""


class NoAnswer(DeliveryFailed):
    """No answer came, or none of Feishu's: whether the call was done is not known."""


class ScopeMissing(DeliveryFailed):
    """The app lacks a right; the sentence names it and where to add it."""


class QuotaUsedUp(DeliveryFailed):
    """The tenant has used up its calls of this month."""


class Dropped(DeliveryFailed):
    """A frame that would have had to wait, or that failed: what is shown may be as before, or this."""


class QuestionGone(DeliveryFailed):
    """The message that was to be answered has been withdrawn."""


class MessageGone(DeliveryFailed):
    """The message is not there any more, or cannot be changed: send a new one."""


class NoThreads(DeliveryFailed):
    """This group has no threads: reply without one."""


class Muted(DeliveryFailed):
    """Nobody, or not the bot, may write in this chat now."""


class ContentRefused(DeliveryFailed):
    """What was said may not be said there: only something short and neutral may."""


class CardRefused(DeliveryFailed):
    """This card cannot be shown; `code` says why, the inner one where Feishu names one."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


class StreamClosed(CardRefused):
    """The card takes no more frames: open its streaming again, or write it as a whole."""
