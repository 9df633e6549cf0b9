"""What the asker reads of an Answer, of what is wrong with a message, and on the buttons below."""

import json
import math
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urljoin

from adapters.base import Button, Flaw, Message, Reply, Unreadable
from bot.phrases import phrases
from memory.base import Allowance, Refused, Turn
from rag.pictures import PICTURE_BYTES, PICTURES, Reason
from rag.types import Answer, Notice, Outcome

_CJK = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]{2,}")
_ENGLISH = re.compile(
    r"\b(the|an|is|are|am|was|how|what|which|where|when|why|who|do|does|did|can|could|should|will|would|to|of|for"
    r"|with|without|my|i|me|it|this|that|please|hi|hello|thanks?|you|your|we|not|any|about)\b",
    re.IGNORECASE,
)
_LOG = re.compile(
    r"Traceback|^\s+\S|\b\w*(Error|Exception|Warning)\b\s*:|^\W*(pip|python|conda|git|\$|>>>)\s"
)
_KINDS = "PNG, JPEG, WebP, GIF, BMP"
_SMALL_TALK: frozenset[Notice] = frozenset(("noted", "greeting", "thanks", "complaint"))
_UNITS = ((3600, "小时", "hour"), (60, "分钟", "minute"), (1, "秒", "second"))


def is_prose(text: str) -> bool:
    """Whether somebody speaks a language in it: a version, a command or a pasted log has none."""
    spoken = "\n".join(line for line in text.splitlines() if not _LOG.search(line))
    return bool(_CJK.search(text) or _ENGLISH.search(spoken))


def language_of(text: str, languages: Sequence[str]) -> str:
    """The asker's language, if the course speaks it; else the course's first."""
    written = "zh" if _CJK.search(text) else "en" if _LATIN.search(text) else ""
    return written if written in languages else languages[0]


def spoken(sender_language: str, languages: Sequence[str]) -> str:
    """The course's language nearest to what somebody's client is set to (`zh-hans`, `en-GB`, or empty).

    For any tongue but Chinese that is English, where the course speaks it.
    """
    tongue = re.split("[-_]", sender_language.lower())[0]
    nearest = ("en" if tongue not in ("", "zh") else tongue) or languages[0]
    return nearest if nearest in languages else languages[0]


def answer_text(answer: Answer, language: str, handed_over: bool = False) -> str:
    """What the asker reads: the answer with the sentence that its outcome asks for.

    `handed_over`: a question without evidence goes to the staff.
    """
    said = phrases(language)
    if answer.notice == "remembered" and not answer.text:
        return said.nothing_remembered
    if answer.outcome == "no_evidence":
        return said.handed_over if handed_over else said.no_evidence
    lead = {
        "": said.not_ours if answer.outcome == "not_ours" else "",
        "no_model": said.no_model,
        "model_down": said.model_down,
        "waiting": said.waiting,
        "remembered": said.remembered,
        "noted": said.noted,
        "greeting": said.greeting,
        "thanks": said.thanks,
        "complaint": said.complaint,
    }[answer.notice]
    told = f"{said.remembered}\n\n{answer.told}" if answer.told else ""
    return "\n\n".join(filter(None, (told, lead, answer.text)))


def picture_text(reason: Reason, language: str) -> str:
    """Why a picture that came with a question cannot be read, and what to do."""
    said = phrases(language)
    return {
        "number": said.too_many_pictures.format(limit=PICTURES),
        "size": said.picture_too_large.format(limit=f"{PICTURE_BYTES // 1_000_000} MB"),
        "type": said.not_a_picture.format(kinds=_KINDS),
        "damaged": said.picture_unreadable,
        "slow": said.picture_too_slow,
    }[reason]


def attachment_text(flaw: Flaw, language: str) -> str:
    """Why what came with a question cannot be had, and what to do."""
    said = phrases(language)
    return {
        "size": said.attachment_too_large,
        "type": said.unreadable_file,
        "gone": said.attachment_gone,
    }[flaw]


def unreadable_text(kind: Unreadable, language: str) -> str:
    """What to send in place of a message of this kind."""
    said = phrases(language)
    return {
        "": said.empty,
        "voice": said.voice,
        "sticker": said.sticker,
        "video": said.video,
        "file": said.unreadable_file,
        "other": said.unreadable,
    }[kind]


