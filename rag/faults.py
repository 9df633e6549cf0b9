"""What a model's server did wrong, in words that end a sentence which begins with its URL.

Fault          it may pass: down, overloaded, hanging, broken off
├── Refused    it stays until somebody changes a setting: the key, the model, the kind of request
├── Blank      the server works, but gave no word of an answer
└── Overflow   the server works, but the prompt does not fit
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

WORDS = 200
"""Characters of a server's own words that are told."""

# What a client trips over when a server says 200 and sends something else than an answer.
_TRIPPED = (httpx.HTTPError, httpx.InvalidURL, OSError, AttributeError, LookupError, TypeError, ValueError)

# LMDeploy, OpenAI, vLLM, SGLang and llama.cpp have no code in common for it.
_TOO_LONG = re.compile(
    r"context[ _](?:length|window|size)|maximum model length|(?:prompt|input) is too long", re.IGNORECASE
)

_LENGTH = re.compile(r"(?:context (?:length|window|size)|model length)\D{0,20}(\d{3,9})", re.IGNORECASE)

_PASSING = {408, 409, 425, 429, 499}

_KNOWN = {
    401: "refuses the key (HTTP 401): check LLM_API_KEY",
    403: "refuses the key (HTTP 403): check LLM_API_KEY",
    404: "knows no such model (HTTP 404): check LLM_MODEL",
    429: "is overloaded (HTTP 429)",
}


class Fault(Exception):
    """What went wrong; `rest` are the seconds for which the server asked to be left alone."""

    def __init__(self, text: str, rest: float = 0.0) -> None:
        super().__init__(text)
        self.rest = rest


class Refused(Fault):
    """Trying again does not help."""


class Blank(Fault):
    """No word of an answer came."""

    def __init__(self) -> None:
        super().__init__("gave an empty answer")


class Overflow(Fault):
    """The prompt does not fit; `length` are the tokens that do, 0 where the server does not say."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        told = _LENGTH.search(text)
        self.length = int(told[1]) if told else 0


@contextmanager
def faults() -> Iterator[None]:
    """Turn whatever a client raises inside into a Fault."""
    from aiohttp import ClientError
    from openai import OpenAIError

    try:
        yield
    except (OpenAIError, ClientError, *_TRIPPED) as error:
        raise _fault_of(error) from error


def no_answer(words: str) -> Fault:
    """What a server says with HTTP 200 where an answer should be."""
    return Fault(f"sent something that is no answer ({_short(words)})")


def error_in_stream(told: object) -> Fault:
    """The error that a stream tells instead of its next token."""
    if not isinstance(told, Mapping):
        return no_answer(str(told))
    # OpenAI's code is a word, LMDeploy's the status.
    code = told.get("code")
    words = f"{told.get('message') or dict(told)}"
    return _by_status(code, words) if isinstance(code, int) else _by_status(500, f"{code or ''} {words}")


def _fault_of(error: Exception) -> Fault:
    if isinstance(response := getattr(error, "response", None), httpx.Response):
        return _by_status(response.status_code, response.text, response.headers.get("retry-after", ""))
    links = list(_chain(error))
    if any(isinstance(link, TimeoutError) for link in links):
        return Fault("did not answer in time")
    if any(isinstance(link, httpx.HTTPError | httpx.InvalidURL | OSError) for link in links):
        return Fault(f"cannot be reached or hung up ({_short(str(links[-1]))})")
    return no_answer(str(links[-1]))


def _by_status(status: int, words: str, rest: str = "") -> Fault:
    if status == 413 or (status >= 400 and _TOO_LONG.search(words)):
        return Overflow(f"finds the prompt too long (HTTP {status}): {_short(words)}")
    text = _KNOWN.get(status, f"answered HTTP {status}: {_short(words)}")
    if 400 <= status < 500 and status not in _PASSING:
        return Refused(text)
    return Fault(text, rest=float(rest) if rest.isdecimal() else 0.0)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__


def _short(words: str) -> str:
    return " ".join(words.split())[:WORDS]
