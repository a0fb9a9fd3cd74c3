"""What is said around a question: greetings, please and thanks, `could you tell me`, `I was wondering`."""

from __future__ import annotations

import re

_ASK = r"(?:could|can|would|will|might) (?:you|someone|anyone|anybody|somebody|we) "
_SOFT = r"(?:please |kindly |possibly |maybe |perhaps |quickly |just |also )*"
_WH = r"(?:what|who|whom|whose|which|where|when|why|how|if|whether)"
_ASKED = r"(?=(?:what|who|whom|whose|which|where|when|why|how|if|whether|is|are|was|were|do|does|did|can|could|should|will|would|has|have|must|may|please|the|a|an|i)\b)"

_FRONT = [
    r"(?:listen|look|say|yo|oh|ah|help|please help|serious question|honest question|genuine question|random question|silly question|noob question|newbie question|beginner question|quick one|quick q|q|question|asking for a friend|for a friend|need to know|i hope you can help|hope you can help|hoping you can help|not sure if this is the right place but|i am new to this|forgive me|apologies|in short|in brief|briefly|simply put|to be clear|to clarify|just checking|just to check|just to confirm|first of all|first off|one question|one more thing|another question) (?:, |[.] |- )",
    r"(?:i (?:have|had) |i )?(?:have |been |always |often |just |also |still |was |am |really |kept |keep )*(?:wondering|wondered|wonder|curious)(?: about)? (?=" + _WH + r"\b)",
    r"(?:i )?(?:always |really |just |also |still |only |simply )*(?:want|wanted|need|needed|hope|hoped|try|tried|trying|am trying|was trying|was hoping|am hoping|am looking|was looking|looking|would love|would like|would prefer) to (?:know|learn|understand|find out|ask|ask you|figure out|see|hear|work out|get|check|determine|confirm|discover) (?=" + _WH + r"\b)",
    r"(?:someone|somebody|anyone|anybody|do|just|please|kindly|simply|so|and|then|now|can|could)(?: please| just| kindly)* (?=(?:tell|explain|let) (?:me|us|to)\b)",
    r"(?:anyone|anybody|someone|somebody|you|would you|would anyone|would anybody|do any of you|do you guys|have you|got|do you have|have you got)(?: here| happen to| perhaps| possibly)* (?:know|knows|any idea|any clue|an idea|a clue)(?: about| of)? (?=" + _WH + r"\b)",
    r"i do not suppose (?:you|anyone|anybody) (?:know|knows|could tell me|can tell me) (?=" + _WH + r"\b)",
    r"(?:is there )?any chance (?:you|someone|anyone) (?:could|can|might|would|know|knows) ?(?:tell me|explain|explain to me|know)? (?=" + _WH + r"\b)",
    r"(?:please |kindly )?(?:advise|enlighten|educate|fill|clue|brief)(?: me| us)?(?: in)?(?: on| about| as to)? (?=" + _WH + r"\b)",
    r"(?:it would (?:help|be great|be good|be nice|be helpful|be useful)(?: me)? to (?:know|understand|learn)|i would be (?:glad|happy|grateful|interested) to (?:know|learn|hear)|i would appreciate (?:knowing|it if you told me|hearing)|i am (?:keen|eager|dying|interested) to (?:know|learn|find out)|it is (?:not clear|unclear) to me|i am (?:confused|unclear|unsure|not clear|not certain|puzzled)(?: about| as to| on)?|i forgot|i forget|i have forgotten|i can never remember|remind me again|remind me) (?=" + _WH + r"\b)",
    r"(?:the thing i (?:want|need) to know is|what i am asking is|what i am wondering is|what i (?:really )?(?:want|need|wanted|needed) to (?:know|understand|ask|find out) is|i am asking|i ask you|i am here to ask|i came here to ask|i wanted to ask|i have to ask|i must ask|let me ask|let me ask you|allow me to ask|one thing i want to know is|i need an answer to this) (?:[,.] )?(?=" + _WH + r"\b|is\b|are\b|can\b|do\b|does\b|should\b)",
    r"(?:could|can|may|might) i (?:get|have|please get|please have|know|please know|ask for|trouble you for) (?=the\b)",
    r"(?:hi|hello|hey|greetings|good morning|good afternoon|good evening|dear \w+)(?: there| all| everyone| everybody| team| folks)? [,.] ",
    r"(?:hi|hello|hey)(?: there| all| everyone)? " + _ASKED,
    r"(?:please|kindly) (?:, )?",
    r"(?:thanks|thank you)(?: in advance| for your help)? [,.] ",
    r"(?:just )?(?:a |another |one more |one )?(?:quick|simple|small|short|basic|brief|dumb|silly|stupid)? ?question(?: for you| here)? [,.-] ",
    r"(?:so|well|ok|um|uh|hmm|alright|right|now|sorry|excuse me|pardon me|hey|by the way|btw|just (?:out of curiosity|curious|wondering)|out of (?:curiosity|interest)|curious|for reference|anyway) (?:, |[.] |- )",
    r"(?:so|well|ok|um|uh|hmm) " + _ASKED,
    _ASK + _SOFT + r"(?:tell|let|inform|remind) me (?:know )?(?:please |about )?(?=" + _WH + r"\b)",
    _ASK + _SOFT + r"(?:tell|inform|remind) me (?=(?:the|a|an|my|your)\b)",
    _ASK + _SOFT + r"(?=(?:explain|describe|clarify|give|show|list|name|define|translate|write|summarize|convert|calculate|compute|recommend|suggest|provide|help|walk|teach|outline|compare|create|generate|draft|compose|solve|find|tell|share|specify|state|identify|elaborate|point|fix|correct|rewrite|explain)\b)",
    r"(?:would|do) you mind (?=\w+ing\b)",
    r"(?:do|does|did) (?:you|anyone|anybody|someone|somebody)(?: here)? (?:happen to )?(?:know|have any idea|remember|have an idea|have a clue|have any clue) (?:about )?(?=" + _WH + r"\b)",
    r"(?:do|does) (?:you|anyone|anybody|someone)(?: happen to)? know (?=(?:the|a|an|my)\b)",
    r"(?:any|some) (?:idea|ideas|clue|thoughts)(?: of| on| about)? (?=" + _WH + r"\b)",
    r"i (?:would|do|really|just|also|simply)* ?(?:really |just |also )*(?:like|love|want|need|wish|have)(?: you)? to (?:know|learn|understand|find out|ask(?: you)?|be told|figure out|hear)(?: about)? (?=" + _WH + r"\b)",
    r"i (?:would|do|really|just|also|simply)* ?(?:really |just |also )*(?:like|love|want|need|wish|have) to (?:know|learn|find out|be told) (?=(?:the|a|an|my)\b)",
    r"i (?:am|was)(?: just| also| really)? (?:wondering|curious|interested|unsure|not sure|trying to (?:find out|understand|figure out|learn|work out|see)|looking to (?:find out|understand|learn|know)|interested in (?:knowing|learning|finding out)|curious to (?:know|learn))(?: about| to know)? (?=" + _WH + r"\b)",
    r"(?:i )?wonder(?:ing)? (?=" + _WH + r"\b)",
    r"i (?:do not|can not) (?:know|understand|remember|recall|figure out|see) (?=" + _WH + r"\b)",
    r"(?:please )?(?:tell|remind|inform) me (?:please )?(?=" + _WH + r"\b)",
    r"(?:please )?let me know (?=" + _WH + r"\b)",
    r"what i (?:want|need|would like|wish) to (?:know|ask|find out) is [,.]? ?",
    r"(?:my|the|here is my|i have a|i have the following|i got a)(?: quick| simple)? question(?: is| was)?(?: about)?(?: this)? (?:[,.] )?(?=" + _WH + r"\b)",
    r"(?:is it possible for you to|are you able to|would it be possible(?: for you)? to|would you be able to|could i ask you to|may i ask you to|can i ask you to|i would appreciate it if you (?:could|would)|i would be grateful if you (?:could|would)|it would be (?:great|nice|helpful|good) if you (?:could|would)|i would like you to|i want you to|i need you to) (?=(?:explain|describe|clarify|give|show|list|name|define|translate|write|summarize|convert|calculate|compute|recommend|suggest|provide|help|tell)\b)",
    r"(?:may|can|could|might) i (?:ask|know|inquire|find out)(?: you)? (?:please )?(?=" + _WH + r"\b)",
    r"(?:may|can|could|might) i (?:ask|know) (?=(?:the|my)\b)",
    r"(?:explaining|telling me|helping me understand) (?:please )?(?=" + _WH + r"\b)",
    r"(?:help me )(?:to )?(?:understand|figure out|find out|know|work out|see) (?=" + _WH + r"\b)",
    r"(?:i need|i could use|i would like) (?:some )?help (?:understanding|figuring out|finding out) (?=" + _WH + r"\b)",
    r"(?:explain|clarify|specify|state|say|describe|show)(?: to)?(?: me| us)? (?=(?:what|who|where|when|why|which|whether|if)\b)",
    r"(?:explain|clarify|describe)(?: to)?(?: me| us)? (?=how\b)",
    r"(?:find out|figure out|work out) (?=" + _WH + r"\b)",
]  # fmt: skip
_BACK = [
    r" (?:, )?(?:please|thanks|thank you|cheers|many thanks|thanks a lot|thank you very much|thank you so much|thanks so much|thanks in advance|thank you in advance|in advance)",
    r" (?:[,.] )(?:if you (?:do not mind|can|could|would|know|please)|if possible|do you know|any ideas|any idea|any help|can you tell me|could you tell me|by any chance|would you know|i wonder|i am curious|i am wondering|do you happen to know|anyone|anybody|please help|help|will you|would you|could you|can you)",
    r" (?:[,.] |- )?(?:thanks a million|thanks a bunch|thanks for (?:your|the|any) help|thanks for helping|thank you for (?:your|the|any) help|many thanks in advance|thank you kindly|much appreciated|any help (?:is|would be) (?:much |greatly )?appreciated|appreciate it|i appreciate it|ty|tia|cheers mate|if you know|you think|would you say|for a friend|asking for a friend|just wondering|just curious|i am curious|i need to know|i have been wondering|please and thank you|please tell me|please explain|please advise|do tell|tell me please|help me please|help please)",
    r" (?:if you do not mind|by any chance|do you know|any ideas|any idea|if you please|please help)",
    r" (?:, |[.] )(?:i would like to know|i want to know|i need to know|please tell me|tell me|let me know|please let me know|i was wondering|i am just curious|just curious|just wondering)",
]  # fmt: skip
_START = re.compile("^(?:" + "|".join(_FRONT) + ")")
_END = re.compile("(?:" + "|".join(_BACK) + r")(?: [,.])?$")
_FILLER = re.compile(
    r"^((?:what|who|where|when|why|how|which)(?: (?:many|much|long|often))?(?: (?:is|are|was|were|do|does|did|can))?) "
    r"(?:exactly|actually|really|basically|precisely|specifically|even) "
)
_ELSE = re.compile(r"^((?:what|who|where|when|why|how)) (?:on earth|in the world|the heck|the hell|exactly) ")


def without_politeness(text: str) -> str:
    """The question itself: `hi , could you please tell me what x is , thanks` gives `what x is`.

    `text` is tokens joined by blanks. What is taken away never holds a word of the question.
    """
    before = None
    while before != text:
        before = text
        shorter = _END.sub("", _START.sub("", text, count=1), count=1)
        if " " in shorter:
            text = shorter
    text = _ELSE.sub(r"\1 ", text)
    return _FILLER.sub(r"\1 ", text)
