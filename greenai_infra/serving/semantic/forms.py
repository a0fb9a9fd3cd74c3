"""Ways of asking the same: `how can I`, `what are the steps to`; `how tall is X`, `what is the height of X`.

Each rule rewrites a question into the form that is kept. Its name goes into the question's trail: two questions that
become the same by different rules differ in the symmetric difference of their trails, which is what calibration learns from.
A rule never drops, adds or exchanges a word that carries meaning, and who does what to whom stays as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenai_infra.serving.semantic.lexicon import ING, PAST, form_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from re import Match

PLAIN, LOOSE = "form", "loose"
"""How far a rule goes: another way to ask; or a way that nearly always asks the same."""

_G = r"(?:i|you|we|one|someone|somebody|anyone|people|a person|a user|users)"
_AGENTS = {
    "author": "wrote", "writer": "wrote", "inventor": "invented", "discoverer": "discovered", "founder": "founded",
    "director": "directed", "painter": "painted", "composer": "composed", "creator": "created", "designer": "designed",
}  # fmt: skip
_MEASURES = {
    "tall": "height", "high": "height", "deep": "depth", "wide": "width", "heavy": "weight", "old": "age",
    "big": "size", "large": "size", "long": "length", "fast": "speed", "populous": "population", "dense": "density",
}  # fmt: skip
_RELATIONAL = (
    r"(?:symptoms?|causes?|capital|population|price|cost|height|weight|width|depth|length|age|size|area|currency|"
    r"side effects?|benefits?|advantages?|disadvantages?|drawbacks?|author|ceo|president|prime minister|mayor|address|"
    r"meaning|definition|history|ingredients?|features?|risks?|speed|temperature|boiling point|melting point|"
    r"population density|official language|national anthem|opening hours|phone number|release date|time zone|flag)"
)
_STATES = r"(?:safe|legal|lawful|unlawful|illegal|bad|good|healthy|unhealthy|dangerous|harmful|normal|rude|risky|ethical|necessary|worth it)"
_NP = r"(?!i\b|you\b|we\b|he\b|she\b|it\b|they\b)(?:(?!in\b|on\b|at\b|by\b|to\b|from\b|and\b|or\b|not\b|be\b|that\b|who\b|which\b|only\b)[\w'-]+)(?: (?!in\b|on\b|at\b|by\b|to\b|from\b|and\b|or\b|not\b|be\b|that\b|who\b|which\b|only\b)[\w'-]+){0,3}"
"""A noun phrase of up to four words, without a preposition or a clause in it."""
_LANGUAGES = (
    r"(?:english|french|german|spanish|italian|portuguese|dutch|polish|russian|chinese|mandarin|japanese|korean|arabic|hindi|"
    r"turkish|greek|latin|swedish|norwegian|danish|finnish|czech|hungarian|hebrew|thai|vietnamese|ukrainian|romanian)"
)


def _base(word: str) -> str:
    """`resetting` as `reset`; other words as they are."""
    lemma, ending = form_of(word)
    return lemma if ending == ING else word


def _pair(kind: str) -> Callable[[Match[str]], str]:
    """Two things whose order does not matter, in alphabetical order. Numbers keep theirs."""

    def sort(found: Match[str]) -> str:
        first, second = found["a"].strip(" ,"), found["b"].strip(" ,")
        return f"#{kind} {first} | {second}"

    return sort


def _better(found: Match[str]) -> str:
    return f"#BETTER:{found['how'].replace(' ', '-')} {found['a']} | {found['b']}"


def _howto(found: Match[str]) -> str:
    """The verb after the frame in its base form; `your` is the asker's own where the frame said `you`."""
    rest = found["rest"]
    verb, blank, others = rest.partition(" ")
    if re.search(r"\b(?:you|one|we|people)\b", found.group()[: -len(rest)]):
        others = re.sub(r"\b(?:your|our|their|one 's)\b", "my", others)
    return f"#HOWTO {_base(verb)}{blank}{others}"


def _gerund(found: Match[str]) -> str:
    if form_of(found["verb"]).ending != ING:
        return found.group()
    return f"#IS {found['state']} to {_base(found['verb'])}{found['rest']}{found['where']}"


def _passive_agent(found: Match[str]) -> str:
    if form_of(found["verb"]).ending != PAST:
        return found.group()
    return f"who {found['verb']} {found['what']}"


def _gerund_asked(found: Match[str]) -> str:
    if form_of(found["verb"]).ending != ING:
        return found.group()
    asked = "#SHOULD" if found["state"] in ("a good idea", "advisable", "recommended", "wise") else "#NEED"
    if found["state"] in ("allowed", "permitted"):
        asked = "#ALLOWED"
    return f"{asked} {_base(found['verb'])}{found['rest']}{found['where']}"


def _passive_modal(found: Match[str]) -> str:
    lemma, ending = form_of(found["verb"])
    if ending != PAST or " by " in f"{found['rest']} ":
        return found.group()
    return f"{found['ask']}{found['aux']} i {lemma} {found['what']}{found['rest']}"


_DO = {"is": "does", "are": "does", "was": "did", "were": "did"}


