"""Links in an answer: those that the model was given, and no others."""

import re

# A picture or a link with its label, else a bare address.
_LINK = re.compile(
    r"!?\[(?P<label>[^\[\]]*+)\]\((?P<to>[^()\s]*+)[^()]*+\)|(?P<bare>https?://[^\s<>()\[\]\"'`，。；、）】]++)"
)


def only_given(text: str, given: str) -> str:
    """The text with the links that stand in what was `given`; of others the label stays.

    Code is left as it is by whoever renders it: there a link is none.
    """
    return _LINK.sub(lambda link: _kept(link, given), text)


def _kept(link: re.Match[str], given: str) -> str:
    address = (link["bare"] or link["to"]).rstrip(".,;:!?")
    if address in given:
        return link[0]
    return "…" if link["bare"] else link["label"]
