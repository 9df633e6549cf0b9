"""`puyu forget`: everything that is held of a person is erased."""

import asyncio
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict

from bot import app, mydata
from bot.desk_errands import shown_elsewhere
from bot.errands import queue
from bot.settings import Settings
from memory.base import Receipt

_PERSON = re.compile(r"[a-z]+:\S(?:.*\S)?")


def is_person(user: str) -> bool:
    """Whether this reads like a person's id: telegram:42, feishu:ou_x, web:name."""
    return _PERSON.fullmatch(user) is not None


def confirmed(user: str) -> bool:
    """What who sits at the terminal says to it; where there is none, a script has decided already."""
    if not sys.stdin.isatty():
        return True
    sys.stderr.write(f"Erase everything that is held of {user}, for good? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def erased(settings: Settings, user: str) -> Receipt:
    """Erase it, and how much it was."""
    return asyncio.run(_erased(settings, user))


async def _erased(settings: Settings, user: str) -> Receipt:
    async with app.open_memory(settings) as memory:
        receipt = await memory.people.forget(user)
        # A running bot takes the cards in the staff's chat back.
        for errand in shown_elsewhere(receipt, f"{user}:{time.time()}"):
            await queue(memory.errands, errand)
        return receipt


def fields(user: str, receipt: Receipt) -> Mapping[str, object]:
    """The receipt, to be read by a script: counts alone."""
    return {"user": user} | {name: one for name, one in asdict(receipt).items() if isinstance(one, int)}


def page(user: str, receipt: Receipt) -> str:
    """The receipt, to be read."""
    if not (lines := mydata.counted(receipt, "en")):
        return f"nothing is held of {user}"
    return "\n".join([f"erased of {user}:", *(f"  {line}" for line in lines)])
