"""The commands of those who ask. A docstring is the help line, Chinese and English, parted by a slash."""

from zoneinfo import ZoneInfo

from adapters.base import place_of
from bot.asking_staff import AskingStaff
from bot.command import Command
from bot.command_call import Call, Said
from bot.handover import Handover, Waiting, none_waiting
from bot.own_data import OwnData
from bot.phrases import CHINESE, ENGLISH
from bot.replies import turn_buttons
from bot.turns import Turns
from memory.base import History, MemoryUnavailable, People, Turn, Votes
from memory.journal import Journal

_UTC = ZoneInfo("UTC")


class StudentCommands:
    """What anybody may have done; dates are told in `zone`."""

    def __init__(
        self,
        course_name: str,
        history: History,
        votes: Votes,
        people: People,
        handover: Handover,
        journal: Journal,
        zone: ZoneInfo = _UTC,
        waiting: Waiting = none_waiting,
    ) -> None:
        self._course_name = course_name
        self._history = history
        self._turns = Turns(history)
        self._staffed = handover.offered
        self._asking = AskingStaff(self._turns, votes, journal, handover, waiting)
        self._own_data = OwnData(people, zone)

    @classmethod
    def table(cls) -> tuple[Command["StudentCommands"], ...]:
        """In the order of the help."""
        return (
            Command("ask", "问", cls.ask),
            Command("new", "新对话", cls.new),
            Command("sources", "来源", cls.sources),
            Command("recall", "撤回", cls.recall),
            Command("mydata", "我的数据", cls.mydata, ("help", "direct")),
            Command("forget", "忘记我", cls.forget),
            Command("staff", "转人工", cls.staff, usage="[QUESTION]"),
            Command("feedback", "反馈", cls.feedback, ("help",), usage="TEXT"),
            Command("start", "开始", cls.start, ()),
            Command("more", "再详细", cls.more, ()),
            Command("again", "再发", cls.again, ()),
        )

    async def erased_here(self, call: Call) -> Said:
        """What they said in this conversation is forgotten."""
        return await self._own_data.erased_here(call)

    async def ask(self, call: Call) -> Said:
        """问一个问题，在群里也行：/ask 问题 / ask a question, in groups too: /ask QUESTION."""
        return Said(call.said.ask_usage)

    async def start(self, call: Call) -> Said:
        """认识一下 / see who I am."""
        if not call.in_group:
            return Said(call.said.welcome.format(course=self._course_name))
        # Nobody's language is known there.
        both = (said.group_welcome.format(course=self._course_name) for said in (CHINESE, ENGLISH))
        return Said("\n\n".join(both))

    async def more(self, call: Call) -> Said:
        """把一条回答讲得更详细 / have an answer in more detail."""
        return Said(call.said.more_gone)

    async def again(self, call: Call) -> Said:
        """把一条回答再发一次 / have an answer sent again."""
        turn = await self._turns.newest(call.conversation, lambda one: call.arguments in (one.message_id, ""))
        if turn is None:
            return Said(call.said.again_gone)
        return Said(turn.answer, turn_buttons(turn, call.language, self._staffed), turn.sources)

    async def new(self, call: Call) -> Said:
        """开始新对话，前面的不再作数 / start a new conversation, what was said before no longer counts."""
        try:
            await self._history.clear(call.conversation)
        except MemoryUnavailable:
            return Said(call.said.forgetting_failed)
        return Said(call.said.new_conversation)

    async def sources(self, call: Call) -> Said:
        """看上一个回答的出处 / see where the last answer comes from."""
        remembered = await self._history.load(call.conversation, call.person)
        last = remembered.turns[-1].sources if remembered.turns else ()
        if not last:
            return Said(call.words.no_sources)
        # By name in the text, since a platform may fold the links below it.
        names = (place_of(one) for one in last)
        lines = (f"{number}. {name}" for number, name in enumerate(names, 1))
        return Said("\n".join([call.words.sources, "", *lines]), sources=last)

    async def recall(self, call: Call) -> Said:
        """撤回我的上一条回答 / take my last answer to you back."""

        def is_meant(turn: Turn) -> bool:
            return turn.sender == call.person and call.arguments in ("", turn.message_id)

        turn = await self._turns.newest(call.conversation, is_meant)
        if turn is None:
            return Said(call.said.nothing_to_recall)
        return Said(call.said.recalled, retract=turn.message_id)

    async def mydata(self, call: Call) -> Said:
        """看看我记着你的什么 / see what I hold of you."""
        return await self._own_data.shown(call)

    async def forget(self, call: Call) -> Said:
        """让我忘掉关于你的一切 / have everything I hold of you erased."""
        return await self._own_data.erased(call)

    async def staff(self, call: Call) -> Said:
        """把问题转给助教，不写就转上一个 / hand a question to the staff, without one your last."""
        return await self._asking.ask(call)

    async def feedback(self, call: Call) -> Said:
        """给助教提意见，或给一条回答点赞、点踩 / tell the staff what to improve, or vote on an answer."""
        try:
            return await self._asking.feedback(call)
        except MemoryUnavailable:
            return Said(call.said.vote_failed)
