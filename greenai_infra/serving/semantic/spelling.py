"""Contractions opened, and spellings made American."""

from __future__ import annotations

import re

from greenai_infra.serving.semantic.listed import listed

KEPT_CAPITALS = frozenset({"US", "IT", "WHO", "AM", "PM", "OR", "IN", "IS", "AS", "AT", "ALL", "ME", "SO", "NO", "ON"})
"""Words that in capitals are names, and otherwise are not."""

_NOT = {"can't": "can not", "cannot": "can not", "won't": "will not", "shan't": "shall not", "ain't": "is not"} | {
    f"{verb}n't": f"{verb} not"
    for verb in (listed("is are was were do does did would should could have has had must need might"))
}
_WITH_IS = ["what", "who", "where", "when", "how", "why", "that", "there", "here", "it", "he", "she"]
_PERSONS = ["i", "you", "he", "she", "it", "we", "they", "that", "there", "who", "what"]
CONTRACTIONS = (
    _NOT
    | {without.replace("'", ""): opened for without, opened in _NOT.items() if "'" in without and without != "won't"}
    | {f"{word}'s": f"{word} is" for word in _WITH_IS}
    | {f"{word}s": f"{word} is" for word in ("what", "how", "where", "who")}
    | {f"{word}'re": f"{word} are" for word in (*_PERSONS, "how", "where", "why")}
    | {f"{word}'ll": f"{word} will" for word in _PERSONS}
    | {f"{word}'ve": f"{word} have" for word in (*_PERSONS, "could", "would", "should", "might")}
    | {f"{word}'d": f"{word} would" for word in ("i", "you", "we", "they", "it", "that")}
    | {"how'd": "how did", "where'd": "where did", "why'd": "why did", "how'll": "how will"}
    | {"i'm": "i am", "im": "i am", "ive": "i have", "let's": "let us", "wanna": "want to", "gonna": "going to"}
    | {"gotta": "have to", "lemme": "let me", "gimme": "give me", "dunno": "do not know", "y'all": "you"}
)

SPELLINGS = dict(
    pair.split(":")
    for pair in listed(
        "u:you ur:your pls:please plz:please thx:thanks tho:though thru:through cuz:because tmrw:tomorrow "
        "vs:versus grey:gray greyer:grayer tyre:tire tyres:tires cheque:check cheques:checks programme:program "
        "programmes:programs aluminium:aluminum defence:defense offence:offense licence:license licences:licenses "
        "practise:practice jewellery:jewelry mum:mom mums:moms maths:math aeroplane:airplane aeroplanes:airplanes "
        "pyjamas:pajamas whilst:while amongst:among towards:toward okay:ok judgement:judgment sceptical:skeptical "
        "mould:mold moustache:mustache plough:plow cosy:cozy draught:draft kerb:curb storey:story "
        "catalogue:catalog analogue:analog dialogue:dialog enrol:enroll instal:install fulfil:fulfill "
        "skilful:skillful ageing:aging yoghurt:yogurt omelette:omelet doughnut:donut doughnuts:donuts "
        "manoeuvre:maneuver anaemia:anemia diarrhoea:diarrhea foetus:fetus oestrogen:estrogen paediatric:pediatric"
        " paediatrician:pediatrician orthopaedic:orthopedic haemoglobin:hemoglobin leukaemia:leukemia "
        "encyclopaedia:encyclopedia sulphur:sulfur artefact:artifact learnt:learned burnt:burned spelt:spelled "
        "dreamt:dreamed travelling:traveling approx:approximately wifi:wifi whisky:whiskey adviser:advisor "
        "barbecue:barbeque bbq:barbeque"
    )
)

_OUR = re.compile(
    r"^(col|fav|flav|behavi|neighb|harb|lab|hon|hum|rum|vap|vig|arm|od|savi|endeav|tum|sav|fervu|glam|candu|clam)our"
    r"(s|ed|ing|ful|less|ite|able|ably|hood|al|er|ers|y|)$"
)
_RE = re.compile(
    r"^(cent|theat|met|lit|fib|calib|spect|somb|lust|meag|(?:kilo|centi|milli|micro|nano)met|millilit|kilolit)re(s|d|)$"
)
_ISE = re.compile(
    r"^((?:organ|real|recogn|summar|optim|minim|maxim|custom|author|apolog|categor|character|critic|emphas|final|general"
    r"|harmon|hospital|initial|local|memor|modern|monet|normal|personal|priorit|random|special|stabil|standard|steril"
    r"|symbol|synchron|token|util|visual|vector|serial|virtual|container|digit|capital|central|civil|colon|crystall"
    r"|equal|fertil|global|immun|industrial|legal|mobil|national|neutral|paral|polar|popular|privat|quant|rational|stigmat"
    r"|subsid|terror|urban|vapor|winter|analog|anonym|pasteur|revital|scrutin|sanit|sensit|social|unauthor|reorgan))"
    r"is(e|es|ed|ing|er|ers|ation|ations|ational)$"
)
_YSE = re.compile(r"^(anal|paral|catal|hydrol|electrol|dial)ys(e|ed|ing|er|ers)$")
_DOUBLED = re.compile(
    r"^(trave|cance|mode|labe|fue|leve|signa|tota|chane|channe|marve|counse|dia|due|equa|initia|jewe|quarre|reve|riva|spira|tunne|towe)"
    r"ll(ed|ing|er|ers|ation|ations)$"
)
_COMPOUNDS = {"webpage": "web page", "e-mail": "email", "percent": "percent", "smart phone": "smartphone"}


def american(word: str) -> str:
    """The American spelling of a word in lower case; the word itself where both write it alike."""
    if word in SPELLINGS:
        return SPELLINGS[word]
    if len(word) < 5 or not word.isascii():
        return word
    if "our" in word and (found := _OUR.match(word)):
        return f"{found[1]}or{found[2]}"
    if "is" in word and (found := _ISE.match(word)):
        return f"{found[1]}iz{found[2]}"
    if "re" in word and (found := _RE.match(word)):
        return f"{found[1]}er{found[2] if found[2] != 'd' else 'ed'}"
    if "ys" in word and (found := _YSE.match(word)):
        return f"{found[1]}yz{found[2]}"
    if "ll" in word and (found := _DOUBLED.match(word)):
        return f"{found[1]}l{found[2]}"
    return _COMPOUNDS.get(word, word)
