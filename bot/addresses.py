"""Addresses in settings: which ones are good, and what is said of the others."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator


def is_address(url: str, schemes: tuple[str, ...]) -> bool:
    """Whether this is a URL of one of these schemes."""
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and parts.port != 0
    except ValueError:  # an open bracket, or a port that is no number
        return False


def is_web_address(url: str) -> bool:
    """Whether this is a URL of a web server."""
    return is_address(url, ("http", "https")) and bool(urlsplit(url).hostname)


def _web_address(text: str) -> str:
    if not is_web_address(text):
        raise ValueError("an address as https://example.org/course")
    return text


def clone_address(text: str) -> str:
    """The address of a repository; ValueError where git would take it for something else."""
    # Not anything that git takes: an option, or a helper's name before `::`, is a program that it runs.
    if not text.strip() or text.startswith("-") or "::" in text:
        raise ValueError("a repository as https://example.org/course.git or git@example.org:course.git")
    return text


WebAddress = Annotated[str, AfterValidator(_web_address)]
