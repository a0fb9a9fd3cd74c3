"""What is printed of texts that others wrote: nothing moves the terminal, and no encoding ends in a crash."""

from __future__ import annotations

import io
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenai_infra.terminal import coloured, in_colour, plain, safe_output

CLEAR = "\x1b[2J\x1b[H"
TITLE = "\x1b]0;owned\x07"
C1 = "\x9b2J"
BIDI = "\u202egnp.exe\u2069"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with a\ttab\nand a line\r\n", "plain, with a\ttab\nand a line\r\n"),
        (CLEAR, "\\u001b[2J\\u001b[H"),
        (TITLE, "\\u001b]0;owned\\u0007"),
        (C1, "\\u009b2J"),
        (BIDI, "\\u202egnp.exe\\u2069"),
        ("80 %\r100 %", "80 %\\u000d100 %"),
        ("a\bb\x7f", "a\\u0008b\\u007f"),
        ("São Paulo, 東京, 🌍", "São Paulo, 東京, 🌍"),
        ("\x1b[31mred\x1b[0m", "\\u001b[31mred\\u001b[0m"),
    ],
)
def test_controls_are_shown_as_their_code_points(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_colours_of_our_own_stay_and_nothing_else() -> None:
    assert coloured(f"\x1b[1;31mred\x1b[0m{CLEAR}{BIDI}") == "\x1b[1;31mred\x1b[0m" + plain(CLEAR + BIDI)


@given(st.text())
def test_nothing_that_moves_a_terminal_is_left(text: str) -> None:
    for left in (plain(text), coloured(text).replace("\x1b[0m", "")):
        assert not any((ord(c) < 32 and c not in "\n\t\r") or 127 <= ord(c) < 160 for c in left.replace("\x1b[m", ""))
        assert "\r" not in left.replace("\r\n", "")


@given(st.text(st.characters(codec="utf-8")), st.sampled_from(["ascii", "latin-1", "cp437", "utf-8"]))
def test_json_is_the_same_values_in_every_encoding(text: str, encoding: str) -> None:
    text = text.replace("…", "").replace("₂", "").translate(dict.fromkeys(map(ord, "─│├└")))
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    before, sys.stdout = sys.stdout, stream
    try:
        with safe_output():
            print(json.dumps([text], ensure_ascii=False), flush=True)
    finally:
        sys.stdout = before
    assert json.loads(raw.getvalue().decode(encoding)) == [text]


def test_an_output_without_our_signs_gets_plain_ones() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    before, sys.stdout = sys.stdout, stream
    try:
        with safe_output():
            print("├─ CO₂e …", file=in_colour(sys.stdout), flush=True)
            print("a name that is no text: \udc80", flush=True)
    finally:
        sys.stdout = before
    assert raw.getvalue() == b"+- CO2e ...\na name that is no text: \\udc80\n"


def test_nothing_gets_past_it(capsys: pytest.CaptureFixture[str]) -> None:
    with safe_output():
        assert not hasattr(sys.stdout, "buffer")
        sys.stdout.writelines([CLEAR, "a\n"])
        print(C1, file=sys.stderr)
        with pytest.raises(TypeError):
            sys.stdout.write(b"bytes")  # type: ignore[arg-type]
    assert capsys.readouterr() == (plain(CLEAR) + "a\n", plain(C1) + "\n")
