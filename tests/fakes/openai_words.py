"""What a fake chat server says: answers out of the prompt, tokens, their cost, and LMDeploy's errors."""

import re
from typing import Any

from starlette.responses import JSONResponse, Response

DEAD_NODE = '{"error_code": 10402, "text": "Failed to get response after a period of time"}\n'
"""With HTTP 200, streamed or not: what LMDeploy's proxy says for a replica that does not answer."""


def out_of_the_first_passage(prompt: str) -> str:
    """The first sentences of the passage numbered [1], with its number; a plain word when there is none."""
    passage = re.search(r"^\[1\] [^\n]*\n(.*?)(?=\n</|\n\[2\] |\Z)", prompt, re.DOTALL | re.MULTILINE)
    if not passage:
        return "OK."
    sentences = re.split(r"(?<=[。！？!?])|(?<=\.)\s|\n{2,}", passage[1].strip(), maxsplit=3)
    return " ".join(filter(None, sentences[:2])).strip() + " [1]"


def tokens(text: str) -> list[str]:
    """The text in pieces as a tokenizer might cut it: a wide character, or five letters."""
    return re.findall(r"\s?[A-Za-z0-9]{1,5}|.", text, re.DOTALL)


def written(messages: list[dict[str, Any]]) -> str:
    """The text of all messages, without images."""
    contents = [message.get("content") or "" for message in messages]
    blocks = [block for content in contents for block in ([content] if isinstance(content, str) else content)]
    return "\n".join(block if isinstance(block, str) else block.get("text", "") for block in blocks)


def usage(prompt: int, completion: int, cached: int) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": None,
    }


def well_formed(message: Any) -> bool:
    if not isinstance(message, dict) or message.get("role") not in ("system", "user", "assistant", "tool"):
        return False
    content = message.get("content")
    if isinstance(content, list):
        return all(isinstance(block, dict) and "type" in block for block in content)
    if content is None:
        return bool(message.get("tool_calls"))
    return isinstance(content, str) and content == content.encode("utf-8", "replace").decode()


def error(status: int, message: str) -> dict[str, Any]:
    """LMDeploy's flat error."""
    return {
        "message": message,
        "type": "invalid_request_error" if status < 500 else "server_error",
        "code": status,
        "param": None,
        "object": "error",
    }


def refusal(status: int, message: str, **headers: str) -> Response:
    return JSONResponse(error(status, message), status, {k.replace("_", "-"): v for k, v in headers.items()})
