"""What the lines of a streamed answer say."""

import json
from collections.abc import Mapping
from typing import Any

from rag.faults import error_in_stream, no_answer
from rag.types import Usage


def to_event(line: str) -> dict[str, Any] | None:
    """The event in a line, which has `choices`; None for the lines between, a Fault for anything else."""
    field, _, value = line.partition(":")
    if field != "data":
        # LMDeploy's proxy tells of a dead node in one line of plain JSON.
        if field.strip() in ("", "event", "id", "retry"):
            return None
        raise no_answer(line)
    event = json.loads(value)
    if not isinstance(event, dict):
        raise no_answer(line)
    if (error := event.get("error")) or event.get("object") == "error":
        raise error_in_stream(error or event)
    if not isinstance(event.get("choices"), list):
        raise no_answer(line)
    return event


def to_usage(told: object) -> Usage | None:
    """What an answer cost; None where the server tells something else, which spoils no answer."""
    counts = _mapping(told)
    cached = _mapping(counts.get("prompt_tokens_details")).get("cached_tokens") or 0
    match counts.get("prompt_tokens"), counts.get("completion_tokens") or 0, cached:
        case int(prompt), int(completion), int(cached):
            return Usage(prompt, completion, cached)
    return None


def _mapping(told: object) -> Mapping[str, object]:
    return told if isinstance(told, dict) else {}


def behind_thoughts(text: str) -> str:
    """What follows the thoughts that some models say aloud first; empty while they last."""
    text = text.lstrip()
    if "<think>".startswith(text[:7]):
        return text.partition("</think>")[2].lstrip()
    return text
