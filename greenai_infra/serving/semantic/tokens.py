"""A question as tokens in one spelling: contractions opened, numbers, units, dates in one form, quotations as they are.

Only forms that mean the same in every context are made equal here. A token that begins with QUOTED stood in quotation
marks or is code, an address or a path: it is compared letter by letter.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from greenai_infra.serving.semantic.quantities import in_one_form
from greenai_infra.serving.semantic.spelling import CONTRACTIONS, KEPT_CAPITALS, SPELLINGS, american

QUOTED = "“"
STOP = "."
COMMA = ","
_PLAIN = str.maketrans(
    dict.fromkeys("\u2018\u2019\u02bc", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"')
    | dict.fromkeys("\u2013\u2014\u2212", "-")
    | dict.fromkeys("\u00a0\u202f", " ")
    | dict.fromkeys("\u200b\ufeff")
    | {"\u2026": "."}
)
_TOKEN = re.compile(
    r"""
    \x02(?P<chunk>[^\x03]+)\x03
    | "(?P<quoted>[^"]+)" | (?<!\w)'(?P<single>[^']+(?:'\w+[^']*)*)'(?!\w) | `(?P<code>[^`]+)`
    | (?P<verbatim>\w+://\S+ | [^\s,;:!?"']+@[^\s,;:!?"']+\.\w+ | (?<!\w)[~.]{0,2}/[\w./~-]+
        | \w[\w.-]*(?:[\\_=<>{}|^~@][\w.-]*)+)
    | (?P<day>\d{4}-\d\d-\d\d\b|\d+(?:st|nd|rd|th)\b)
    | (?P<number>(?:(?<![\w)])[-+])?[$€£¥]?\d+(?:[,.:]\d+)*(?:%|°[cCfF]?|\b|(?=[A-Za-z])))
    | (?P<word>\.?\w+(?:\.\w+)*(?:'\w+)*(?:(?<=s)'(?=\s))?(?:\+\+|\#)?)
    | (?P<stop>[.?!;:\n]+) | (?P<comma>,) | (?P<sign>[^\s\w"'`()\[\]])
    """,
    re.VERBOSE,
)
_CODE = re.compile(r"[()\[\]{}<>=|\\^~*_@;!?]|(?<!\d):|:(?!\d)|^--?[A-Za-z]|\w\.\w+\.|^[#.]\w+\W|[&]\w|::")
_OPERATOR = re.compile(r"[^\w\s\"'`,.;:?!&$€£¥%()\[\]-]+|&&|&=|-{2,}|->")
_MAY_SPAN_BLANKS = re.compile(r"""["`]|(?<!\w)'|'(?!\w)""")
"""Quotation marks: what is between two of them is read as a whole."""
_JOINED = re.compile(r"(?<=[A-Za-z])-(?=[A-Za-z])")
_MERIDIEM = re.compile(r"\b([ap])\.m\.?(?=\W|$)", re.IGNORECASE)
_ABBREVIATED = re.compile(r"\b(?:[A-Za-z]\.){2,}")


def one_line(text: str) -> str:
    """The text with composed letters, plain quotation marks and dashes, and single blanks.

    Not NFKC: it would make 10² and 102 the same.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).translate(_PLAIN)
    return " ".join(text.split())


def tokenise(text: str) -> list[str]:
    """The tokens of a text that has gone through `one_line`, in order. The end mark is left out."""
    quotes = "'" in text or '"' in text or "`" in text
    if text.isupper() or not text.isprintable() or (quotes and _MAY_SPAN_BLANKS.search(text)):
        found = _pieces(text)
    else:
        found = [token for chunk in text.split(" ") for token in _of_chunk(chunk)]
    while found and found[-1] in (STOP, COMMA):
        found.pop()
    if STOP in found:
        found = [token for before, token in pairwise([STOP, *found]) if token != STOP or before != STOP]
    return in_one_form(found)


@lru_cache(maxsize=16_384)
def _of_chunk(chunk: str) -> tuple[str, ...]:
    """The tokens of what stands between two blanks, where they don't depend on what is around it."""
    return tuple(_pieces(chunk))


def _pieces(text: str) -> list[str]:
    """The tokens of a text, with each of its stops."""
    text = " ".join(_verbatim(chunk) for chunk in text.split(" "))
    text = _JOINED.sub(" ", text)
    text = _MERIDIEM.sub(r"\1m ", text)
    text = _ABBREVIATED.sub(lambda found: found.group().replace(".", ""), text)
    shouted = text.isupper() and text.count(" ") > 1
    found: list[str] = []
    for match in _TOKEN.finditer(text):
        kind, piece = match.lastgroup, match.group(match.lastgroup or 0)
        if kind in ("quoted", "single", "code"):
            found.extend(QUOTED + word.rstrip(",.") for word in piece.split())
        elif kind in ("verbatim", "chunk"):
            found.append(QUOTED + piece)
        elif kind == "word":
            found.extend(_word(piece, shouted))
        else:
            found.append(STOP if kind == "stop" else piece)
    return found


def _verbatim(chunk: str) -> str:
    """A chunk between blanks that is code, marked so that its letters are kept; others as they are."""
    if chunk.isalnum():
        return chunk
    inner = chunk.rstrip(".,;:?!")
    if inner.count("(") + inner.count("[") != inner.count(")") + inner.count("]") or re.fullmatch(
        r"[(\[]\w+[)\]]", inner
    ):
        inner = inner.strip("([])")
    if not inner or inner[0] in "\"'`" or inner[-1] in "\"'`":
        return chunk
    if _CODE.search(inner) or _OPERATOR.fullmatch(inner):
        return f"\x02{inner}\x03{chunk[chunk.rfind(inner) + len(inner) :]}"
    return chunk


def _word(piece: str, shouted: bool) -> list[str]:
    if piece in KEPT_CAPITALS and not shouted:
        return [piece]
    low = piece.lower()
    opened = CONTRACTIONS.get(low)
    if opened is not None:
        return opened.split()
    if low.endswith("'s"):
        return [american(low[:-2]), "'s"]
    if low.endswith("s'"):
        return [american(low[:-1]), "'s"]
    return SPELLINGS[low].split() if low in SPELLINGS else [american(low)]
