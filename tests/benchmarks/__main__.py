"""Every figure that exists so far, beside its goals: `python -m tests.benchmarks [FOLDER OF DATA]`."""

import subprocess
import sys

EVERYWHERE = (
    "house",
    "memory",
    "answering",
    "knowledge",
    "inbox",
    "durability",
    "telegram",
    "feishu",
    "approval",
)
ON_LABELLED_DATA = ("retrieval", "cmrc", "locomo", "abuse", "approval", "etiquette", "grouping")


def main(arguments: list[str]) -> int:
    """Run each benchmark in a process of its own, so that none measures what another left behind."""
    runs = [[name] for name in EVERYWHERE]
    if arguments:
        runs += [[name, "--data", arguments[0]] for name in ON_LABELLED_DATA]
    status = 0
    for name, *options in runs:
        print(f"\n== {name}", flush=True)
        status |= subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}", *options]).returncode
    if not arguments:
        print("\n(retrieval and rejection: make bench DATA=FOLDER)")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
