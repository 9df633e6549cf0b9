"""Regular expressions put together from lists of words, so that they can be read."""

import re


def any_of(*words: str) -> str:
    """Any of the expressions that stand in the strings, apart by blanks; `\\s` is a blank within one."""
    return f"(?:{'|'.join(' '.join(words).split())})"


def any_way(*ways: str) -> re.Pattern[str]:
    """What matches one of the expressions; upper and lower case are the same."""
    return re.compile("|".join(ways), re.IGNORECASE)
