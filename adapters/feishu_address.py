"""Whom a Feishu text speaks to, and what it says: the bot's @ taken out, others' as their names."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from adapters.feishu_json import text

_PLACE = r"@_user_\d+|@_all(?![A-Za-z0-9_])"
_GONE = "\0"
# A name at the beginning goes with what stands between it and what is said to it.
_BEGINNING = re.compile(rf"^(?:[ \t]*{_GONE}[ \t\xa0,，:：、]*)+", re.MULTILINE)
_INSIDE = re.compile(rf"[ \t]*{_GONE}(?!\w)|{_GONE}")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is said. `called`: the bot was named; `others`: somebody else was, `everybody`: all of the group.

    `lost`: somebody was of whom Feishu does not tell who it is.
    """

    text: str
    called: bool = False
    others: bool = False
    everybody: bool = False
    lost: bool = False


def spoken(open_id: str, said: str, mentions: Sequence[object]) -> Spoken:
    """A text with the mentions in it, as events or as GET have them; `open_id` is the bot's."""
    who = {text(one, "key"): _id(one) for one in mentions}
    names = {text(one, "key"): text(one, "name") for one in mentions}
    place = _place(who)
    keys = place.findall(said)
    persons = [key for key in keys if key != "@_all"]
    ours = {key for key in persons if who.get(key, "") in ("", open_id)}
    return Spoken(
        _without(said, place, ours, names),
        any(who.get(key) == open_id for key in persons),
        any(key not in ours for key in persons),
        "@_all" in keys,
        any(not who.get(key) for key in persons),
    )


def named(mentions: Sequence[object]) -> dict[str, str]:
    """The names of those who are mentioned, by their open_id."""
    return {_id(one): text(one, "name") for one in mentions if _id(one) and text(one, "name")}


def _id(mention: object) -> str:
    return text(mention, "id", "open_id") or text(mention, "id")


def _place(known: Iterable[str]) -> re.Pattern[str]:
    """What stands for somebody; a number may follow it at once, so those that are known go first."""
    longest_first = sorted((key for key in known if key.startswith("@_user_")), key=len, reverse=True)
    return re.compile("|".join([*map(re.escape, longest_first), _PLACE]))


def _without(said: str, place: re.Pattern[str], gone: set[str], names: Mapping[str, str]) -> str:
    """The text without these placeholders and the blanks that they leave, the others as names."""

    def shown(match: re.Match[str]) -> str:
        key = match[0]
        if key in gone:
            return _GONE
        return "@all" if key == "@_all" else f"@{names.get(key) or '?'}"

    marked = place.sub(shown, said.replace(_GONE, ""))
    return _INSIDE.sub("", _BEGINNING.sub("", marked)).strip()
