"""Words and patterns of toxic English: slurs, threats, insults, explicit sexual words, profanity.

Collected by us, for texts in lower case with look-alike letters folded.  Words that are as common in a harmless sense
were left out (``coon`` cats, ``dyke`` of a river, ``queer`` studies), as were names of groups, of illnesses and of parts
of the body: lists with them are known to drop what minorities write of themselves (Dodge et al. 2021, arXiv 2104.08758).
"""

# ruff: noqa: E501  (a group of words a line, however long)

from __future__ import annotations

import re

_SLURS = """
nigger niggers nigga niggas kike kikes spics wetback wetbacks gook gooks raghead ragheads towelhead
towelheads sandnigger sandniggers faggot faggots fag fags tranny trannies shemale shemales retard retards
libtard libtards golliwog jigaboo jigaboos beaner beaners halfbreed halfbreeds subhuman subhumans untermensch
untermenschen pajeet pajeets zipperhead zipperheads pickaninny porchmonkey porchmonkeys
"""

_PROFANITY = """
fuck fucks fucked fucker fuckers fucking fuckin motherfucker motherfuckers motherfucking shit shits shitty shitting
bullshit shithead shitheads asshole assholes arsehole arseholes bitch bitches bitching bastard bastards cunt cunts
dickhead dickheads prick pricks wanker wankers twat twats bollocks goddamn dumbass dumbasses jackass jackasses
slut sluts whore whores douchebag douchebags piss pissed crap crappy wtf stfu
"""

_SEXUAL = """
blowjob blowjobs handjob handjobs cumshot cumshots creampie gangbang gangbangs deepthroat bukkake milf milfs dildo
dildos cock cocks pussy pussies tits titties boobs cumming horny hentai porn porno pornos pornhub xxx jizz clit fisting
threesome threesomes masturbate masturbates masturbating orgasm orgasms nsfw
"""

SLURS, PROFANITY, SEXUAL = (frozenset(words.split()) for words in (_SLURS, _PROFANITY, _SEXUAL))

_INSULTS = r"(?:idiots?|morons?|imbeciles?|stupid|dumb|pathetic|worthless|losers?|scum|trash|garbage|filth|filthy|pigs?|vermin|ugly|disgusting|dumbass(?:es)?|assholes?|bastards?|bitch(?:es)?|cunts?|retards?|retarded|freaks?|cockroach(?:es)?|brainless|braindead|fat(?!-)|sluts?|whores?|waste of (?:space|oxygen|air)|piece of (?:shit|crap|trash|garbage))"
_FILL = r"(?: (?:a|an|the|such|so|just|really|nothing but|all|absolute|absolutely|complete|completely|total|totally|fucking|little|stupid|fat|dumb|pathetic|worthless|disgusting|ugly|lazy|bunch|of|most|very)){0,4}"
_HARM = (
    r"(?:kill|murder|stab|shoot|strangle|rape|slaughter|behead|lynch|hang|burn|bash|gut|smash|cut up|bury|hurt|choke)"
)
_SOMEBODY = r"(?:you|your (?:face|family|kids|children|mother|whole family)|u|him|her|them(?: all)?|those people)"
_GROUPS = r"(?:jews|muslims|christians|hindus|blacks|black people|white people|whites|asians|arabs|mexicans|africans|immigrants|migrants|refugees|gays|gay people|lesbians|trans people|transgenders|women|men|gypsies|roma|disabled people|the disabled|foreigners|liberals|conservatives|homosexuals)"
_LOW = r"(?:vermin|rats|cockroaches|parasites|animals|savages|subhuman|subhumans|scum|filth|filthy|trash|garbage|inferior|a plague|a disease|a cancer|degenerates|stupid|idiots|worthless|disgusting|evil|criminals|rapists|terrorists|monkeys|apes)"

INSULTS = re.compile(
    rf"\b(?:you are|you're|ur|youre|you were|you){_FILL} {_INSULTS}\b(?! (?:of|to|for|if|when|enough|about|with|in|as|at|that)\b)"
    rf"|\b(?:shut (?:the (?:fuck|hell) )?up|screw you|fuck you|fuck off|go to hell|eat shit|suck my dick|nobody likes you|no one likes you|everyone hates you|i hate you)\b"
    rf"|\b(?:all|these|those|most|the) {_GROUPS} are{_FILL} {_LOW}\b"
    rf"|(?<![\w ]){_GROUPS} are{_FILL} {_LOW}\b|^ ?{_GROUPS} are{_FILL} {_LOW}\b"
)
"""Insults to whoever is spoken to, and what is said of whole groups."""

THREATS = re.compile(
    rf"\b(?:i will|i'll|i am going to|i'm going to|im gonna|i'm gonna|i am gonna|i'd love to|i want to|we will|we'll|we are going to|we're going to|someone should|somebody should|let's) (?:fucking |personally |hunt you down and |find you and |come and |just )?{_HARM} {_SOMEBODY}\b"
    r"|\b(?:i will|i'll|i am going to|i'm going to|i'm gonna|we will|we'll) beat (?:you|him|her|them|u) (?:up|to death|to a pulp)\b"
    r"|\b(?:kill yourself|kys|go die|hang yourself|drop dead|neck yourself)\b"
    r"|\b(?:you|they|he|she) (?:should|deserve to|deserves to|must|need to|needs to|ought to) (?:just |all )?(?:die|be killed|be shot|be hanged|be raped|be lynched|be exterminated|(?:burn|rot|suffer)(?= in hell|[.!]|$))"
    rf"|\b{_GROUPS} (?:should|must|need to|ought to|deserve to) (?:all )?(?:die|be killed|be shot|be gassed|be hanged|be exterminated|be wiped out|burn)\b"
    rf"|\b(?:gas|exterminate|kill|shoot|hang|lynch|burn) (?:all )?(?:the )?{_GROUPS}\b"
    r"|\b(?:i hope|hope) (?:you|they|he|she|your \w+) (?:all )?(?:die|dies|get raped|gets raped|get killed|get cancer|burn|burns|rot|rots|suffer|suffers)\b"
    r"|\b(?:i know where you live|watch your back|you're dead|you are dead|you will pay for this)\b"
)  # fmt: skip
"""Threats, and wishes that somebody dies."""
