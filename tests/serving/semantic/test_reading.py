"""Reading a question piece by piece and by its first words gives what reading it as a whole gives."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from greenai_infra.serving.semantic import forms
from greenai_infra.serving.semantic.listed import listed
from greenai_infra.serving.semantic.quantities import in_one_form
from greenai_infra.serving.semantic.tokens import COMMA, STOP, _pieces, one_line, tokenise
from tests.serving.semantic.pairs import rows

CHUNKS = listed(
    "what is the users users' user's rock'n'roll 'quoted here' \"two words\" `code here` it's 9 a.m. U.S.A. e.g. x. "
    "A.M. -5 --flag 3-4 well-known (see) [1] a(b http://a.b/c,d me@x.org ~/x /etc/hosts 10kg $5 3.10 12:30 2024-05-06 "
    "C++ C# .net foo.bar() && -> … ... ? ! , ; : no' 'tis ten thousand half an hour 5 km/h 50% 20°C café naïve"
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(CHUNKS) | st.text("aB.'\"`-,?1 ", max_size=5), max_size=9))
def test_tokens_of_the_chunks_are_those_of_the_text(chunks: list[str]) -> None:
    line = one_line(" ".join(chunks))
    whole = _pieces(line)
    while whole and whole[-1] in (STOP, COMMA):
        whole.pop()
    whole = [token for before, token in pairwise([STOP, *whole]) if token != STOP or before != STOP]
    assert tokenise(line) == in_one_form(whole)


def test_no_rule_is_left_out_by_a_question_s_first_words() -> None:
    texts = {" ".join(tokenise(one_line(text))) for row in rows() for text in (row.question, row.other)}
    texts |= {forms.rewrite(text)[0] for text in texts}
    heads = {" ".join(beginning) for rule in forms.rules() for beginning in rule.beginnings}
    texts |= {
        f"{head} {text.split(' ', skip)[-1]}" for text in sorted(texts)[::50] for head in heads for skip in (1, 2)
    }
    used = set()
    for text in texts:
        applying = {rule.number for rule in forms.rules() if rule.applies(text)}
        assert applying <= {rule.number for rule in forms.rules_for(text)}, text
        used |= applying
    assert len(used) > 80
