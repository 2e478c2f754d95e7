"""Sentences that decline a request, in languages other than English: the wordings that models commonly use.

For folded sentences in lower case; those of other families of languages are found without word limits.
"""

# ruff: noqa: E501  (one wording a line, however long)

from __future__ import annotations

import re

_G = r"[^.!?;\n]{0,40}?"
_REFUSALS: dict[str, tuple[str, ...]] = {
    "de": (
        rf"\b(?:ich|wir) (?:kann|können|darf|dürfen|werde|werden|möchte|will)\b{_G}\b(?:nicht|kein\w*|leider)\b{_G}\b(?:helf\w*|hilfe|weiterhelfen|unterstütz\w*|beantwort\w*|antwort\w*|geben|bereitstell\w*|schreib\w*|erstell\w*|liefer\w*|nachkomm\w*|erfüll\w*|anbiet\w*|dienen|erklär\w*|diskutier\w*|sagen|tun|mach\w*)\b",
        rf"\bkann (?:ich|ihnen|dir) {_G}(?:nicht|kein\w*)\b{_G}\b(?:helf\w*|weiterhelfen|unterstütz\w*|beantwort\w*|geben|bereitstell\w*|sagen)\b",
        r"\b(?:ich|wir) (?:lehne|lehnen|muss|müssen)\b" + _G + r"\b(?:ab|ablehnen|abzulehnen)\b",
        r"\bich bin nicht (?:in der lage|befugt|berechtigt|dazu da)\b",
        r"\b(?:tut mir leid|bedau\w+)\b" + _G + r"\b(?:nicht|kein\w*)\b",
    ),
    "fr": (
        rf"\bje (?:ne |n')(?:peux|puis|suis|vais|veux|souhaite|saurais){_G}\b(?:pas|aucun\w*)?\b{_G}\b(?:aider|répondre|fournir|donner|assister|écrire|rédiger|créer|faire|partager|accéder|autorisé\w*|en mesure|satisfaire|expliquer)\b",
        r"\bje (?:refuse|décline|dois refuser|dois décliner)\b",
        r"\bje suis désolée?\b" + _G + r"\b(?:ne|n')",
    ),
    "es": (
        rf"\bno (?:puedo|podemos|podré|debo|voy a|quiero|estoy (?:autorizad\w|en condiciones|aquí))\b{_G}\b(?:ayudar\w*|responder\w*|proporcionar\w*|dar\w*|ofrecer\w*|escribir\w*|crear\w*|hacer\w*|asistir\w*|cumplir\w*|brindar\w*|compartir\w*|facilitar\w*|explicar\w*|decir\w*|participar|generar\w*)\b",
        r"\b(?:lo siento|lamento|disculp\w+)\b" + _G + r"\bno (?:puedo|podemos|me es posible|es posible)\b",
        r"\b(?:me niego|debo negarme|debo rechazar|rechazo|tengo que rechazar)\b",
    ),
    "it": (
        rf"\bnon (?:posso|possiamo|sono in grado|devo|voglio|mi è possibile)\b{_G}\b(?:aiutar\w*|rispondere|fornir\w*|dar\w*|assister\w*|scrivere|creare|fare|farlo|soddisfare|condividere|spiegar\w*)\b",
        r"\b(?:mi rifiuto|devo rifiutare|mi dispiace)\b" + _G + r"\b(?:non|rifiut\w*)\b",
    ),
    "pt": (
        rf"\bnão (?:posso|podemos|consigo|devo|vou|estou autorizad\w)\b{_G}\b(?:ajud\w*|responder|fornec\w*|dar|oferecer|escrever|criar|fazer|atender|compartilhar|partilhar|explicar|auxiliar)\b",
        r"\b(?:recuso|tenho (?:de|que) recusar|lamento|desculpe|sinto muito)\b" + _G + r"\bnão\b",
    ),
    "nl": (
        rf"\b(?:ik|we) (?:kan|kunnen|mag|mogen|zal|wil)\b{_G}\b(?:niet|geen)\b{_G}\b(?:helpen|beantwoorden|geven|verstrekken|schrijven|maken|bieden|voldoen|doen|uitleggen|delen)\b",
        r"\b(?:ik (?:weiger|moet weigeren)|het spijt me)\b" + _G + r"\b(?:niet|geen|weiger\w*)?\b",
    ),
    "pl": (r"\bnie (?:mogę|możemy|jestem w stanie|będę)\b" + _G + r"\b(?:pomóc|pomagać|odpowied\w*|udziel\w*|poda\w*|napisać|spełnić|zrobić|dostarcz\w*)", r"\b(?:odmawiam|muszę odmówić)\b"),
    "sv": (r"\b(?:jag|vi) (?:kan|får|vill|kommer) (?:tyvärr )?inte\b" + _G + r"\b(?:hjälpa|svara|ge|skriva|göra|tillhandahålla|bistå)\b", r"\bkan (?:jag|vi) (?:tyvärr )?inte (?:hjälpa|svara|ge|göra)",),
    "da_no": (r"\b(?:jeg|vi) (?:kan|må|vil) (?:desværre |dessverre )?ik(?:ke|kje)\b" + _G + r"\b(?:hjælpe|hjelpe|svare|give|gi|skrive|gøre|gjøre)\b", r"\bkan (?:jeg|vi) (?:desværre |dessverre )?ik(?:ke|kje) (?:hjælpe|hjelpe|svare|give|gi|gøre|gjøre)",),
    "fi": (r"\ben (?:voi|pysty|aio)\b" + _G + r"\b(?:auttaa|vastata|antaa|kirjoittaa|tehdä)",),
    "cs": (r"\b(?:nemohu|nemůžu|odmítám)\b" + _G + r"\b(?:pomoci|pomoct|odpovědět|poskytnout|napsat|vyhovět)?",),
    "ro": (r"\bnu (?:pot|putem|sunt în măsură)\b" + _G + r"\b(?:ajut\w*|răspund\w*|ofer\w*|furniz\w*|scri\w*|face)\b",),
    "tr": (r"\byardımcı olamam\b|\byardımcı olamıyorum\b|\bcevap veremem\b|\bbunu yapamam\b|\bsağlayamam\b|\breddediyorum\b",),
    "id": (r"\b(?:saya|kami) tidak (?:dapat|bisa|akan|boleh)\b" + _G + r"\b(?:membantu|menjawab|memberikan|menulis|menyediakan|melakukan|memenuhi)\b",),
    "vi": (r"\btôi (?:không thể|rất tiếc|xin lỗi)\b" + _G + r"\b(?:giúp|trả lời|cung cấp|hỗ trợ|viết|đáp ứng|không)\b",),
    "ru": (r"(?:^|\bя )не (?:могу|буду|стану|имею права|в состоянии)\b" + _G + r"(?:помочь|помогать|ответить|предостав\w*|дать|написать|выполнить|сделать|поддерж\w*|обсуждать)", r"\b(?:я отказываюсь|вынужден\w* отказать)", r"\b(?:извините|простите|к сожалению)\b" + _G + r"\bне могу\b"),
    "uk": (r"\bя не (?:можу|буду)\b" + _G + r"(?:допомог\w*|відповісти|надати|написати|виконати)",),
    "el": (r"\bδεν (?:μπορώ|επιτρέπεται)\b" + _G + r"(?:βοηθήσω|απαντήσω|παρέχω|δώσω|γράψω|κάνω)",),
    "zh": (r"(?:我|我们)?(?:很抱歉|抱歉|对不起)?[，,]?(?:但)?(?:我|我们)?(?:无法|不能|不可以|没办法|無法|拒绝|拒絕|不会|不會)[^。！？\n]{0,20}(?:帮助|帮|協助|协助|提供|回答|满足|滿足|完成|支持|写|寫|讨论|討論|这样做|請求|请求)",),
    "ja": (r"(?:お手伝い|お答え|提供|対応|協力|ご案内|お応え|作成|回答|支援)[^。！？\n]{0,10}(?:できません|できかねます|いたしかねます|できない|致しかねます)|お断り|(?:それは|そのような)[^。！？\n]{0,10}(?:できません|いたしかねます)",),
    "ko": (r"(?:도와드릴|도울|제공할|답변할|답변드릴|제공해 드릴|작성할|응할)\s?수\s?(?:가\s)?(?:는\s)?없|거절",),
    "ar": (r"لا (?:أستطيع|يمكنني|استطيع|يمكننا|أقدر)[^.!?؟\n]{0,30}(?:مساعد|تقديم|الإجابة|المساعدة|كتابة|توفير|القيام|إعطاء)|(?:آسف|أعتذر|عذرا|عذرًا)[^.!?؟\n]{0,30}لا ",),
    "he": (r"(?:אני )?(?:לא יכול|לא יכולה|איני יכול|אין באפשרותי)[^.!?\n]{0,30}(?:לעזור|לסייע|לספק|לענות|לכתוב)",),
    "fa": (r"نمی[\u200c ]?توانم[^.!?؟\n]{0,40}",),
    "hi": (r"मैं[^।.!?\n]{0,50}(?:मदद|सहायता|जवाब|जानकारी|उत्तर)[^।.!?\n]{0,25}(?:नहीं|असमर्थ)",),
    "th": (r"ไม่สามารถ[^\n]{0,30}(?:ช่วย|ให้|ตอบ|เขียน)",),
}  # fmt: skip

REFUSES_ELSEWHERE = re.compile("|".join(one for every in _REFUSALS.values() for one in every))
LANGUAGES = tuple(_REFUSALS)
"""Codes of the languages, besides English, whose refusals are known."""
