"""The commands about people: how much they may ask, whom the bot ignores, who may do what and did it."""

import math
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from adapters.base import Sender
from bot.arguments import asked_back, confirmed, number_of, one_of, person_of
from bot.command import Command, Misused
from bot.command_call import Call, Said
from bot.course import Course
from bot.group_commands import DEFAULT
from bot.handover import is_staff_chat
from bot.roles import Roles
from bot.staff_words import StaffWords, moment, staff_words
from memory.staff import Audit, Deed, Role, RuleBook

_ROLES: Mapping[str, Role] = {"ta": "ta", "助教": "ta", "admin": "admin", "管理员": "admin"}
_SHOWN, _MOST_SHOWN = 10, 50
_LONGEST = 80  # letters of a command, as the log is shown
_HOURS, _QUESTIONS = 87_600, 100_000


class StaffCommands:
    """What holds for people, set and shown, and the audit log."""

    def __init__(self, course: Course, book: RuleBook, roles: Roles, audit: Audit) -> None:
        self._course = course
        self._book = book
        self._roles = roles
        self._audit = audit
        self._zone = ZoneInfo(course.schedule.timezone)

    @classmethod
    def table(cls) -> tuple[Command["StaffCommands"], ...]:
        """In the order of the help."""
        return (
            Command("quota", "额度", cls.quota, role="admin", usage="[PERSON] [N|default]"),
            Command("ban", "封禁", cls.ban, ("help",), "admin", "PERSON [HOURS]"),
            Command("unban", "解封", cls.unban, ("help",), "admin", "PERSON"),
            Command("grant", "授权", cls.grant, ("help",), "admin", "PERSON ta|admin"),
            Command("revoke", "撤权", cls.revoke, ("help",), "admin", "PERSON"),
            Command("audit", "审计", cls.audit, role="admin", usage="[N]"),
        )

    async def quota(self, call: Call) -> Said:
        """看或改一个人每天能问多少 / see or set how many questions a day a person may ask."""
        words, own = staff_words(call.language), (await self._book.rules()).per_day
        default = self._course.limits.questions_per_day
        who, *rest = call.arguments.split() or [""]
        if not who:
            return Said(self._limits(words, own))
        person = person_of(who, call)
        now = own.get(person, default)
        if not rest:
            day = str(now) if person in own else words.default_limit.format(day=default)
            return Said(words.limit_of.format(person=person, day=day))
        asked = one_of(rest)
        number = None if asked.lower() in DEFAULT else number_of(asked, 1, _QUESTIONS)
        await self._book.set_per_day(person, number)
        sentence, then = (words.limit_back, default) if number is None else (words.limit_set, number)
        return Said(sentence.format(person=person, day=then), before=f"{now} a day", after=f"{then} a day")

    async def ban(self, call: Call) -> Said:
        """不再理会一个人 / ignore a person."""
        sure, call = confirmed(call)
        who, *rest = call.arguments.split() or [""]
        person, words = person_of(who, call), staff_words(call.language)
        role = await self._roles.of(Sender(person))
        if role != "student":
            return Said(words.is_staff.format(person=person, role=words.roles[role]))
        hours = number_of(one_of(rest), 1, _HOURS) if rest else math.inf
        # From when it was asked for, so that it is the same however often it is done.
        until = call.message.sent_at.timestamp() + 3600 * hours
        span = words.until.format(until=moment(until, self._zone)) if rest else words.for_good
        if not sure:
            question = words.sure_ban.format(person=person, until=span)
            return asked_back(call, question, " ".join(["/ban", person, *rest]))
        before = (await self._book.rules()).banned.get(person, 0.0)
        await self._book.ban(person, until)
        said = words.banned.format(person=person, until=span)
        return Said(said, before=self._banning(before), after=self._banning(until))

    async def unban(self, call: Call) -> Said:
        """重新理会一个人 / heed a person again."""
        person, words = person_of(one_of(call.arguments.split()), call), staff_words(call.language)
        before = (await self._book.rules()).banned.get(person, 0.0)
        await self._book.ban(person, None)
        said = words.unbanned.format(person=person)
        return Said(said, before=self._banning(before), after=self._banning(0.0))

    async def grant(self, call: Call) -> Said:
        """让一个人当助教或管理员 / make a person a TA or an admin."""
        sure, call = confirmed(call)
        who, *rest = call.arguments.split() or [""]
        words, person, role = (
            staff_words(call.language),
            person_of(who, call),
            _ROLES.get(one_of(rest).lower()),
        )
        if role is None:
            raise Misused
        if person.startswith("web:"):
            return Said(words.by_name_only)
        if role == "admin" and not sure:
            return asked_back(call, words.sure_grant.format(person=person), f"/grant {person} admin")
        before = await self._roles.of(Sender(person))
        await self._book.set_role(person, role)
        return await self._now(person, role, before, call)

    async def revoke(self, call: Call) -> Said:
        """收回一个人的权限 / take a person's rights back."""
        sure, call = confirmed(call)
        person, words = person_of(one_of(call.arguments.split()), call), staff_words(call.language)
        before = await self._roles.of(Sender(person))
        if not sure:
            if person not in (await self._book.rules()).roles:
                return await self._now(person, "student", before, call)
            question = words.sure_revoke.format(person=person, role=words.roles[before])
            return asked_back(call, question, f"/revoke {person}")
        await self._book.set_role(person, None)
        return await self._now(person, "student", before, call)

    async def audit(self, call: Call) -> Said:
        """看最近谁做了什么 / see who did what of late."""
        words, rest = staff_words(call.language), call.arguments.split()
        count = number_of(one_of(rest), 1, _MOST_SHOWN) if rest else _SHOWN
        if call.in_group and not is_staff_chat(self._course.staff, call.message):
            return Said(words.not_here)
        if not (deeds := await self._audit.newest(count)):
            return Said(words.no_deeds)
        lines = (self._line(one, words) for one in deeds)
        return Said("\n".join([words.deeds.format(zone=self._zone.key), "", *lines]))

    async def _now(self, person: str, meant: Role, before: Role, call: Call) -> Said:
        """What they are by now; course.toml may have them be more than was meant."""
        now, words = await self._roles.of(Sender(person)), staff_words(call.language)
        sentence = words.is_now if now == meant else words.in_course
        return Said(sentence.format(person=person, role=words.roles[now]), before=before, after=now)

    def _limits(self, words: StaffWords, own: Mapping[str, int]) -> str:
        limits = self._course.limits
        general = words.limits.format(
            day=limits.questions_per_day,
            minute=limits.questions_per_minute,
            group=limits.group_questions_per_minute,
        )
        lines = [f"- {words.limit_of.format(person=one, day=day)}" for one, day in sorted(own.items())]
        return "\n".join([general, *(["", words.own_limits, "", *lines] if lines else [])])

    def _banning(self, until: float) -> str:
        if not until:
            return "not banned"
        return "banned" if math.isinf(until) else f"banned until {moment(until, self._zone)}"

    def _line(self, deed: Deed, words: StaffWords) -> str:
        command = " ".join(deed.command.replace("`", "'").split())
        line = words.deed.format(
            at=moment(deed.at, self._zone),
            name=deed.name,
            person=deed.person,
            chat=deed.chat,
            command=command if len(command) <= _LONGEST else f"{command[:_LONGEST]}…",
        )
        change = words.changed.format(before=deed.before or "–", after=deed.after)
        return " · ".join([line, *([words.refused] if deed.refused else [change] if deed.after else [])])
