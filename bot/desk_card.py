"""An item of the desk as the staff sees it."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from adapters.base import Button, Conversation, Reply
from bot.desk_words import words
from bot.mydata_words import words as mydata_words
from bot.posting import place_on
from memory.staff import Item
from rag.text import shortened

_SIGNS = re.compile(r"[*_`~\[\]()<>#|\\]")
_ASKED, _GIST, _ANSWER = 1200, 800, 1500


def card(item: Item, conversation: Conversation, language: str, zone: ZoneInfo) -> Reply:
    """The item with what may be done about it."""
    parts = (*_question(item, language, zone), _state(item, language, zone))
    return Reply(
        conversation,
        "\n\n".join(filter(None, parts)),
        item.found,
        buttons(item, language),
        final=True,
    )


def buttons(item: Item, language: str) -> tuple[Button, ...]:
    """What may be done about it by pressing."""
    said, number = words(language), item.number
    takes = (Button(said.assign, f"/assign {number}"), Button(said.ignore, f"/ignore {number}"))
    edits = (Button(said.edit, f"/edit {number}"), Button(said.reject, f"/reject {number}"))
    match item.state:
        case "open":
            return takes
        case "answered":
            return (Button(said.approve, f"/approve {number}"), *edits)
        case "approved":
            return edits
        case _:
            return ()


def draft(item: Item, language: str) -> str:
    """The pair that may be approved."""
    answer = shortened(item.answer, _ANSWER)
    return words(language).draft.format(question=item.draft or item.question, answer=answer)


def _question(item: Item, language: str, zone: ZoneInfo) -> tuple[str, ...]:
    said = words(language)
    gist = f"{said.before}\n\n{quoted(shortened(item.gist, _GIST))}" if item.gist else ""
    return (
        f"**#{item.number} · {said.causes[item.cause]}**",
        quoted(shortened(item.asked or item.question, _ASKED)),
        _asked_by(item, language, zone),
        gist,
    )


def _asked_by(item: Item, language: str, zone: ZoneInfo) -> str:
    if not item.askers:
        return ""
    said, first = words(language), item.askers[0]
    place = place_on(first.place)
    platform = dict(mydata_words(language).platforms).get(place.platform, place.platform)
    where = (said.group if place.kind == "group" else said.direct).format(platform=platform)
    sentence = said.asked_by if len(item.askers) == 1 else said.asked_by_many
    name = _plain(first.name) or said.somebody
    return sentence.format(name=name, count=len(item.askers), place=where, time=_time(item.at, zone))


def _state(item: Item, language: str, zone: ZoneInfo) -> str:
    said = words(language)
    fields = {"name": item.author or said.staff, "time": _time(item.answered_at, zone), "into": item.into}
    match item.state:
        case "open":
            taken = f"{said.assigned.format(name=item.assignee)}\n\n" if item.assignee else ""
            return taken + said.how_to
        case "answered":
            return f"{said.answered.format(**fields)}\n\n{draft(item, language)}"
        case "approved":
            return f"{said.approved.format(**fields)}\n\n{draft(item, language)}"
        case state:
            sentence = {"rejected": said.rejected, "ignored": said.ignored, "merged": said.merged}[state]
            return sentence.format(**fields)


def quoted(text: str) -> str:
    """The text as a quote: nothing in it formats what stands around it."""
    return "\n".join(f"> {line}" for line in text.strip().split("\n"))


def _plain(name: str) -> str:
    """A name that formats nothing: who writes to the bot may call themselves what they like."""
    return " ".join(_SIGNS.sub(" ", name).split())


def _time(at: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at, zone):%m-%d %H:%M}"
