"""The commands by which the staff sets how the bot behaves in a group, and speaks there in its name."""

import math
from collections.abc import Collection
from dataclasses import replace
from zoneinfo import ZoneInfo

from adapters.base import Conversation, Reply
from bot.arguments import group_of, is_group, none_of, number_of, one_of, place_of
from bot.command import Command, Misused
from bot.command_call import Call, Said
from bot.conversations import chat_key, group_settings
from bot.course import Course, Group
from bot.posting import post
from bot.staff_words import moment, staff_words
from memory.staff import GroupRule, RuleBook

DEFAULT = frozenset({"default", "默认"})
"""What takes back what was set, so that course.toml holds again."""

_MODES = {
    "mention": "mention",
    "helpful": "helpful",
    "quiet": "quiet",
    "提及": "mention",
    "热心": "helpful",
    "安静": "quiet",
}
_LONGEST = 525_600  # minutes


class GroupCommands:
    """What holds in a group, set and shown; something is said on `platforms`."""

    def __init__(self, course: Course, book: RuleBook, platforms: Collection[str]) -> None:
        self._course = course
        self._book = book
        self._platforms = platforms
        self._zone = ZoneInfo(course.schedule.timezone)

    @classmethod
    def table(cls) -> tuple[Command["GroupCommands"], ...]:
        """In the order of the help."""
        return (
            Command("mute", "静音", cls.mute, role="ta", usage="[MINUTES] [GROUP]"),
            Command("unmute", "取消静音", cls.unmute, role="ta", usage="[GROUP]"),
            Command("mode", "模式", cls.mode, role="admin", usage="[mention|helpful|quiet|default] [GROUP]"),
            Command("threshold", "门槛", cls.threshold, role="admin", usage="[0-1|default] [GROUP]"),
            Command("say", "代发", cls.say, ("help",), "admin", "[GROUP] TEXT"),
        )

    async def mute(self, call: Call) -> Said:
        """让我在群里安静一会儿 / keep me quiet in a group for a while."""
        group, rest = group_of(call)
        rule, words, place = await self._rule(group), staff_words(call.language), place_of(group, call)
        if not rest:
            await self._set(group, replace(rule, muted_until=math.inf))
            return Said(words.muted.format(group=place), before=self._muting(rule), after="muted")
        # From when it was asked for, so that it is the same however often it is done.
        until = call.message.sent_at.timestamp() + 60 * number_of(one_of(rest), 1, _LONGEST)
        await self._set(group, replace(rule, muted_until=until))
        then = moment(until, self._zone)
        said = words.muted_until.format(group=place, until=then)
        return Said(said, before=self._muting(rule), after=f"muted until {then}")

    async def unmute(self, call: Call) -> Said:
        """让我在群里重新说话 / let me speak in a group again."""
        group, rest = group_of(call)
        none_of(rest)
        rule = await self._rule(group)
        await self._set(group, replace(rule, muted_until=0.0))
        said = staff_words(call.language).unmuted.format(group=place_of(group, call))
        return Said(said, before=self._muting(rule), after="not muted")

    async def mode(self, call: Call) -> Said:
        """设定我在群里什么时候说话 / set when I speak in a group."""
        group, rest = group_of(call)
        rule, words, place = await self._rule(group), staff_words(call.language), place_of(group, call)
        of_course = self._of_course(group).mode
        now = rule.mode or of_course
        if not rest:
            return Said(words.mode.format(group=place, mode=words.modes[now]))
        asked = one_of(rest).lower()
        if asked not in _MODES and asked not in DEFAULT:
            raise Misused
        mode = _MODES.get(asked, "")
        await self._set(group, replace(rule, mode=mode))
        sentence, then = (words.mode, mode) if mode else (words.mode_back, of_course)
        said = sentence.format(group=place, mode=words.modes[then])
        return Said(said, before=f"mode {now}", after=f"mode {then}")

    async def threshold(self, call: Call) -> Said:
        """设定 helpful 模式下多相关才回答 / set how relevant a question must be in helpful mode."""
        group, rest = group_of(call)
        rule, words, place = await self._rule(group), staff_words(call.language), place_of(group, call)
        of_course = self._of_course(group).threshold
        now = of_course if rule.threshold is None else rule.threshold
        if not rest:
            return Said(words.threshold.format(group=place, threshold=_told(now, words.measured)))
        asked = _fraction(one_of(rest))
        await self._set(group, replace(rule, threshold=asked))
        sentence, then = (words.threshold_back, of_course) if asked is None else (words.threshold, asked)
        said = sentence.format(group=place, threshold=_told(then, words.measured))
        return Said(said, before=f"threshold {_told(now)}", after=f"threshold {_told(then)}")

    async def say(self, call: Call) -> Said:
        """以我的名义在群里发一段话 / post something in a group in my name."""
        words = staff_words(call.language)
        first, text = (*call.arguments.split(maxsplit=1), "", "")[:2]
        if is_group(first):
            platform, _, chat = first.partition(":")
            place = Conversation(platform, chat, "group")
        elif call.in_group:
            place, text = call.message.conversation, call.arguments
        else:
            raise Misused(words.which_group)
        if not (text := text.strip()):
            raise Misused
        if place.platform not in self._platforms:
            return Said(words.not_connected.format(platform=place.platform))
        errand = post(f"say:{call.message.id}", Reply(place, text, final=True))
        said = words.posted.format(group=place_of(chat_key(place), call))
        return Said(said, errands=(errand,), after=f"{chat_key(place)}: {text}")

    def _of_course(self, group: str) -> Group:
        platform, _, chat = group.partition(":")
        return group_settings(self._course, Conversation(platform, chat, "group"))

    async def _rule(self, group: str) -> GroupRule:
        return (await self._book.rules()).groups.get(group, GroupRule())

    async def _set(self, group: str, rule: GroupRule) -> None:
        await self._book.set_group(group, None if rule == GroupRule() else rule)

    def _muting(self, rule: GroupRule) -> str:
        until = rule.muted_until
        if not until:
            return "not muted"
        return "muted" if math.isinf(until) else f"muted until {moment(until, self._zone)}"


def _fraction(word: str) -> float | None:
    """A relevance, or None for the default. Raises Misused."""
    if word.lower() in DEFAULT:
        return None
    try:
        number = float(word)
    except ValueError:
        raise Misused from None
    if not 0 <= number <= 1:
        raise Misused
    return number


def _told(threshold: float | None, measured: str = "default") -> str:
    return measured if threshold is None else f"{threshold:g}"
