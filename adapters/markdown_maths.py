r"""TeX formulas as text, for where no formula can be set: `\frac{QK^T}{\sqrt{d_k}}` -> QKᵀ/√dₖ."""

import re
import unicodedata
from html.entities import html5

_TOKEN = re.compile(r"\\(?:[A-Za-z]+\*?|.)|\s+|.", re.DOTALL)
_RAISED = str.maketrans(
    "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW*′∘⊤",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ*′°ᵀ",
)
_LOWERED = str.maketrans("0123456789+-−=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ")
_ACCENTS = {
    "bar": "\u0304", "ddot": "\u0308", "dot": "\u0307", "hat": "\u0302", "overline": "\u0304",
    "tilde": "\u0303", "vec": "\u20d7", "widehat": "\u0302", "widetilde": "\u0303",
}  # fmt: skip
_FRACTIONS = frozenset({"cfrac", "dfrac", "frac", "tfrac"})
_ALPHABETS = {"mathbb": "DOUBLE-STRUCK", "mathcal": "SCRIPT", "mathscr": "SCRIPT", "mathfrak": "BLACK-LETTER"}
_FONT = re.compile(
    r"math(bf|it|normal|rm|sf|tt)|text(bf|it|rm|tt)?|bm|boldsymbol|boxed|mbox|operatorname\*?|(over|under)brace|pmb"
)
_UNSEEN = re.compile(
    r"!|[Bb]igg?[lr]?|left|right|middle|(no)?limits|(display|script|text)style|bf|it|rm|nonumber|notag"
)
_FUNCTION = re.compile(
    r"\\(Pr|arg(max|min)?|(arc)?(cos|sin|tan)|(cos|sin|tan)h|cot|det|dim|exp|gcd|inf|ker|lim(inf|sup)?|ln|log"
    r"|max|min|sup)"
)
# Those that HTML does not know, or knows as something else; it calls the others as TeX does.
_SYMBOLS = {
    "bmod": " mod ", "cdot": "·", "cdots": "⋯", "circ": "∘", "colon": ":", "ddots": "⋱", "dots": "…",
    "epsilon": "ε", "exists": "∃", "gets": "←", "gt": ">", "iff": "⇔", "iint": "∬", "implies": "⇒",
    "infty": "∞", "lVert": "‖", "land": "∧", "lbrace": "{", "lbrack": "[", "ldots": "…", "lor": "∨",
    "lt": "<", "lvert": "|", "mid": "|", "neg": "¬", "neq": "≠", "ni": "∋", "partial": "∂", "prime": "′",
    "qquad": " ", "quad": " ", "rVert": "‖", "rbrace": "}", "rbrack": "]", "rvert": "|", "star": "⋆",
    "tag": " ", "to": "→", "top": "⊤", "varepsilon": "ε", "varphi": "φ", "vdots": "⋮", "vert": "|",
    "Vert": "‖", "|": "‖", ",": " ", ";": " ", ":": " ", " ": " ", "\n": " ", "\\": "\n",
}  # fmt: skip
_DEEPEST = 50
_SINGLE = re.compile(r"[√∛]?\(?[^\s()+\-−=/<>·×±,∑∏∫]+\)?|\([^()]*\)")


def readable(formula: str) -> str:
    """The formula on as many lines as it has; a command that is not known stays as it was typed."""
    written = unicodedata.normalize("NFC", _Formula(formula).upto(""))
    return "\n".join(filter(None, (" ".join(line.split()) for line in written.split("\n"))))


def _raised(text: str, table: dict[int, int], sign: str) -> str:
    """A superscript or subscript, with `sign` where Unicode lacks one of its letters."""
    text = text.strip().replace(" ", "")
    if all(ord(one) in table for one in text):
        return text.translate(table)
    return f"{sign}{text}" if len(text) < 2 or (sign == "_" and text.isalnum()) else f"{sign}({text})"


def _single(text: str) -> str:
    """In brackets, unless it reads as one thing."""
    text = text.strip()
    return text if _SINGLE.fullmatch(text) else f"({text})"


def _letter(alphabet: str, text: str) -> str:
    """A letter of another alphabet, where Unicode has it among those that every phone can show."""
    try:
        return unicodedata.lookup(f"{alphabet} CAPITAL {text}")
    except KeyError:
        return text


class _Formula:
    """A formula that is read from its beginning to its end."""

    def __init__(self, formula: str) -> None:
        self._tokens = _TOKEN.findall(formula)
        self._at = 0
        self._depth = 0

    def upto(self, end: str) -> str:
        """What stands before the token `end`, empty: all of it; the token is passed."""
        said = ""
        while token := self._take():
            if token == end:
                break
            if _FUNCTION.fullmatch(token):
                said += " " * said[-1:].isalnum() + token[1:] + " " * self._peek()[-1:].isalpha()
            else:
                said += self._said(token)
        return said

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1] if self._at <= len(self._tokens) else ""

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _argument(self) -> str:
        while self._peek().isspace():
            self._take()
        token = self._take()
        return self._said(token) if token not in ("", "}", "&") else ""

    def _said(self, token: str) -> str:
        # Nothing that is meant goes so deep, and Python could not follow it much deeper.
        if self._depth == _DEEPEST:
            return token
        self._depth += 1
        try:
            return self._meant(token)
        finally:
            self._depth -= 1

    def _meant(self, token: str) -> str:
        if token == "{":
            return self.upto("}")
        if token == "^":
            return _raised(self._argument(), _RAISED, "^")
        if token == "_":
            return _raised(self._argument(), _LOWERED, "_")
        if token[0] == "\\" and len(token) > 1:
            return self._command(token[1:])
        return {"}": "", "&": " ", "~": " ", "'": "′"}.get(token, token)

    def _command(self, name: str) -> str:
        if name in _FRACTIONS:
            return f"{_single(self._argument())}/{_single(self._argument())}"
        if name == "sqrt":
            return self._root()
        if name in _ACCENTS:
            under = self._argument()
            return under + _ACCENTS[name] if len(under) == 1 else under
        if name in _ALPHABETS:
            return _letter(_ALPHABETS[name], self._argument())
        if _FONT.fullmatch(name):
            return self._argument()
        if name in ("begin", "end", "label"):
            return self._environment(name)
        if _UNSEEN.fullmatch(name):
            return self._take()[1:] if name in ("left", "right") and self._peek() == "." else ""
        symbol = _SYMBOLS.get(name) or html5.get(f"{name};")
        if symbol and (symbol.isalpha() or symbol in "∂∇") and self._before_letter():
            self._take()
        return symbol or ("\\" + name if name.isalpha() else name)

    def _before_letter(self) -> bool:
        """Whether there is a blank that only ends the command, with another letter behind it."""
        _, blank, after = [*self._tokens[self._at - 1 : self._at + 2], "", ""][:3]
        raised = self._at > 1 and self._tokens[self._at - 2] in ("_", "^")
        return (
            blank.isspace() and not raised and (after.isalpha() or html5.get(f"{after[1:]};", "").isalpha())
        )

    def _root(self) -> str:
        degree = ""
        if self._peek() == "[":
            self._take()
            degree = self.upto("]")
        return _raised(degree, _RAISED, "^") + "√" + _single(self._argument())

    def _environment(self, side: str) -> str:
        """Its lines show what it is; only of cases is more to be said, and an array's columns are passed."""
        name = self._argument()
        if name == "array" and self._peek() == "{":
            self._argument()
        return "{ " if (side, name) == ("begin", "cases") else ""
