"""What the model may call while it answers: a calculator, equations, the course's passages and its dates."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel

from rag.arithmetic import Incomputable, calculated
from rag.citations import told_apart
from rag.equations import equation, solve, stated
from rag.prompts import fenced
from rag.sessions import Session, of_cohort, told
from rag.text import readable, shortened
from rag.types import Hit, Passage, RagError, Searcher

FOUND = 3
"""Passages of one search."""

PASSAGE_LIMIT = 1500
"""Characters of one of them."""

RESULT_LIMIT = 6000
"""Characters of a tool's result."""

QUERY_LIMIT = 300
"""Characters that are searched for."""


class _Expression(BaseModel):
    expression: str


class _Equations(BaseModel):
    equations: str


class _Query(BaseModel):
    query: str


class _Nothing(BaseModel):
    pass


class Toolbox:
    """The tools of one answer. `hits` are its passages, those `given` first; `used` says that a tool helped.

    A tool that cannot do what it is asked says so to the model. None runs code, reads a file or asks the
    network for more than the search does.
    """

    def __init__(
        self,
        searcher: Searcher,
        sessions: Sequence[Session] = (),
        cohort: str = "",
        given: Sequence[Hit] = (),
    ) -> None:
        self._searcher = searcher
        self._sessions = of_cohort(sessions, cohort)
        self._cohort = cohort
        self.hits = list(given)
        self.used = False

    def tools(self) -> list[BaseTool]:
        """Those that there is something behind."""
        tools = [
            _tool(self.calculator, _Expression),
            _tool(self.solve_equation, _Equations),
            _tool(self.search_course, _Query),
        ]
        return [*tools, _tool(self.course_schedule, _Nothing)] if self._sessions else tools

    async def calculator(self, expression: str) -> str:
        """Work out an arithmetic expression, like (7e9*2)/1024**3 or sqrt(2)*5%. Functions: sqrt, exp, ln,
        log10, log2, sin, cos, tan, abs, min, max, round, floor, ceil. No variables and no units."""
        try:
            text = calculated(expression)
        except Incomputable as problem:
            return f"Not computed: {problem}"
        return self._helped(text)

    async def solve_equation(self, equations: str) -> str:
        """Solve one equation in one unknown, like 2x+3=10, or a linear system, like x+y=3; x-y=1.
        Unknowns are single letters."""
        try:
            solution = solve([equation(each) for each in re.split(r"[;；\n]", equations) if each.strip()])
        except Incomputable as problem:
            return f"Not solved: {problem}"
        verdicts = {"none": "No real number solves it.", "all": "Every number solves it."}
        return self._helped(verdicts.get(solution.kind) or " or ".join(map(stated, solution.roots)))

    async def search_course(self, query: str) -> str:
        """Search the documents of the course. Gives numbered passages; cite them by their numbers."""
        query = shortened(readable(query), QUERY_LIMIT)
        try:
            found = await asyncio.to_thread(self._searcher.search, query, FOUND, self._cohort)
        except RagError:
            return "The search does not work just now."
        hits = told_apart(found.hits, self._cohort) if self._cohort else found.hits
        if not hits:
            return "Nothing was found."
        return self._helped("\n".join(_numbered(self._place(hit), hit.passage) for hit in hits[:FOUND]))

    async def course_schedule(self) -> str:
        """The sessions of the course: when each begins, and when its homework is due."""
        now = datetime.now(next((each.starts.tzinfo for each in self._sessions if each.starts), None))
        return self._helped(f"Now it is {now:%a %Y-%m-%d %H:%M}.\n{told(self._sessions, chinese=False)}")

    def _helped(self, result: str) -> str:
        self.used = True
        return shortened(result, RESULT_LIMIT)

    def _place(self, hit: Hit) -> int:
        """The passage's number from 1; each stands in `hits` once."""
        known = [each.passage.id for each in self.hits]
        if hit.passage.id not in known:
            self.hits.append(hit)
            known.append(hit.passage.id)
        return known.index(hit.passage.id) + 1


def _tool(work: Callable[..., Awaitable[str]], arguments: type[BaseModel]) -> BaseTool:
    """The tool with the name and the docstring of what does its work."""
    return StructuredTool(
        name=work.__name__,
        description=" ".join((work.__doc__ or "").split()),
        coroutine=work,
        args_schema=arguments,
    )


def _numbered(number: int, passage: Passage) -> str:
    place = " › ".join(dict.fromkeys((passage.title, *passage.heading_path)))
    head = " ".join(readable(place).split())
    text = shortened(readable(passage.text), PASSAGE_LIMIT)
    return f"<passage>\n[{number}] {fenced(head)}\n{fenced(text)}\n</passage>"
