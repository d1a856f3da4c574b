"""Which language a text is in, told by its script or by its function words; nothing where that is not clear.

A library with a model (py3langid, lingua) tells more languages and costs 77 to 200 MB of memory, which is more than the
label is worth: nothing but the operator's list depends on it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

SAMPLE = 6_000  # characters looked at, from the beginning
FEWEST = 4  # function words that must be there
LEAST = 0.12  # of all words must be function words of the language
AHEAD = 1.25  # times as many as of the next language

WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
# By the first word of a character's Unicode name. Chinese where there are no kana beside.
SCRIPTS = {
    "GREEK": "el",
    "HEBREW": "he",
    "THAI": "th",
    "HANGUL": "ko",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "CJK": "zh",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "BENGALI": "bn",
    "TAMIL": "ta",
}
FUNCTION_WORDS = {
    "en": "the of and to in is that for it was with as on by at from his this have be are not but had they he she "
    "which an were been their has would who will more",
    "de": "der die das und ist nicht ein eine einen dem den des mit von zu auf für im sich auch es er sie als wie nach "
    "bei aus wird war wurde dass oder noch hat sind über",
    "fr": "le la les des et est une un dans pour que qui pas sur au aux par avec ce cette il elle du en ne sont plus "
    "ont été mais nous vous leur ses comme",
    "es": "el la los las y es una un en de que por con para no se del al su lo como más pero sus fue ha este esta son "
    "sobre entre también cuando muy",
    "it": "il la le gli di che è un una per con non del della dei delle nel nella si sono ha come più anche da al alla "
    "ma questo questa stato dal sul loro essere",
    "pt": "o a os as de que e é um uma em para com não do da dos das no na por mais se como foi ao pelo pela seu sua "
    "são também mas entre está ele",
    "nl": "de het een en van in is dat op te voor met zijn niet aan er om ook als bij door naar maar uit wordt werd "
    "heeft hij zij deze nog dan worden",
    "sv": "och att det som en på är av för med den till inte har om ett de var han hon men från sig eller när också "
    "efter kan skulle hade vid",
    "da": "og at det som en på er af for med den til ikke har om et de var han hun men fra sig eller når også efter "
    "kan skulle havde ved blev",
    "no": "og at det som en på er av for med den til ikke har om et de var han hun men fra seg eller når også etter "
    "kan skulle hadde ved ble",
    "fi": "ja on ei että se hän oli mutta myös kun ovat joka jotka sekä kuin niin tai olla mukaan ollut sen hänen tämä "
    "ole vain jo nyt siitä",
    "pl": "i w na z się nie że do jest to o jak po co ale za od tak przez dla są był było była oraz tego które który "
    "jego jej już tylko ze",
    "cs": "a v se na je že s z do o ve k i to jako za pro ale po od které který jeho byl byla bylo jsou nebo však také "
    "podle aby při už není",
    "sk": "a v sa na je že s z do o vo k aj to ako za pre ale po od ktoré ktorý jeho bol bola bolo sú alebo však tiež "
    "podľa aby pri už nie",
    "hu": "a az és hogy nem is egy van volt meg ez de csak mint már ki azt el még vagy lesz után szerint amely majd ha "
    "kell lehet pedig minden",
    "ro": "și de la în a cu pe nu un o este din care că pentru mai au fost sau prin ca după dar lui iar sunt ale acest "
    "această fi între",
    "tr": "ve bir bu da de için ile olarak daha çok en gibi ne olan kadar sonra ama ancak o değil var ise göre her "
    "tarafından oldu olduğu ki",
    "id": "yang dan di dengan untuk pada ini itu dari dalam tidak akan ke oleh adalah juga sebagai karena telah ada "
    "mereka atau kepada bahwa dapat",
    "ru": "и в не на что с по как это он к но из у за от так для же о его был было она они все при также или ее были",
    "uk": "і в не на що з по як це він до але із у за від так для же про його був було вона вони та при також або її є",
    "bg": "и в не на че с по като това той към но от са за се да ще си бе беше тя те както при също или му ѝ е",
    "ar": "في من على إلى أن هذا هذه التي الذي عن مع لا ما كان كانت هو هي بعد قبل بين كما قد لم أو ذلك وقد حيث",
    "fa": "در از به که این را با است آن برای بود می تا یک بر های خود شد هم نیز و اما پس دیگر شده کرد",
    "hi": "के का की में है और से को पर यह नहीं एक ने हैं था कि भी लिए वह इस कर थे जो तो",
}
LISTS = {language: frozenset(words.split()) for language, words in FUNCTION_WORDS.items()}


def language_of(text: str) -> tuple[str, str]:
    """`(ISO 639-1 code, how it is known)`: "script", "function words"; two empty strings where it is not clear."""
    sample = text[:SAMPLE]
    language = _by_script(sample)
    if language:
        return language, "script"
    language = _by_words(WORD.findall(sample.lower()))
    return (language, "function words") if language else ("", "")


def _by_script(sample: str) -> str:
    letters = Counter(unicodedata.name(char, "").partition(" ")[0] for char in sample if char.isalpha())
    kana = letters["HIRAGANA"] + letters["KATAKANA"]
    if kana > letters.total() / 10:
        return "ja"
    script, count = max(letters.items(), key=lambda pair: pair[1], default=("", 0))
    return SCRIPTS.get(script, "") if count > letters.total() / 2 else ""


def _by_words(words: list[str]) -> str:
    counts = Counter(words)
    found = {language: sum(counts[word] for word in known) for language, known in LISTS.items()}
    (best, most), (_, next_most) = sorted(found.items(), key=lambda pair: -pair[1])[:2]
    return best if most >= max(FEWEST, LEAST * len(words)) and most >= AHEAD * next_most else ""