def _passive_by(found: Match[str]) -> str:
    lemma, ending = form_of(found["verb"])
    if ending != PAST:
        return found.group()
    ask = f"{found['ask']} " if "ask" in found.groupdict() else ""
    return f"{ask}{_DO.get(found['aux'], found['aux'])} {found['who']} {lemma} {found['what']}{found['rest']}"


def _passive_which(found: Match[str]) -> str:
    if form_of(found["verb"]).ending != PAST:
        return found.group()
    return f"{found['ask']} {found['verb']} {found['what']}"


def _passive_what(found: Match[str]) -> str:
    lemma, ending = form_of(found["verb"])
    return f"what {_DO[found['aux']]} {found['who']} {lemma}" if ending == PAST else found.group()


def _passive_they(found: Match[str]) -> str:
    lemma, ending = form_of(found["verb"])
    return f"{found['ask']} did they {lemma} {found['what']}{found['rest']}" if ending == PAST else found.group()


def _passive_how(found: Match[str]) -> str:
    lemma, ending = form_of(found["verb"])
    if ending != PAST:
        return found.group()
    return f"how do i {lemma} {found['what']}"


def _should(found: Match[str]) -> str:
    return f"#SHOULD {_base(found['verb'])}"


_R = r"(?P<rest>.+)$"
_WAY = r"(?:ways?|methods?|procedures?|process|steps?|instructions?|techniques?|approach|guide|directions|trick|technique)"
_A = r"(?:the |a |an |some |any |my )?"

