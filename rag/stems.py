"""English words to the form that their relatives share: `running`, `runs` and `ran` are all `run`."""

import re
from collections.abc import Mapping
from functools import lru_cache

# What no rule brings back: a verb or noun, and its other forms.
_IRREGULAR = """
be is am are was were been being; have has had having; do does did done; go goes went gone; get got gotten;
become became; begin began begun; bite bit bitten; blow blew blown; break broke broken; bring brought;
build built; buy bought; catch caught; choose chose chosen; come came; draw drew drawn; drink drank drunk;
drive drove driven; eat ate eaten; fall fell fallen; feel felt; fight fought; find found; fly flew flown;
forget forgot forgotten; freeze froze frozen; give gave given; grow grew grown; hear heard; hide hid hidden;
hold held; keep kept; know knew known; lead led; leave left; lend lent; lose lost; make made; meet met;
pay paid; ride rode ridden; rise rose risen; run ran; say said; see saw seen; sell sold; send sent;
shoot shot; show shown; sing sang sung; sit sat; sleep slept; speak spoke spoken; spend spent; stand stood;
steal stole stolen; stick stuck; swim swam swum; take took taken; teach taught; tell told; think thought;
throw threw thrown; understand understood; wake woke woken; wear wore worn; win won; write wrote written;
child children; foot feet; life lives; man men; mouse mice; person people; tooth teeth; wife wives;
woman women; good better best; bad worse worst
"""

_PLURAL = (
    (re.compile(r"ies$"), "y"),
    (re.compile(r"(?<=s[sh])es$|(?<=ch)es$|(?<=[xz])es$|(?<![sui])s$"), ""),
)
_ENDED = re.compile(r"(?<=\w{3})(?:ing|ed)$")
_TWICE = re.compile(r"([^lsz\d])\1$")
_DERIVED = re.compile(
    r"(?<=\w{4})(?:ational|fulness|ousness|iveness|i?[sz]ation|[aei]tion|[st]ion|ment|ness|ship|able|ible|[ae]nce"
    r"|[ae]nt|ful|ive|ity|ous|ist|ly|er|or|al|ic)$"
)


@lru_cache(maxsize=1)
def _irregular() -> Mapping[str, str]:
    rows = (row.split() for row in _IRREGULAR.split(";"))
    return {form: base for base, *forms in rows for form in forms}


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """The stem of a lower-case word; it need not be a word itself."""
    word = _irregular().get(word, word)
    if len(word) <= 3:
        return word
    for ending, instead in _PLURAL:
        word = ending.sub(instead, word)
    if (base := _ENDED.sub("", word)) != word:
        word = _TWICE.sub(r"\1", base)
    word = _DERIVED.sub("", word)
    if len(word) > 3:
        word = f"{word[:-1]}i" if word.endswith("y") else word.removesuffix("e")
    return word