def unread_lead(kind: Unreadable, language: str) -> str:
    """What stands above the answer to the words below such a thing; a sticker needs no reading."""
    return "" if kind in ("", "sticker") else f"{phrases(language).unread}\n\n"


def refused_text(refused: Refused, allowance: Allowance, language: str) -> str:
    """Which limit a question is over, and when there is room again."""
    said = phrases(language)
    sentence, limit = {
        "minute": (said.over_minute, allowance.per_minute),
        "day": (said.over_day, allowance.per_day),
        "group": (said.over_group, allowance.group_per_minute),
    }[refused.limit]
    return sentence.format(limit=limit, wait=duration(refused.wait, language))


def duration(seconds: float, language: str) -> str:
    """`40 秒`, `25 分钟`, `3 小时` or the same in English; rounded up, so that waiting so long is enough."""
    size, chinese, english = next((unit for unit in _UNITS if seconds > 2 * unit[0]), _UNITS[-1])
    count = max(1, math.ceil(seconds / size))
    if language == "zh":
        return f"{count} {chinese}"
    return f"{count} {english}" + ("s" if count > 1 else "")


@dataclass(frozen=True, slots=True)
class _Traced:
    outcome: Outcome
    notice: Notice


class Given(Protocol):
    """What the buttons below an answer depend on."""

    @property
    def outcome(self) -> Outcome: ...
    @property
    def notice(self) -> Notice: ...


def answer_buttons(
    message_id: str, answer: Given, language: str, staffed: bool = False
) -> tuple[Button, ...]:
    """The buttons below the answer to this message; none where nothing was asked.

    `staffed`: there is somebody to hand the question to.
    """
    if answer.notice in _SMALL_TALK:
        return ()
    said, more = phrases(language), answer.outcome == "answered" and not answer.notice
    return (
        *vote_buttons(message_id),
        *([Button(said.more, f"/more {message_id}")] if more else ()),
        *([Button(said.ask_staff, f"/staff {message_id}")] if staffed else ()),
    )


def turn_buttons(turn: Turn, language: str, staffed: bool = False) -> tuple[Button, ...]:
    """Those below an answer of before; where it is not known how it came about, those to vote."""
    with suppress(ValueError, TypeError, KeyError):
        trace = json.loads(turn.trace)
        return answer_buttons(turn.message_id, _Traced(trace["outcome"], trace["notice"]), language, staffed)
    return vote_buttons(turn.message_id)


def vote_buttons(message_id: str) -> tuple[Button, ...]:
    """The buttons to vote for the answer to this message, or against it."""
    return (Button("👍", f"/feedback up {message_id}"), Button("👎", f"/feedback down {message_id}"))


def reason_buttons(message_id: str, language: str) -> tuple[Button, ...]:
    """The buttons to say what is wrong with the answer to this message."""
    said = phrases(language)
    labels = {"wrong": said.wrong, "missed": said.missed, "old": said.old, "unclear": said.unclear}
    return tuple(Button(label, f"/feedback down {message_id} {reason}") for reason, label in labels.items())


def shown(message: Message, language: str) -> str:
    """The message as its sender saw it: what stands on a button they pressed, not the command behind it."""
    said = phrases(language)
    labels = {"/more": said.more, "/again": said.again, "/staff": said.ask_staff}
    return labels.get(message.text.partition(" ")[0], message.shown)


def withheld(reply: Reply) -> str:
    """What stands in the place of an answer that its platform does not let through."""
    return phrases(language_of(reply.text, ("zh", "en"))).withheld


def lost(reply: Reply) -> tuple[str, Button]:
    """A note, in the language of the reply, that this may not have come, and the button to have it again."""
    said = phrases(language_of(reply.text, ("zh", "en")))
    return said.lost, Button(said.again, f"/again {reply.in_reply_to}")


def not_taken_back(reply: Reply) -> Reply:
    """What is said, in the language of the reply, where the answer that it was to take back stays."""
    return replace(reply, text=phrases(language_of(reply.text, ("zh", "en"))).recall_failed)


def link(url: str, web_url: str) -> str:
    """An address that works from anywhere; the bot's own pages are given relative to its web page."""
    return urljoin(web_url, url)
