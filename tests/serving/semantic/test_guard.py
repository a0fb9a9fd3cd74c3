"""Which questions may have each other's answer, and which never, each guard by itself."""

from __future__ import annotations

import pytest

from greenai_infra.serving.semantic.evidence import Evidence
from greenai_infra.serving.semantic.guard import equivalent

DIFFERENT = {
    "order": [
        ("flights from Paris to London", "flights from London to Paris"),
        ("how do I convert a Word file to PDF", "how do I convert a PDF to a Word file"),
        ("translate cat from English to Dutch", "translate cat from Dutch to English"),
    ],
    "negation": [
        ("Is aspirin safe for dogs?", "Is aspirin not safe for dogs?"),
        ("why does my cat eat grass", "why doesn't my cat eat grass"),
        ("can I travel with a visa", "can I travel without a visa"),
    ],
    "numbers": [
        ("how many calories are in 10 kg of rice", "how many calories are in 12 kg of rice"),
        ("what is 15 percent of 80", "what is 50 percent of 80"),
        ("what is new in Python 3.1", "what is new in Python 3.10"),
    ],
    "units": [
        ("how far is 5 km", "how far is 5 miles"),
        ("how long is 90 minutes", "how long is 90 hours"),
        ("how big is 8 Mb", "how big is 8 MB"),
    ],
    "entities": [
        ("what is the capital of Austria", "what is the capital of Australia"),
        ("how old is Paul Newman", "how old is Paul Simon"),
        ("Is Turkey cold in May?", "Is turkey cold in May?"),
    ],
    "quantifiers": [
        ("do all birds fly", "do some birds fly"),
        ("what is the most expensive watch", "what is the least expensive watch"),
        ("what are the only mammals that lay eggs", "what are the mammals that lay eggs"),
    ],
    "tense": [
        ("who is the mayor of Leeds", "who was the mayor of Leeds"),
        ("what did the bank do", "what will the bank do"),
    ],
    "question word": [
        ("when did the shop open", "why did the shop open"),
        ("how much sugar is in cola", "how is sugar in cola"),
    ],
    "roles": [
        ("who did Anna hire", "who hired Anna"),
        ("does the moon orbit the earth", "does the earth orbit the moon"),
    ],
    "frames": [
        ("how long do I boil rice", "how long does it take to boil rice"),
        ("what is the name of the river in Cairo", "what is the river in Cairo like"),
        ("is it safe to eat raw eggs", "is it legal to eat raw eggs"),
        ("how many days does it take to walk to Rome", "how many hours does it take to walk to Rome"),
    ],
    "modal": [("should I freeze bread", "can I freeze bread")],
    "degree": [("which is better, tea or coffee", "which is worse, tea or coffee")],
    "code": [("what does ls -a do", "what does ls -A do"), ("what is a[0] in C", "what is a(0) in C")],
}

SAME = [
    ("how can I lose weight fast", "quick ways to lose weight", None),
    ("What's the capital of Peru?", "what is the capital of peru", Evidence.SPELLING),
    ("how heavy is a 10 kg bag in grams", "how heavy is a 10kg bag in grams", Evidence.SPELLING),
    ("Could you please tell me what the boiling point of gold is?", "what is the boiling point of gold", None),
    ("how do I unclog a sink", "what are the steps to unclog a sink", None),
    ("trains from Rome to Milan on Sunday", "trains to Milan from Rome on Sunday", Evidence.ORDER),
    ("how tall is Mount Kenya", "what is the height of Mount Kenya", None),
    ("where can I buy stamps", "where can I purchase stamps", Evidence.SYNONYM),
    ("how long does it take to knit a scarf", "how long does knitting a scarf take", Evidence.LOOSE),
    ("who painted Guernica", "what is the name of the painter of Guernica", Evidence.LOOSE),
    ("is it safe to eat raw eggs", "are raw eggs safe to eat", Evidence.LOOSE),
    ("is a 90 minutes break paid", "is a 1.5 hours break paid", Evidence.SPELLING),
    ("is 50 mph fast", "is 50 miles per hour fast", Evidence.SPELLING),
    ("what causes frost", "what is frost caused by", None),
]


@pytest.mark.parametrize("guard", DIFFERENT)
def test_what_differs_never_hits(guard: str) -> None:
    assert [pair for pair in DIFFERENT[guard] if equivalent(*pair) is not None] == []


def test_the_same_question_hits_with_its_evidence() -> None:
    for question, other, evidence in SAME:
        found = equivalent(question, other)

        assert found is not None, (question, other)
        assert evidence is None or found is evidence, (question, other, found)


@pytest.mark.parametrize("guard", DIFFERENT)
def test_the_verdict_is_the_same_both_ways(guard: str) -> None:
    pairs = [*DIFFERENT[guard], *((question, other) for question, other, _ in SAME)]

    assert [equivalent(a, b) for a, b in pairs] == [equivalent(b, a) for a, b in pairs]
