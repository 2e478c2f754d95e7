"""What instructions to a model look like, as patterns over folded text.  They are stated, not complete."""

# ruff: noqa: E501 (a pattern that is broken into lines is harder to read)

from __future__ import annotations

import re

_MODEL = (r"(?:a\.?i\.?(?: (?:assistants?|models?|agents?|systems?|tools?|readers?|chatbots?|crawlers?))?|(?:large )?language models?"
          r"|llms?|chat ?gpt|gpt|claude|gemini|copilot|(?:virtual |digital |chat ?|search )?assistants?|chat ?bots?|bots?"
          r"|summari[sz]ers?|retrieval systems?|neural networks?|models?)")  # fmt: skip
_CLEAR = _MODEL.replace("|models?)", ")")
"""Names of models alone that are those of nothing else."""
_GIVEN = r"(?:instructions?|prompts?|directions?|directives?|guidelines?|rules?|commands?|orders?|constraints?|programming|training|safety (?:rules|measures|training)|policies|system messages?|messages?|context|restrictions?|filters?)"
_BEFORE = r"(?:previous|prior|above|earlier|preceding|foregoing|past|former|initial|original|existing|current|other|hidden|system|developer|safety)"
_DROP = r"(?:ignore|disregard|forget|override|overrule|bypass|dismiss|discard|drop|skip|neglect|do not (?:follow|obey|heed)|don'?t (?:follow|obey|heed)|stop (?:following|obeying)|pay no attention to)"
_START = r"(?:(?<![a-z])(?<!\bto )(?<!\bnot )(?<!\bthey )(?<!\bwho )(?<!\bthat )(?<!\bwould )(?<!\bdid )(?<!\boften )(?<!\bpeople )(?<!\bdrivers )(?<!\bresidents )(?<!\bshould )(?<!\bmust )(?<!\bcan )(?<!\bmay ))"
_ANSWER = r"(?:answer|respon[sd]e?|reply|output|summar(?:y|ise|ize)|conclusion|completion|translation)"

