"""What is said beside a question is left out; what may change its answer never is."""

from __future__ import annotations

import pytest

from greenai_infra.serving.semantic.guard import Evidence, equivalent

ASKED = "How do I mend a puncture?"


@pytest.mark.parametrize(
    "said",
    [
        "I have a question. How do I mend a puncture?",
        "My friend would like to know: how do I mend a puncture?",
        "Hello all, sorry, a quick question: how do I mend a puncture? Thanks a lot!",
        "How do I mend a puncture? Cheers, and thanks in advance.",
    ],
)
def test_sentences_that_ask_nothing_are_left_out(said: str) -> None:
    assert equivalent(ASKED, said) is Evidence.POLITENESS


@pytest.mark.parametrize(
    "said",
    [
        "I have no pump. How do I mend a puncture?",
        "In Java, how do I mend a puncture?",
        "How do I mend a puncture? It is a tubeless tyre.",
        "I am new to bicycles: how do I mend a puncture?",
    ],
)
def test_a_sentence_that_tells_something_stays(said: str) -> None:
    assert equivalent(ASKED, said) is None
