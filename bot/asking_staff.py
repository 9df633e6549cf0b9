"""What students hand to the staff: votes against answers, questions, feedback."""

import re
from dataclasses import replace

from bot.command_call import Call, Said
from bot.conversations import chat_key
from bot.desk_words import words
from bot.handover import MOST, Handed, Handover, Waiting, gist, of_entry
from bot.posting import place_line
from bot.replies import reason_buttons
from bot.turns import Turns
from memory.base import REASONS, Reason, Votes
from memory.journal import Journal
from memory.staff import Cause

_MESSAGE = re.compile(r"\w+:\S+")
_AFTER = re.compile(r"#?(\d{1,9})\s+(\S.*)", re.DOTALL)


class AskingStaff:
    """Takes these in. Every call may raise MemoryUnavailable."""

    def __init__(
        self, turns: Turns, votes: Votes, journal: Journal, handover: Handover, waiting: Waiting
    ) -> None:
        self._turns = turns
        self._votes = votes
        self._journal = journal
        self._handover = handover
        self._waiting = waiting

    async def feedback(self, call: Call) -> Said:
        """Count a vote, or hand over what somebody wants to say."""
        vote, message_id, why = (*call.arguments.split(maxsplit=2), "", "", "")[:3]
        if vote not in ("up", "down"):
            return await self._remark(call)
        reason = REASONS.get(why) if vote == "down" else None
        if not message_id or (why and not reason):
            return Said(call.said.vote_usage)
        await self._votes.put(message_id, call.person, "up" if vote == "up" else "down", reason)
        if vote == "up":
            return Said(call.said.voted)
        said = await self._against(call, message_id, reason)
        # A group is not to read of every vote: there it is thanked for where only the voter sees it.
        if reason or call.in_group:
            return replace(said, text=call.said.voted)
        return replace(said, text=call.said.why_down, buttons=reason_buttons(message_id, call.language))

    async def ask(self, call: Call) -> Said:
        """Hand over a question: the one behind the command, that of a message, or the last one."""
        said = words(call.language)
        if not self._handover.offered:
            return Said(said.no_staff)
        if await self._is_enough(call):
            return Said(said.enough.format(count=MOST))
        if call.arguments and not _MESSAGE.fullmatch(call.arguments):
            return await self._question(call)
        message_id = call.arguments or await self._last(call)
        handed = await self._of_message("asked", call, message_id) if message_id else None
        if handed is None:
            return Said(said.gone if call.arguments else said.ask_usage)
        return Said(said.handed, errands=(self._handover.errand(handed),))

    async def _is_enough(self, call: Call) -> bool:
        """Whether so much of theirs waits that the staff is to be spared more; going on with it is none."""
        return not _AFTER.fullmatch(call.arguments) and await self._waiting(call.person) >= MOST

    async def _remark(self, call: Call) -> Said:
        said = words(call.language)
        if not self._handover.offered:
            return Said(said.no_staff)
        if await self._waiting(call.person) >= MOST:
            return Said(said.enough.format(count=MOST))
        handed = self._written("feedback", call)
        return Said(said.feedback, errands=(self._handover.errand(handed),))

    async def _against(self, call: Call, message_id: str, reason: Reason | None) -> Said:
        handed = await self._of_message("down_vote", call, message_id) if self._handover.offered else None
        if handed is None:
            return Said("")
        return Said("", errands=(self._handover.errand(replace(handed, reason=reason)),))

    async def _question(self, call: Call) -> Said:
        turn = await self._turns.last_of(call.conversation, call.person)
        handed = replace(self._written("asked", call), gist=gist([turn] if turn else []))
        # "/staff 12 …" goes on with question 12; the desk knows whether it is theirs.
        if after := _AFTER.fullmatch(call.arguments):
            handed = replace(handed, question=after[2], after=int(after[1]))
        return Said(words(call.language).handed, errands=(self._handover.errand(handed),))

    async def _last(self, call: Call) -> str:
        turn = await self._turns.last_of(call.conversation, call.person)
        return turn.message_id if turn else ""

    async def _of_message(self, cause: Cause, call: Call, message_id: str) -> Handed | None:
        """What was asked in this message, by whomever, where the one who hands it over could read it."""
        turn = await self._turns.of(call.conversation, message_id)
        entry = await self._journal.get(message_id)
        here = chat_key(call.message.conversation)
        if entry is not None and entry.chat == here:
            handed = of_entry(cause, entry, turn.question if turn else entry.question, "")
        elif turn is not None:
            handed = replace(self._written(cause, call), question=turn.question, asked=turn.question)
        else:
            return None
        by = replace(self._written(cause, call), message_id=message_id)
        told = f"> {turn.answer[:400]}".replace("\n", "\n> ") if turn else ""
        return replace(
            by,
            question=handed.question,
            asked=handed.asked,
            gist=told,
            found=turn.sources if turn else (),
            cohort=handed.cohort,
        )

    def _written(self, cause: Cause, call: Call) -> Handed:
        """What stands behind the command itself."""
        message, text = call.message, call.arguments
        return Handed(
            cause,
            text,
            text,
            message.sent_at.timestamp(),
            call.person,
            message.sender.name,
            message.id,
            place_line(message.conversation),
            call.language,
        )
