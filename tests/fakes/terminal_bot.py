"""A scripted bot at this process's own terminal; it never finishes "hang", and does not accept "refuse"."""

import asyncio
import os
import sys

from adapters.terminal import TerminalAdapter
from tests.fakes.scripted_bot import Place, ScriptedBot, Step


def _script(question: str) -> list[Step]:
    if question == "hang":
        return ["Let me see", asyncio.Event()]
    return [
        f"{question}:",
        f"{question}: use **pip**.",
        f"{question}: use **pip**.\x1b[2J\n\nIt is on page 3.",
    ]


if __name__ == "__main__":
    bot = ScriptedBot(_script, [Place("Install", "With pip", "/read/install.md#pip", "r7")])
    bot.refused.add("refuse")
    asyncio.run(bot.serve(TerminalAdapter()))
    # What could not be printed is not tried once more at the end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