_SOURCES: tuple[tuple[str, str], ...] = (
    ("overrides instructions",
     rf"{_START}{_DROP}\s+(?:\w+[\s,]+){{0,3}}?(?:all|any|every|each|the|your|my|these|those|what|everything|anything)\b[^.!?\n]{{0,40}}?"
     rf"\b(?:{_BEFORE}\s+(?:\w+\s+){{0,2}}?{_GIVEN}|{_GIVEN}\s+(?:\w+\s+){{0,2}}?(?:above|before|earlier|given|you)|your\s+(?:\w+\s+){{0,2}}{_GIVEN})\b"),
    ("overrides instructions", rf"{_START}{_DROP}\s+{_BEFORE}\s+(?:\w+\s+){{0,2}}?{_GIVEN}\b"),
    ("overrides instructions",
     rf"{_START}{_DROP}\s+(?:all\s+|everything\s+)?(?:(?:that\s+|you\s+)?(?:were\s+|was\s+|have\s+been\s+|are\s+)?(?:told|instructed|asked|said|written|stated|given)\s+)"
     r"(?:\w+\s+){0,3}?(?:before|above|previously|earlier|so far|until now|to do)\b"),
    ("overrides instructions", rf"{_START}{_DROP}\s+(?:your|any|all(?: of)?(?: your| the)?)\s+(?:\w+\s+){{0,2}}?{_GIVEN}\b"),
    ("overrides instructions", rf"\byou\s+(?:must|should|need to|have to|are (?:\w+\s+){{0,2}}?to|will|shall|can)\s+(?:now\s+)?{_DROP}\s+(?:\w+\s+){{0,4}}?{_GIVEN}\b"),
    ("overrides instructions",
     rf"\b(?:the\s+)?{_BEFORE}\s+(?:\w+\s+)?{_GIVEN}\s+(?:are|is|were|was|have been|has been)\s+(?:now\s+)?(?:\w+ly\s+)?(?:void|invalid|cancel+ed|revoked|superseded|obsolete|replaced|overridden|lifted|no longer (?:valid|in force|apply))\b"
     r"[^.!?\n]{0,60}?\b(?:you|your|model|assistant|a\.?i\.?)\b"),
    ("new instructions",
     r"(?:^|[\n.!?:>\]*#-])\s*(?:your\s+|here are\s+(?:your\s+)?|the\s+)?(?:new|updated?|real|actual|true|revised|additional|important|urgent|secret|hidden|special)\s+"
     rf"(?:system\s+|user\s+|developer\s+|admin\s+)?(?:instructions?|task|prompt|directives?|objective)\s*(?:for (?:the |all |any )?{_MODEL}\s*)?(?::|-|is to\b|are to\b)"),
    ("new instructions", r"\b(?:end|close|stop)\s+of\s+(?:the\s+)?(?:documents?|context|passages?|articles?|sources?|data|text|quoted text|untrusted \w+)\b[^.\n]{0,30}[\s\])>=*#-]+(?:\w+\s+){0,3}?(?:instructions?|task|system|user|now)\b"),
    ("new instructions", r"\b(?:begin|start)\s+(?:of\s+)?(?:new\s+|system\s+|hidden\s+)(?:system\s+)?(?:prompt|instructions?|message)\b"),
    ("speaks as the system",
     r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id|end|channel|message|begin_of_text)\|>|\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>|</?(?:system|assistant|instructions?|system_prompt|user_query|tool_call|function_calls?|context|documents?|passages?)(?:\s[^<>\n]{0,80})?>"
     r"|\[(?:system|assistant|developer|admin)(?:\s+(?:message|prompt|note|override))?\]|###?\s*(?:system|instructions?|response|human|assistant|user)\s*:"),
    ("speaks as the system", r"(?:^|\n)\s*\W{0,4}(?:system|assistant|developer|human|user|a\.?i\.?)(?:\s+(?:prompt|message|override|note|instructions?))?\s*:\s*(?:you|your|ignore|disregard|forget|from now|always|never|please|i\b|the (?:user|assistant|answer)|do not|don't|print|reveal|repeat|sure|reply|respond|answer)"),
    ("speaks as the system", r"\b(?:system|admin(?:istrator)?|developer|root)\s+(?:override|mode|access)\s*(?:[:=-]|\b(?:enabled|activated|engaged|granted|on)\b|code\b)"),
    ("addresses the model",
     rf"(?:^|[\n.!?:;>(\[*\"'-])\s*(?:dear|hey|hello|hi|attention,?|note (?:to|for)|notice (?:to|for)|message (?:to|for)|instructions? (?:to|for)|memo to|to)\s+(?:all\s+|any\s+|the\s+|every\s+|other\s+)?(?:\w+\s+)?{_MODEL}\b[^.\n]{{0,40}}?[:,!-]"),
    ("addresses the model", rf"\bif\s+you(?:'re|\s+are)\s+(?:an?\s+|the\s+)?(?:\w+\s+){{0,2}}?{_CLEAR}\b"),
    ("addresses the model", rf"\b(?:any|all|every|each)\s+{_CLEAR}\s+(?:\w+ing\s+(?:\w+\s+){{0,4}}?)?(?:must|should|shall|will|needs? to|has to|have to|(?:is|are) (?:required|instructed|asked|told|ordered) to)\b"),
    ("addresses the model", rf"\b{_MODEL}\s+(?:reading|processing|summari[sz]ing|parsing|seeing|indexing|answering from)\s+th(?:is|ese)\b[^.\n]{{0,60}}?\b(?:must|should|shall|will|needs? to|(?:is|are) (?:required|instructed|asked|told|ordered) to)\b"),
    ("gives the model a role", rf"\b(?:you\s+are\s+now\s+(?:an?|the|my|in|free|acting|operating|running|working|dan|called)|from\s+now\s+on,?\s+you(?:\s+are|'re|\s+will|\s+must|\s+shall|\s+should)?|you\s+will\s+now\s+(?:act|be|behave)|act\s+as\s+(?:if\s+you\s+(?:are|were)\s+)?(?:an?\s+)?(?:unrestricted|unfiltered|uncensored|{_MODEL}|dan\b)|pretend\s+(?:to\s+be|that\s+you\s+are|you(?:'re|\s+are))\s+(?:an?\s+)?(?:\w+\s+){{0,2}}?(?:{_MODEL}|unrestricted|without)|you\s+(?:are|have)\s+(?:an?\s+)?(?:no\s+(?:restrictions|rules|filters)|unrestricted|unfiltered|jailbroken)|roleplay\s+as)\b"),
    ("steers the answer",
     rf"\b(?:in|at the end of|at the start of|before|after|with|to|into)\s+your\s+(?:next\s+|final\s+|whole\s+|entire\s+)?{_ANSWER}\b(?!\s+to\s+(?:the|our|this|your)\s+(?!user|question|query|reader|prompt))"),
    ("steers the answer",
     r"(?:^|[\n.!?:;,>*\"'-])\s*(?:now\s+|please\s+|instead,?\s+|simply\s+|just\s+|and\s+|then\s+|always\s+|only\s+)*(?:answer|respond|reply|output|print|write|say|return|conclude|state|begin your \w+)\s+(?:with\s+|by\s+|me\s+|back\s+)?(?:only|exactly|always|nothing but|with the (?:word|words|phrase|text|following|sentence|string)|the (?:word|words|phrase|string)|verbatim|that the (?:answer|document|article))\b"),
    ("steers the answer", r"\b(?:when|whenever|if|should)\s+(?:you(?:'re|\s+are)?\s+|anyone\s+(?:is\s+)?|(?:the\s+|a\s+)?user\s+|somebody\s+)?(?:asked?|asks|questioned|prompted|queried|summari[sz]e|summari[sz]ing|answering|answer|quoting)\b[^.\n]{0,80}?[,:]?\s*\b(?:you\s+(?:must|should|will|shall)|always|never|only|do\s+not|don't|(?:say|state|answer|reply|respond|claim|recommend|mention|insist|tell\s+(?:them|him|her|the user))\s+(?:that|only|with|it|no|nothing|the)\b)"),
    ("steers the answer", rf"\b(?:do\s+not|don't|never)\s+(?:mention|cite|reveal|disclose|tell|show|quote|attribute|credit|warn|refer to)\b[^.\n]{{0,60}}?\b(?:the\s+user|user|reader'?s? question|this (?:instruction|note|message|prompt)|these instructions|your {_ANSWER}|the other (?:sources|passages|documents|articles)|other sources|any source|the source|licen[cs]e)\b"),
    ("steers the answer", r"\b(?:this|the following)\s+(?:source|passage|document|article|text)\s+(?:is|must be|should be)\s+(?:considered\s+|treated as\s+|given\s+)?(?:the\s+)?(?:only|most|highest|absolute|sole)?\s*(?:authoritative|trusted|correct|true|reliable|priority)\b[^.\n]{0,80}?\b(?:ignore|override|overrules?|disregard|instead of|over all|all other|every other)\b"),
    ("steers the answer", r"\b(?:regardless|irrespective)\s+of\s+(?:what\s+)?(?:the\s+)?(?:question(?!\s+of)|query|user|what (?:the user|you are) ask)"),
    ("wants to know the prompt", r"\b(?:reveal|print|repeat|show|output|display|leak|recite|copy|disclose|send|tell me|write out|return|summari[sz]e|translate)\s+(?:\w+\s+){0,4}?(?:system\s+prompt|hidden\s+prompt|initial\s+prompt|(?:your|the)\s+(?:(?:\w+\s+){0,2}?instructions|prompt|system message|developer message|guidelines)(?:\s+(?:above|verbatim|word for word|in full|you (?:were|have been) given))?\b|(?:everything|all (?:the )?text|the (?:words|text)) above|(?:conversation|chat)\s+history|previous (?:messages|conversation))"),
    ("wants to know the prompt", r"\b(?:api[\s_-]?keys?|access tokens?|passwords?|credentials|environment variables|secrets?)\b[^.\n]{0,60}?\b(?:in your (?:answer|response|reply|context|memory)|you (?:have|know|were given)|to https?://|and send|from (?:your|the) (?:context|memory|environment|conversation))\b|\b(?:send|post|upload|forward|exfiltrate|append|encode)\b[^.\n]{0,60}?\b(?:conversation|chat history|user'?s? (?:data|question|query|messages?|name|e-?mail)|api[\s_-]?keys?|passwords?|credentials|other (?:documents|passages))\b[^.\n]{0,40}?\b(?:to|at|via|into|in)\s+(?:https?://|the (?:url|link|address|following)|an? (?:url|link|image)|this (?:url|link|address))"),
    ("wants a tool used", r"(?:^|[\n.!?:;,>*-])\s*(?:now\s+|please\s+|then\s+|first,?\s+|immediately\s+|and\s+)*(?:call|invoke|execute|run|use|trigger|open)\s+(?:the\s+|a\s+|an\s+|your\s+)?(?:(?:tool|function|plugin)\s+(?:named\s+|called\s+)?`?\w*[_(.]\w*|(?:python|bash|shell|browser|search|web|e-?mail|code|file)[\s_]*(?:tool|function|plugin|interpreter|command)\b)[^.\n]{0,60}"),
    ("wants a tool used", r"!\[[^\]\n]{0,80}\]\(\s*https?://[^)\s]{1,200}(?:\?|=|\{)[^)\s]{0,200}(?:\{|data|query|prompt|secret|history)|\b(?:render|insert|embed|include)\s+(?:\w+\s+){0,3}?(?:markdown\s+)?image\b[^.\n]{0,60}?https?://"),
    ("overrides instructions", r"\b(?:jailbreak|dan mode|do anything now|developer mode)\b[^.\n]{0,40}?\b(?:enabled|activated|on|now you|you (?:are|can|will))\b"),
    ("overrides instructions",
     r"\b(?:ignorier(?:e|en sie)|vergiss|vergessen sie|missachten? sie|missachte)\b[^.!?\n]{0,50}?\b(?:anweisung\w*|anleitung\w*|vorgaben|regeln|prompts?|befehle)\b"
     r"|\b(?:ignore[zr]?|oublie[zr]?|ne (?:tenez|tiens) (?:pas|aucun) compte)\b[^.!?\n]{0,50}?\b(?:instructions|consignes|directives|regles)\b[^.!?\n]{0,30}?\b(?:precedentes|anterieures|ci-dessus|recues)\b"
     r"|\b(?:ignora|ignore|ignoren|olvida|olvide|descarta)\b[^.!?\n]{0,50}?\b(?:instrucciones|indicaciones|ordenes|reglas)\b[^.!?\n]{0,30}?\b(?:anteriores|previas|recibidas)\b"
     r"|\b(?:ignora|ignori|ignorate|dimentica)\b[^.!?\n]{0,50}?\b(?:istruzioni|indicazioni|regole)\b[^.!?\n]{0,30}?\b(?:precedenti|ricevute)\b"
     r"|\b(?:ignore|ignora|esqueca|desconsidere)\b[^.!?\n]{0,50}?\b(?:instrucoes|ordens|regras)\b[^.!?\n]{0,30}?\b(?:anteriores|previas)\b"
     r"|\b(?:negeer|vergeet)\b[^.!?\n]{0,50}?\b(?:instructies|opdrachten|regels)\b"
     r"|\u5ffd\u7565[^\u3002\n]{0,12}(?:\u6307\u4ee4|\u6307\u793a|\u63d0\u793a)|\u7121\u8996[^\u3002\n]{0,12}(?:\u6307\u4ee4|\u6307\u793a)|(?:\u4ee5\u524d|\u4e0a\u8a18|\u3053\u308c\u307e\u3067)[^\u3002\n]{0,8}\u6307\u793a[^\u3002\n]{0,8}\u7121\u8996"),
)  # fmt: skip

