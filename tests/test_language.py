"""Which language a text is in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.collection import Collection
from indexing.ingest import index
from indexing.language import FUNCTION_WORDS, SAMPLE, language_of
from tests.folders import id_of, write

SAMPLES = {
    "en": (
        "The council has closed the bridge over the river. The repairs will take three months, and the mayor "
        "said that the town would pay for it."
    ),
    "de": (
        "Der Rat hat die Brücke über den Fluss gesperrt. Die Arbeiten dauern drei Monate, und der "
        "Bürgermeister sagte, dass die Stadt das bezahlen wird."
    ),
    "fr": (
        "Le conseil a fermé le pont sur la rivière. Les travaux vont durer trois mois et le maire a dit que "
        "la ville paierait pour les réparations."
    ),
    "es": (
        "El ayuntamiento ha cerrado el puente sobre el río. Las obras van a durar tres meses y la alcaldesa "
        "dijo que la ciudad pagará por los trabajos."
    ),
    "it": (
        "Il comune ha chiuso il ponte sul fiume. I lavori sono previsti per tre mesi e il sindaco ha detto "
        "che la città pagherà per la riparazione."
    ),
    "pt": (
        "A câmara fechou a ponte sobre o rio. As obras vão durar três meses e o presidente disse que a cidade "
        "não vai pagar mais do que o previsto para os trabalhos."
    ),
    "nl": (
        "De gemeente heeft de brug over de rivier gesloten. Het werk duurt drie maanden en de burgemeester "
        "zei dat de stad het zal betalen."
    ),
    "sv": (
        "Kommunen har stängt bron över floden. Arbetet tar tre månader och borgmästaren sade att staden ska "
        "betala för det, men inte när det blir klart."
    ),
    "da": (
        "Kommunen har lukket broen over floden. Arbejdet tager tre måneder, og borgmesteren sagde, at byen "
        "skal betale for det, men ikke hvornår det blev bestemt af rådet."
    ),
    "fi": (
        "Kaupunki on sulkenut sillan, joka kulkee joen yli. Työ kestää kolme kuukautta, ja pormestari sanoi, "
        "että kaupunki maksaa sen, mutta ei kertonut, kun häneltä kysyttiin."
    ),
    "pl": (
        "Rada zamknęła most na rzece. Prace potrwają trzy miesiące, a burmistrz powiedział, że miasto za to "
        "zapłaci, ale nie jest jasne, kiedy się to stanie."
    ),
    "cs": (
        "Rada uzavřela most přes řeku. Práce potrvají tři měsíce a starosta řekl, že je zaplatí město, ale "
        "není jasné, kdy se to stane, protože je to drahé."
    ),
    "hu": (
        "A tanács lezárta a folyó hídját. A munka három hónapig tart, és a polgármester azt mondta, hogy a "
        "város fizet, de nem tudni, hogy mikor, és az is kérdés, hogy ki."
    ),
    "ro": (
        "Consiliul a închis podul de pe râu. Lucrările vor dura trei luni, iar primarul a spus că orașul va "
        "plăti pentru ele și că nu este nevoie de bani din alte surse."
    ),
    "tr": (
        "Belediye nehrin üzerindeki köprüyü kapattı. Çalışma üç ay sürecek ve başkan bunun için şehrin ödeme "
        "yapacağını söyledi, ama bu çok pahalı bir iş olarak görülüyor."
    ),
    "id": (
        "Dewan kota telah menutup jembatan di atas sungai. Pekerjaan itu akan berlangsung tiga bulan dan wali "
        "kota mengatakan bahwa kota yang akan membayar untuk itu."
    ),
    "ru": (
        "Совет закрыл мост через реку. Работы продлятся три месяца, и мэр сказал, что за это заплатит город, "
        "но не сказал, когда это будет и как он найдет деньги."
    ),
    "uk": (
        "Рада закрила міст через річку. Роботи триватимуть три місяці, і мер сказав, що за це заплатить "
        "місто, але не сказав, як він знайде гроші та що буде далі."
    ),
    "bg": (
        "Съветът затвори моста над реката. Работата ще продължи три месеца и кметът каза, че градът ще плати "
        "за това, но не е ясно от къде ще се намерят парите."
    ),
    "ar": (
        "أغلق المجلس الجسر على النهر. سوف تستمر الأعمال ثلاثة أشهر وقال رئيس البلدية إن المدينة هي التي تدفع "
        "من أجل هذا العمل، ولكن لا أحد يعرف من أين أو إلى متى."
    ),
    "fa": (
        "شورا پل روی رودخانه را بست. این کار سه ماه طول می کشد و شهردار گفت که شهر پول آن را می دهد، اما در "
        "این باره که از کجا، حرفی نزد."
    ),
    "hi": (
        "परिषद ने नदी पर बने पुल को बंद कर दिया है। यह काम तीन महीने तक चलेगा और महापौर ने कहा कि शहर इस के "
        "लिए भुगतान करेगा, पर यह नहीं कहा कि कब।"
    ),
    "el": "Το συμβούλιο έκλεισε τη γέφυρα πάνω από το ποτάμι. Οι εργασίες θα διαρκέσουν τρεις μήνες.",
    "he": "המועצה סגרה את הגשר מעל הנהר. העבודות יימשכו שלושה חודשים.",
    "ko": "의회는 강 위의 다리를 닫았다. 공사는 석 달 동안 계속된다.",
    "ja": "議会は川の橋を閉鎖した。工事は三か月かかる予定です。",
    "zh": "市议会关闭了河上的桥梁。工程将持续三个月。",
    "th": "สภาปิดสะพานข้ามแม่น้ำ งานจะใช้เวลาสามเดือน",
}


@pytest.mark.parametrize("language", SAMPLES)
def test_a_few_sentences_tell_their_language_in_any_case_and_length(language: str) -> None:
    text = SAMPLES[language]
    how = "function words" if language in FUNCTION_WORDS else "script"
    assert language_of(text) == language_of(text.upper() if language != "tr" else text) == (language, how)
    assert language_of(text * (SAMPLE // len(text) + 2)) == (language, how)


@pytest.mark.parametrize(
    "text", ["", "Yes.", "12 34 56", "Xenon Ybbs Zwolle Quito Oslo", "the the la la der der il il"]
)
def test_what_is_not_clear_has_no_language(text: str) -> None:
    assert language_of(text) == ("", "")


@given(st.text(max_size=500))
def test_any_text_has_a_known_language_or_none(text: str) -> None:
    language, how = language_of(text)
    assert (how == "") == (language == "") and how in ("", "script", "function words")


def test_what_a_file_declares_comes_before_what_its_words_tell(collection: Collection, tmp_path: Path) -> None:
    files = {
        "declared.html": f'<html lang="de-AT"><body><p>{SAMPLES["de"]}</p></body></html>',
        "told.txt": SAMPLES["fr"],
        "short.txt": "Oslo. Quito.",
    }
    index(collection, [write(tmp_path / "docs", files)])
    found = {name: collection.catalogue.facts(id_of(collection, name)) for name in files}
    assert {name: (facts.language, facts.language_found) for name, facts in found.items()} == {
        "declared.html": ("de-AT", "file"),
        "told.txt": ("fr", "function words"),
        "short.txt": ("", ""),
    }