_RULES: list[tuple[str, str, str, str | Callable[[Match[str]], str]]] = [
    # adverbials to the end
    ("fronted", PLAIN, r"^(?P<front>(?:in|on|with|using|for|during|at|under|within|after|before|when|while|as|since|if|to)(?! (?:what|which|whom|order)\b) [^,.]{1,60}) , (?P<rest>(?:how|what|where|when|why|who|which|can|could|is|are|was|were|do|does|did|should|will|would|may|must|explain|describe|list|name|give|write|show|tell)\b.+)$", r"\g<rest> \g<front>"),
    ("fronted", PLAIN, r"^(?P<front>(?:in|with|using|for|on)(?! (?:what|which|whom|order)\b) [^ ,.]+(?: [^ ,.]+)?) (?P<rest>(?:how|what|where|when|why|who|which) (?:do|does|did|is|are|was|were|can|could|to|should|will|would)\b.+)$", r"\g<rest> \g<front>"),
    ("in order to", PLAIN, r" in order to ", " to "),
    ("step by step", PLAIN, r" step by step ", " "),
    ("in what way", PLAIN, r"^in (?:what|which) ways? ", "how "),
    ("frequently", PLAIN, r"^how (?:frequently|regularly) ", "how often "),
    ("is what", LOOSE, r"^(?P<what>(?:the )?\w+(?: (?!is\b|are\b|was\b|were\b)\w+){0,6}) is(?: what| which one)$", r"what is \g<what>"),
    ("is what", LOOSE, r"^(?P<what>the \w+ of \w+(?: (?!is\b|are\b|was\b|were\b)\w+){0,4}) is$", r"what is \g<what>"),
    ("true that", LOOSE, r"^(?:is it (?:true|the case|correct|right)(?: that)?|do you think(?: that)?|would you say(?: that)?|do you believe(?: that)?) (?=\w+ )", "whether "),
    ("i need", LOOSE, r"^i (?:need|want|would like|am looking for) (?=the )", "what is "),
    ("passive", LOOSE, r"^(?P<ask>(?:(?:how often|how|where|when|why) )?)(?P<aux>can|could|should|must|may) (?P<what>(?!i\b|you\b|we\b|one\b|they\b|he\b|she\b|it\b)\w+(?: \w+){0,3}) be (?P<verb>\w+)(?P<rest>(?: .+)?)$", _passive_modal),
    ("by", LOOSE, rf"^(?P<aux>is|are|was|were) (?P<what>{_NP}) (?P<verb>\w+) by (?P<who>{_NP})(?P<rest>(?: (?:in|at|on|for|during) .+)?)$", _passive_by),
    ("by", LOOSE, rf"^(?P<aux>can|could|should|will|must) (?P<what>{_NP}) be (?P<verb>\w+) by (?P<who>{_NP})(?P<rest>(?: (?:in|at|on|for|during) .+)?)$", _passive_by),
    ("by", LOOSE, rf"^(?P<ask>when|where|why|how) (?P<aux>is|are|was|were) (?P<what>{_NP}) (?P<verb>\w+) by (?P<who>{_NP})(?P<rest>(?: (?:in|at|on|for|during) .+)?)$", _passive_by),
    ("by which", LOOSE, rf"^(?:by )?(?P<ask>(?:what|which) \w+) (?:was|were) (?P<what>{_NP}) (?P<verb>\w+)(?: by)?$", _passive_which),
    ("by which", LOOSE, rf"^(?P<what>{_NP}) (?:was|were) (?P<verb>\w+) by (?P<ask>(?:what|which) \w+)$", _passive_which),
    ("what by", LOOSE, rf"^what (?P<aux>is|are|was|were) (?P<verb>\w+) by (?P<who>{_NP})$", _passive_what),
    ("they", LOOSE, rf"^(?P<ask>when|where) (?P<aux>was|were) (?P<what>{_NP}) (?P<verb>(?!born\b)\w+)(?P<rest>(?: (?:in|at|on|for|during) .+)?)$", _passive_they),
    ("they", LOOSE, rf"^(?P<ask>when|where) (?P<what>{_NP}) (?P<aux>was|were) (?P<verb>(?!born\b)\w+)(?P<rest>(?: (?:in|at|on|for|during) .+)?)$", _passive_they),
    ("they", PLAIN, r"^(?P<ask>when|where) did (?:people|someone|somebody|anyone) ", r"\g<ask> did they "),
    ("passive", LOOSE, r"^how (?:is|are) (?P<what>(?!you\b|he\b|she\b|it\b|they\b|we\b)\w+(?: \w+){0,3}) (?P<verb>\w+)$", _passive_how),
    ("passive", LOOSE, r"^how (?P<what>(?!you\b|he\b|she\b|it\b|they\b|we\b)\w+(?: \w+){0,3}) (?:is|are) (?P<verb>\w+)$", _passive_how),
    # languages and units
    ("say in", LOOSE, rf"^how (?:do|can|would|could) {_G} (?:say|write) (?P<a>.+) in (?P<b>{_LANGUAGES})$", r"translate \g<a> to \g<b>"),
    ("word for", LOOSE, rf"^what is the (?P<b>{_LANGUAGES}) (?:word|translation|term|phrase|expression) (?:for|of) (?P<a>.+)$", r"translate \g<a> to \g<b>"),
    ("translation of", PLAIN, rf"^(?:what is )?the translation of (?P<a>.+) (?:to|into|in) (?P<b>{_LANGUAGES})$", r"translate \g<a> to \g<b>"),
    ("translate into", PLAIN, rf"^translate (?P<a>.+) (?:into|in) (?P<b>{_LANGUAGES})$", r"translate \g<a> to \g<b>"),
    ("convert", PLAIN, r"^(?:convert|change|express) (?P<a>[^ ]+:\w+) (?:to|into|in) (?P<b>\w+)$", r"#CONVERT \g<a> \g<b>"),
    ("convert", PLAIN, r"^(?:what is |how much is )?(?P<a>[^ ]+:\w+) (?:to|into|in) (?P<b>\w+)$", r"#CONVERT \g<a> \g<b>"),
    ("convert", PLAIN, r"^how (?:many|much) (?P<b>\w+) (?:is|are|are there|is there|equals?|does|make|makes)(?: in)? (?P<a>[^ ]+:\w+)(?: equal)?$", r"#CONVERT \g<a> \g<b>"),
    ("there in", PLAIN, r"^(?P<a>how many .+?) (?:are|is) (?:there )?(?:in|inside) ", r"\g<a> in "),
    ("does have", LOOSE, r"^how many (?P<a>[\w ]+?) (?:does|do) (?P<b>.+) (?:have|contain|include)$", r"how many \g<a> in \g<b>"),
    # how to
    ("way", PLAIN, rf"^(?:what|which) (?:is|are|would be) {_A}{_WAY} (?:to|of|for|in which i can|that i can|i can)(?: how to)? {_R}", _howto),
    ("is there a way", LOOSE, rf"^(?:is there|are there) (?:a|any|some)? ?(?:good |easy |simple )?{_WAY} (?:to|of|for|that i can|i can) {_R}", _howto),
    ("looking for way", LOOSE, rf"^i (?:am looking for|need|want) (?:a|some|the) {_WAY} (?:to|of|for) {_R}", _howto),
    ("tips", LOOSE, rf"^(?:do you have |give me |what are )?(?:any |some |the )?(?:good )?(?:tips|advice|suggestions)(?: on| for| about)?(?: how to| to)? (?P<rest>\w+(?:ing)? .+)$", _howto),
    ("take to", LOOSE, rf"^what (?:does it take to|is involved in|is needed to|is required to) {_R}", _howto),
    ("right way", LOOSE, rf"^(?:what|which) (?:is|are|would be) {_A}(?:right|correct|proper|standard|recommended|usual|normal|good|great) {_WAY} (?:to|of|for) {_R}", _howto),
    ("best way", LOOSE, rf"^(?:what|which) (?:is|are|would be) {_A}(?P<how>best|easiest|fastest|quickest|simplest|cheapest|safest) {_WAY} (?:to|of|for) {_R}", lambda found: f"{_howto(found)} %{found['how']}"),
    ("best do", LOOSE, rf"^how (?:do|can|could|should|would) {_G} best {_R}", lambda found: f"{_howto(found)} %best"),
    ("supposed to", LOOSE, rf"^how (?:am|are|is|was) {_G} (?:supposed|meant|able|going) to {_R}", _howto),
    ("ways i can", PLAIN, rf"^(?:what|which) (?:is|are) {_A}{_WAY} (?:in which |by which |that |for me to )?(?:i|you|we|one) (?:can|could|should|may) {_R}", _howto),
    ("steps", PLAIN, rf"^what (?:steps|actions) (?:do|should|must|can|would) {_G} (?:need to |have to )?(?:take|follow) to {_R}", _howto),
    ("do to", LOOSE, rf"^what (?:do|should|must|can|could|would) {_G} (?:need to |have to )?do to {_R}", _howto),
    ("go about", PLAIN, rf"^how (?:do|does|can|could|would|should|might) {_G} go about {_R}", _howto),
    ("how do", PLAIN, rf"^how (?:do|does|can|could|would|might) {_G} (?:go and )?{_R}", _howto),
    ("how i", PLAIN, rf"^how (?:i|you|we|one|people) (?:can|could|would|might|may|do|am able to) {_R}", _howto),
    ("how should", LOOSE, rf"^how should {_G} {_R}", _howto),
    ("how i should", LOOSE, rf"^how (?:i|you|we|one) should {_R}", _howto),
    ("how to", PLAIN, rf"^how to {_R}", _howto),
    ("show how", PLAIN, rf"^(?:explain|describe|show|teach|tell|demonstrate|outline|illustrate)(?: to)?(?: me| us)? how (?:to|i can|i could|i should|you can|one can|do i|can i|we can|you) {_R}", _howto),
    ("teach to", PLAIN, rf"^(?:teach|show|tell) me to {_R}", _howto),
    ("walk through", PLAIN, rf"^(?:walk|guide|talk|take) me through (?:how to |the steps (?:to|of|for) |the process of |the steps for )?{_R}", _howto),
    ("instructions", PLAIN, rf"^(?:give me |show me |provide |provide me with |i need |i want |list )?{_A}(?:steps|instructions|directions|guide|guidelines|ways?|procedure|process|method|tutorial|walkthrough)(?: to| for| on| of)(?: how to)? (?P<rest>\w+(?:ing)? .+)$", _howto),
    ("i want to", LOOSE, rf"^i (?:want|need|would like|am trying|wish|am looking|have|am hoping|would love) to {_R}", _howto),
    ("help me", LOOSE, rf"^(?:help me|i need help(?: to| with)?|i need some help(?: to| with)?|need help(?: to| with)?|i am having trouble(?: with)?)(?: to| with)? {_R}", _howto),
    # may one, must one, is it safe
    ("able to", LOOSE, rf"^(?:am|are|is) {_G} able to ", "can i "),
    ("possible", PLAIN, r"^(?:is|would) it (?:be )?possible (?:for (?:me|us|you|someone|people|one) )?to ", "can i "),
    ("possible", PLAIN, r"^(?:if|whether) it is possible (?:for (?:me|us|you|someone|people|one) )?to ", "can i "),
    ("if can", PLAIN, rf"^(?:if|whether) {_G} (?:can|could) ", "can i "),
    ("if need", PLAIN, rf"^(?:if|whether) {_G} (?:need to|have to|must|am required to|are required to) ", "#NEED "),
    ("if should", PLAIN, rf"^(?:if|whether) {_G} should ", "#SHOULD "),
    ("if it is", PLAIN, r"^(?:if|whether) it is ", "is it "),
    ("safely", LOOSE, rf"^(?:can|could) {_G} (?P<how>safe|legal)ly ", r"#IS \g<how> to "),
    ("need to", PLAIN, rf"^(?:do|must|would|will) {_G} (?:need|have) to ", "#NEED "),
    ("must", PLAIN, rf"^must {_G} ", "#NEED "),
    ("required to", PLAIN, rf"^(?:am|are|is) {_G} (?:required|obliged|obligated) to ", "#NEED "),
    ("necessary to", PLAIN, rf"^is it (?:necessary|required|mandatory|compulsory|obligatory|needed|essential) (?:for {_G} |for me )?to ", "#NEED "),
    ("allowed", PLAIN, rf"^(?:am|are|is) {_G} (?:allowed|permitted) to ", "#ALLOWED "),
    ("allowed", PLAIN, rf"^is it (?:allowed|permitted|permissible) (?:for {_G} |for me )?to ", "#ALLOWED "),
    ("allowed", LOOSE, r"^may (?:i|we|one) ", "#ALLOWED "),
    ("should", PLAIN, rf"^should {_G} ", "#SHOULD "),
    ("advisable", PLAIN, rf"^is it (?:advisable|recommended|a good idea|wise|sensible|advised) (?:for {_G} |for me )?to ", "#SHOULD "),
    ("recommend", LOOSE, r"^(?:would|do) you (?:recommend|advise|suggest) (?P<verb>\w+ing)\b", _should),
    ("is it", PLAIN, rf"^is it (?P<state>{_STATES})(?: for (?:me|you|us|people|someone|one))? to ", r"#IS \g<state> to "),
    ("is doing", PLAIN, rf"^is (?P<verb>\w+ing)\b(?P<rest>.*) (?P<state>{_STATES})(?P<where>(?: (?:in|for|at|on|during|while) .+)?)$", _gerund),
    ("doing is", PLAIN, r"^is (?P<verb>\w+ing)\b(?P<rest>.*) (?P<state>a good idea|advisable|recommended|wise|allowed|permitted|necessary|required|mandatory)(?P<where>(?: (?:in|for|at|on|during) .+)?)$", _gerund_asked),
    ("needed to", PLAIN, r"^(?:is|are) (?P<what>(?:a|an|the|any) \w+(?: \w+)?) (?:needed|required|necessary|mandatory) (?P<rest>(?:to|for) .+)$", r"do i need \g<what> \g<rest>"),
    ("need have", LOOSE, r"^#NEED (?:have|get) (?=a |an |any )", "do i need "),
    ("will need", LOOSE, r"^will i need (?=a |an |any |to )", "do i need "),
    ("is allowed", LOOSE, r"^#ALLOWED ", "can i "),
    ("is there in", LOOSE, r"^(?:is|are) there (?:any )?(?P<y>\w+(?: \w+)?) in (?P<x>\w+(?: \w+)?)$", r"does \g<x> contain \g<y>"),
    ("have in it", LOOSE, r"^(?:does|do) (?P<x>\w+(?: \w+)?) (?:have|contain) (?P<y>\w+(?: \w+)?) in (?:it|them)$", r"does \g<x> contain \g<y>"),
    ("can you", LOOSE, r"^(?:can|could) (?:you|one|we|someone|people|a person|anyone|somebody) ", "can i "),
    ("could i", LOOSE, r"^could i ", "can i "),
    # why, where, when, who
    ("reason", PLAIN, r"^(?:what (?:is|are|was) )?the reasons? (?:that |why |for why |behind why )?(?!for\b|of\b|behind\b|to\b|that\b|why\b)", "why "),
    ("how come", PLAIN, r"^(?:how come|for what reasons?|why is it that|why exactly) ", "why "),
    ("makes", LOOSE, r"^what makes ", "why is "),
    ("causes", PLAIN, r"^(?:what (?:is|are) )?(?:the )?(?:causes? of|causes? behind|reasons? for|reasons? behind) ", "#CAUSE "),
    ("occur", LOOSE, r"^why (?:does|do) (?P<what>\w+(?: \w+){0,2}) (?:occur|happen|exist)$", r"#CAUSE \g<what>"),
    ("leads to", LOOSE, r"^what (?:leads to|brings about|results in) ", "#CAUSE "),
    ("causes", PLAIN, r"^what (?:causes|cause|is causing) ", "#CAUSE "),
    ("place", PLAIN, r"^(?:in|at) (?:what|which) (?:place|location) ", "where "),
    ("located", PLAIN, r"^where (?P<be>is|are|was|were) (?P<what>.+) (?:located|situated)$", r"where \g<be> \g<what>"),
    ("located", PLAIN, r"^where (?P<what>.+) (?P<be>is|are|was|were) (?:located|situated)$", r"where \g<be> \g<what>"),
    ("location", PLAIN, r"^(?:what is )?the location of ", "where is "),
    ("in country", PLAIN, r"^in (?:what|which) (?P<kind>country|city|state|continent|county|province|region|ocean|district) (?:is|are) (?P<what>.+?)(?: located| situated| found)?$", r"#IN \g<kind> \g<what>"),
    ("in country", PLAIN, r"^(?:what|which) (?P<kind>country|city|state|continent|county|province|region|ocean|district) (?:is|are) (?P<what>.+?)(?: (?:located|situated|found) in| in| located)$", r"#IN \g<kind> \g<what>"),
    ("at what", LOOSE, r"^(?:at|on|in|during) (?:what|which) (?P<kind>time|date|day|year|month|century) ", r"when ?\g<kind> "),
    ("what time", LOOSE, r"^(?:what|which) (?P<kind>time|date|year|month|century) (?=(?:is|are|was|were|does|do|did|will|can|should)\b)", r"when ?\g<kind> "),
    ("year in which", LOOSE, r"^(?:what is |what was )?the (?P<kind>time|date|day|year|month|century) (?:in which|on which|at which|when|that) ", r"when ?\g<kind> "),
    ("year in", LOOSE, r"^(?P<front>when \?\w+ .+) (?:in|on|at)$", r"\g<front>"),
    ("best time", PLAIN, r"^(?:what|when) is the best time (?:to|for) ", "#BESTTIME "),
    ("where can", PLAIN, rf"^where (?:can|could|might) {_G} ", "#WHERETO "),
    ("where do", LOOSE, rf"^where (?:do|should|would|may) {_G} ", "#WHERETO "),
    ("happens", LOOSE, r"^what (?:will|would|can|could) happen (?=if\b|when\b)", "what happens "),
    ("happens if", LOOSE, r"^what happens when ", "what happens if "),
    ("like", PLAIN, r"^what (?P<be>is|are|was|were) (?P<what>the \w+) like(?P<rest>(?: .+)?)$", r"how \g<be> \g<what>\g<rest>"),
    ("which person", PLAIN, r"^(?:which|what) (?:person|man|woman|people|individual) (?=(?!is\b|are\b|was\b|were\b|do\b|does\b|did\b)\w)", "who "),
    ("which artist", LOOSE, r"^(?:which|what) (?P<kind>artist|author|writer|scientist|inventor|director|painter|composer|player|singer|company) (?=(?!is\b|are\b|was\b|were\b|do\b|does\b|did\b|has\b|have\b|can\b|should\b|will\b)\w)", r"who ?\g<kind> "),
    ("person who", PLAIN, r"^(?:what is |tell me )?the (?:name of the (?:person|man|woman|one)|person|man|woman) (?:who|that) ", "who "),
    ("by who", PLAIN, r"^(?P<what>.+) (?:was|were) (?P<verb>\w+) by (?:whom|who)$", _passive_agent),
    ("born", LOOSE, r"^what (?:is|was) the (?:birth date|date of birth|birthday|birthdate) of ", "when was #born "),
    ("born", PLAIN, r"^when was (?P<who>.+) born$", r"when was #born \g<who>"),
    ("by whom", PLAIN, r"^who (?:was|were) (?P<what>.+) (?P<verb>\w+) by$", _passive_agent),
    ("by whom", PLAIN, r"^by (?:whom|who) (?:was|were) (?P<what>.+) (?P<verb>\w+)$", _passive_agent),
    ("long take", PLAIN, rf"^how (?:long|much time) (?:does|do|will|would|should) it (?:usually |typically |normally |generally )?take (?:for (?:me|you|one|someone) |me |one |you )?to ", "#TAKE "),
    ("long take", PLAIN, r"^(?:what is )?the (?:amount of )?time (?:it takes|needed|required|necessary)(?: for me)? to ", "#TAKE "),
    ("long take", PLAIN, r"^how (?:long|much time) (?:is (?:needed|required|necessary)|it takes|(?:do|does|would|will) (?:i|you|we|one) need) to ", "#TAKE "),
    # measures
    ("price", PLAIN, r"^how much (?:does|do|would|will) (?P<what>.+) cost(?P<rest>(?: (?:in|at|for|per) .+)?)$", r"what is the price of \g<what>\g<rest>"),
    ("price", PLAIN, r"^what (?:does|do) (?P<what>.+) cost(?P<rest>(?: (?:in|at|for|per) .+)?)$", r"what is the price of \g<what>\g<rest>"),
    ("price", PLAIN, r"^(?:what is )?the cost of ", "what is the price of "),
    ("price", LOOSE, r"^how (?:much|expensive) (?:is|are) (?P<what>(?:a|an|the|one) .+)$", r"what is the price of \g<what>"),
    ("weight", PLAIN, r"^(?:how much|what) (?:does|do) (?P<what>.+) weigh(?P<rest>(?: (?:in|on|at) .+)?)$", r"what is the weight of \g<what>\g<rest>"),
    ("people in", LOOSE, r"^how many (?:people|inhabitants|residents) (?:live in|are there in|reside in|are in|are living in|in) ", "what is the population of "),
    ("people in", LOOSE, r"^how many (?:people|inhabitants|residents) (?:does|do) (?P<what>.+) have$", r"what is the population of \g<what>"),
    ("how far", PLAIN, r"^how far (?:is it|is the distance) (?:from|between) ", "what is the distance from "),
    ("how far", PLAIN, r"^how far is (?P<a>.+) from (?P<b>.+)$", r"what is the distance from \g<a> to \g<b>"),
    ("distance", PLAIN, r"^(?P<a>(?:what is )?the distance) between (?P<b>.+?) and ", r"\g<a> from \g<b> to "),
    ("measure", PLAIN, rf"^how (?P<how>{'|'.join(_MEASURES)}) (?P<be>is|are|was|were) (?P<what>.+)$", lambda found: f"what {found['be']} the {_MEASURES[found['how']]} of {found['what']}"),
    ("earn", LOOSE, r"^how much (?:does|do) (?P<what>\w+(?: \w+){0,3}) (?:earn|make|get paid)(?P<rest>(?: (?:in|per|a) .+)?)$", r"what is the salary of \g<what>\g<rest>"),
    ("boils", LOOSE, r"^(?:at )?(?:what|which) temperature (?:does|do) (?P<what>\w+(?: \w+)?) (?P<how>boil|melt|freez)e?(?: at)?$", r"what is the \g<how>ing point of \g<what>"),
    ("does have", LOOSE, r"^(?:what|which) (?P<what>\w+(?: \w+)?) (?:does|do) (?P<of>.+) have$", r"what is the \g<what> of \g<of>"),
    ("summary of", PLAIN, r"^(?:what is |give me |provide |write |provide me with |create )?(?:a |the )?summary of ", "summarize "),
    ("superlative", PLAIN, r"^(?:which|what) (?P<what>\w+(?: \w+)?) (?P<be>is|are|was|were) (?:the |considered the )(?P<most>\w{3,}est|(?:most|least) \w+|best|worst|only)(?P<rest>(?: (?:in|on|of|by|at|among|for|ever|to)\b.*)?)$", r"what \g<be> the \g<most> \g<what>\g<rest>"),
    ("world 's", LOOSE, r"(?:the )?(?P<owner>world|earth|[\w-]+) 's (?P<most>\w{3,}est|(?:most|least) \w+|best|worst) (?P<what>\w+(?: \w+)?)$", r"the \g<most> \g<what> in \g<owner>"),
    ("define what", PLAIN, r"^define (?=what\b)", ""),
    ("define", LOOSE, r"^(?:define|what (?:is|are) the definition of|the definition of|definition of) (?:the (?:word|term|phrase|concept of) )?", "what is "),
    ("asked for", PLAIN, r"^(?P<verb>write|make|create|draw|build|recommend|suggest|find|draft|compose|generate|prepare|design|plan)(?: me| us)? (?P<rest>.+?)(?: for (?:me|us))?$", r"\g<verb> \g<rest>"),
    ("number of", PLAIN, r"^(?:what is )?the (?:total )?number of ", "how many "),
    # meanings
    ("mean", PLAIN, r"^what (?:does|do) (?P<what>.+) mean$", r"#MEAN \g<what>"),
    ("mean", PLAIN, r"^what (?:is|are) meant by ", "#MEAN "),
    ("mean", PLAIN, r"^(?:what (?:is|are) )?(?:the )?meaning (?:of|for) (?:the (?:word|term|phrase|expression) )?", "#MEAN "),
    ("mean", PLAIN, r"^what (?P<what>.+) (?:means|mean)$", r"#MEAN \g<what>"),
    ("the word", PLAIN, r"^#MEAN the (?:word|term|phrase|expression|acronym|abbreviation) ", "#MEAN "),
    ("stand for", PLAIN, r"^what (?:does|do) (?:the (?:acronym|abbreviation|letters) )?(?P<what>.+) stand for$", r"#STAND \g<what>"),
    ("stand for", PLAIN, r"^what (?P<what>.+) stands for$", r"#STAND \g<what>"),
    ("stand for", PLAIN, r"^what is (?P<what>.+) (?:short for|an abbreviation for|an acronym for|an abbreviation of|an acronym of)$", r"#STAND \g<what>"),
    ("stand for", PLAIN, r"^(?:what is )?the (?:full form|expansion) of ", "#STAND "),
    ("synonym", PLAIN, r"^(?:what is |give me )?(?:another|a different) (?:word|term) for ", "#SYNONYM "),
    ("synonym", PLAIN, r"^(?:what (?:is|are) |give me |find )?(?:a |the |some )?synonyms? (?:of|for) ", "#SYNONYM "),
    ("opposite", PLAIN, r"^(?:what (?:is|are) |give me |find )?(?:the |an |some )?(?:opposite|antonyms?) (?:of|for) ", "#OPPOSITE "),
    ("used for", LOOSE, r"^what (?:is|are) (?P<what>.+) used for$", r"#PURPOSE \g<what>"),
    ("used for", LOOSE, r"^(?:what is )?the (?:purpose|function|use) of ", "#PURPOSE "),
    # two things side by side
    ("difference", PLAIN, r"^(?:what (?:is|are|was|were) )?(?:the )?(?:main |key )?differences? between (?P<a>.+?) (?:and|versus) (?P<b>.+)$", _pair("DIFFERENCE")),
    ("difference", PLAIN, r"^how (?:do|does) (?P<a>.+?) and (?P<b>.+) differ$", _pair("DIFFERENCE")),
    ("difference", PLAIN, r"^how (?:do|does) (?P<a>.+?) differ from (?P<b>.+)$", _pair("DIFFERENCE")),
    ("difference", PLAIN, r"^how (?:is|are) (?P<a>.+?) (?:different|distinct) (?:from|than|to) (?P<b>.+)$", _pair("DIFFERENCE")),
    ("difference", PLAIN, r"^how (?:is|are) (?P<a>.+?) and (?P<b>.+) different$", _pair("DIFFERENCE")),
    ("difference", PLAIN, r"^what (?:distinguishes|differentiates|separates) (?P<a>.+?) (?:from|and) (?P<b>.+)$", _pair("DIFFERENCE")),
    ("difference", PLAIN, r"^(?:explain|describe|tell me|give me) (?:the )?differences? between (?P<a>.+?) and (?P<b>.+)$", _pair("DIFFERENCE")),
    ("compare", PLAIN, r"^(?:compare|contrast|compare and contrast) (?P<a>.+?) (?:and|with|to|against|versus) (?P<b>.+)$", _pair("COMPARE")),
    ("compare", PLAIN, r"^(?:a |the )?comparison (?:of|between) (?P<a>.+?) (?:and|with|to) (?P<b>.+)$", _pair("COMPARE")),
    ("compare", PLAIN, r"^how (?:do|does) (?P<a>.+?) compare (?:to|with|against) (?P<b>.+)$", _pair("COMPARE")),
    ("compare", PLAIN, r"^how (?:do|does) (?P<a>.+?) and (?P<b>.+) compare$", _pair("COMPARE")),
    ("compare", PLAIN, r"^(?P<a>\w+(?: \w+){0,2}) versus (?P<b>\w+(?: \w+){0,2})$", _pair("COMPARE")),
    ("better", PLAIN, r"^(?:which|what)(?: one)? is (?P<how>better|best|faster|healthier|cheaper|safer|worse|bigger|larger|stronger|easier|harder|older|heavier|more \w+)(?: [.,])? (?P<a>\w+(?: \w+){0,3}?) or (?P<b>\w+(?: \w+){0,3})$", _better),
    ("better", PLAIN, r"^is (?P<a>\w+(?: \w+){0,2}?) or (?P<b>\w+(?: \w+){0,2}?) (?P<how>better|best|faster|healthier|cheaper|safer|worse|bigger|larger|stronger|easier|harder|older|heavier|more \w+)$", _better),
    ("same", PLAIN, r"^(?:is|are) (?P<a>\w+(?: \w+){0,3}?) the same(?: thing)? as (?P<b>\w+(?: \w+){0,3})$", _pair("SAME")),
    ("same", PLAIN, r"^(?:is|are) (?P<a>\w+(?: \w+){0,3}?) and (?P<b>\w+(?: \w+){0,3}?) the same(?: thing)?$", _pair("SAME")),
    ("similarity", PLAIN, r"^(?:what (?:is|are) )?the similarit(?:y|ies) between (?P<a>.+?) and (?P<b>.+)$", _pair("SIMILARITY")),
    # about, and things asked for
    ("about", PLAIN, r"^(?:tell|teach) me (?:more |something |a bit |a little )?about ", "#ABOUT "),
    ("about", PLAIN, r"^i (?:want|would like|need) to (?:know|learn|find out)(?: more)? about ", "#ABOUT "),
    ("about", PLAIN, r"^(?:what (?:do|can) you (?:know|tell me)(?: more)?|(?:give me |provide |i need |share )?(?:some |more )?(?:information|info|details)) (?:about|on|regarding|concerning) ", "#ABOUT "),
    ("some", PLAIN, r"^(?:what|which) (?:is|are) (?:some|a few|several)(?: of the)? ", "what is "),
    ("give me", PLAIN, r"^(?:give|tell|show|get|send)(?: me| us) (?=(?:the|a|an|some|my|your) )(?:some )?", "what is "),
    ("name", PLAIN, r"^(?:name|list|state|identify|specify|mention|list out|enumerate|provide|give|recall) (?:the |some |a few |several )", "what is "),
    ("agent", LOOSE, rf"^(?:who|what) (?:is|was) (?:the )?(?P<agent>{'|'.join(_AGENTS)}) (?:of|behind) (?P<what>.+)$", lambda found: f"who {_AGENTS[found['agent']]} {found['what']}"),
    ("explain", LOOSE, r"^(?:explain|describe|outline|discuss|clarify)(?: to)?(?: me| us)?(?: about)? (?:what )?", "what is "),
    ("which is", LOOSE, r"^(?:which|what) (?P<kind>\w+) (?P<be>is|are|was|were) (?P<what>the .+)$", r"what ?\g<kind> \g<be> \g<what>"),
    ("which one", PLAIN, r"^which (?:one )?(?P<be>is|are|was|were) ", r"what \g<be> "),
    ("possessive", PLAIN, r"^(?P<front>(?:(?:what|who|where|when|how \w+)(?: \?\w+)?(?: (?:is|are|was|were))?|summarize|explain|describe|compare|translate|calculate|find|draw) )(?:the )?(?P<owner>[\w-]+(?: [\w-]+){0,3}) 's (?P<what>\w+(?: \w+){0,2})(?P<rest>(?: (?:in|at|on|for|during|of|by|from|to) .+)?)$", r"\g<front>the \g<what> of \g<owner>\g<rest>"),
    ("possessive", PLAIN, r"^(?:the )?(?P<owner>[\w-]+(?: [\w-]+){0,3}) 's (?P<what>\w+(?: \w+){0,2})(?P<rest>(?: (?:in|at|on|for|during|of|by|from|to) .+)?)$", r"the \g<what> of \g<owner>\g<rest>"),
    ("compound", LOOSE, rf"^(?P<front>(?:what (?:is|are) )?)(?:the )?(?P<owner>(?!of\b|the\b)\w+(?: \w+)?) (?P<what>{_RELATIONAL})$", r"\g<front>the \g<what> of \g<owner>"),
    ("symptom of", PLAIN, r"^(?P<front>(?:what (?:is|are) )?the (?:symptoms?|signs|causes|price|cost|benefits|advantages|disadvantages|capital)) (?:for|to) ", r"\g<front> of "),
    ("which", PLAIN, r"^which (?=\w)", "what "),
    ("what exists", PLAIN, r"^what (?P<what>.+) (?:are there|exist|exists)$", r"what is \g<what>"),
]  # fmt: skip
_COMPILED = [(name, grade, re.compile(pattern), instead) for name, grade, pattern, instead in _RULES]


def rewrite(text: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """The form that is kept, and the trail: name and grade of each rule that was used."""
    trail: set[tuple[str, str]] = set()
    for name, grade, pattern, instead in _COMPILED:
        changed = pattern.sub(instead, text, count=1)
        if changed != text:
            trail.add((name, grade))
            text = changed
    if text.startswith(("#DIFFERENCE", "#COMPARE", "#SIMILARITY", "#BETTER", "#SAME")):
        text = _sorted_pair(text, trail)
    return text, frozenset(trail)


def _sorted_pair(text: str, trail: set[tuple[str, str]]) -> str:
    kind, _, pair = text.partition(" ")
    first, bar, second = pair.partition(" | ")
    if bar and second < first and not any(letter.isdigit() for letter in pair):
        trail.add(("swapped", "order"))
        first, second = second, first
    return f"{kind} {first} | {second}"