_WORDS: dict[str, tuple[str, ...]] = {
    "overrides instructions": (
        "ignor", "disregard", "forget", "overr", "bypass", "dismiss", "discard", "drop", "skip", "neglect", "not follow",
        "not obey", "not heed", "n't follow", "n't obey", "n't heed", "stop ", "pay no", "jailbreak", "dan mode", "do anything",
        "developer mode", "vergiss", "vergessen", "missacht", "oubli", "ne tene", "ne tien", "olvid", "descart", "dimentic",
        "esqueca", "desconsider", "negeer", "vergeet", "void", "invalid", "revoked", "supersede", "obsolete", "cancel",
        "replaced", "lifted", "no longer", "\u5ffd\u7565", "\u7121\u8996", "\u6307\u793a"),
    "new instructions": ("instruction", "task", "prompt", "directive", "objective", "mission", "now"),
    "speaks as the system": ("<", "[", "#", ":", "override", "mode", "access"),
    "wants to know the prompt": ("prompt", "instruction", "message", "guideline", "above", "history", "conversation", "key",
                                 "token", "password", "credential", "secret", "variable", "user", "documents", "passages"),
    "wants a tool used": ("tool", "function", "plugin", "shell", "terminal", "command line", "interpreter", "bash", "python",
                          "http"),
}  # fmt: skip
"""Name of a rule -> words without one of which it cannot hold, so that most texts need no search."""


def _bound(source: str) -> str:
    """Return a pattern whose repetitions end soon, so that no text takes more than linear time."""
    return source.replace(r"\s+", r"\s{1,9}").replace(r"\s*", r"\s{0,9}").replace(r"\w+", r"\w{1,30}")


RULES: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (name, _WORDS.get(name, ()), re.compile(_bound(source))) for name, source in _SOURCES
)
"""Name, words without one of which it cannot hold, and pattern over folded text; several may have one name."""

SQUEEZED = re.compile(
    r"(?:ignore|disregard|forget|override|bypass)(?:all|any|the|your|my|of|these|those){0,3}"
    r"(?:previous|prior|above|earlier|preceding|system)?(?:instructions?|prompts?|rules|guidelines|commands|directions)"
)
"""An order to drop instructions, without its spaces."""
