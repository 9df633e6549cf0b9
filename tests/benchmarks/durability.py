"""Once, in order, whatever dies: python -m tests.benchmarks.durability [--messages N]; status 1 where not."""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.chaos import Fleet, Report, conversations, fleet

RATE = 100  # messages a second
HANG = 20  # seconds
HANG_MESSAGES, HANG_CONVERSATIONS = 3000, 200
TAKEOVERS = 5


def main(argv: Sequence[str]) -> int:
    """Print the counts of each run."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.durability", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--conversations", type=int, default=500)
    parser.add_argument("--program", type=Path, help="a server's binary (the packaged one)")
    options = parser.parse_args(argv)
    return asyncio.run(_measure(options.messages, options.conversations, options.program))


async def takeover(program: Path | None) -> float:
    """Seconds from the death of a worker to the answer by another one."""
    with tempfile.TemporaryDirectory() as folder:
        async with fleet(Path(folder), program=program) as bot:
            return await bot.takeover()


async def _measure(messages: int, count: int, program: Path | None) -> int:
    sound = True
    for keyed in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            async with fleet(Path(folder), keyed, program) as bot:
                report = await bot.storm(conversations(messages, count), RATE, within=messages / 10)
        _print(f"{messages:,} messages in {count}, {'keyed' if keyed else 'plain'} sends", report)
        sound &= report.sound
    with tempfile.TemporaryDirectory() as folder:
        async with fleet(Path(folder), program=program) as bot:
            report = await _hung(bot)
    _print(f"the server hung for {HANG} s", report)
    seconds = [await takeover(program) for _ in range(TAKEOVERS)]
    _row("a dead worker's message taken over", f"{statistics.median(seconds):.2f} s", "goals 5 / 2")
    return 0 if sound and report.sound else 1


async def _hung(bot: Fleet) -> Report:
    posts = conversations(HANG_MESSAGES, HANG_CONVERSATIONS)
    async with bot.load(posts, RATE, within=HANG_MESSAGES / 10):
        await bot.hang_server(HANG)
    return await bot.report(posts)


def _print(title: str, report: Report) -> None:
    shown, remembered = report.shown, report.remembered
    print(f"{title} (load of the machine {os.getloadavg()[0]:.1f})")
    _row("replicas / servers killed", f"{report.replicas_killed} / {report.servers_killed}")
    _row("deliveries", f"{report.deliveries:,}")
    rate = f"{report.messages / report.seconds:.0f} of {RATE}"
    _row("seconds; messages answered and sent a second", f"{report.seconds:.0f}; {rate}")
    _row("lost / answered twice / out of order", " / ".join(map(str, shown[:3])), "goal 0")
    _row("final answers written over", f"{shown.rewritten}", "goal 0")
    _row("turns missing / twice / out of order", " / ".join(map(str, remembered[:3])), "goal 0")
    _row("turns unlike what was shown", f"{remembered.unlike}", "goal 0")
    _row("placeholders that nobody filled", f"{shown.orphans}")


def _row(name: str, value: str, goals: str = "") -> None:
    print(f"  {name:<46}{value:>14}  {goals}".rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
