"""Two hundred mutated and malformed files over all formats, the same for the same seed."""

from __future__ import annotations

import random
from pathlib import Path

from tests.samples import PROSE, docx, epub, every_format, odt, pdf, shown, web_page, zipped

COUNT = 200
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{LAUGHS}]>'


def malformed() -> dict[str, bytes]:
    """Files that were made to do harm, by name."""
    nested = zipped({"a.txt": PROSE})
    for _ in range(12):
        nested = zipped({"a.zip": nested})
    quine = pdf([shown([PROSE[:60]])])
    return {
        "zeros.zip": zipped({"a.txt": bytes(60_000_000)}),
        "zeros.docx": zipped({"word/document.xml": bytes(60_000_000)}),
        "zeros.odt": zipped({"content.xml": bytes(60_000_000)}),
        "zeros.epub": zipped({"META-INF/container.xml": bytes(60_000_000)}),
        "nested.zip": nested,
        "many.zip": zipped({f"{n}.txt": PROSE for n in range(3_000)}),
        "traversal.zip": zipped({"../../../../tmp/a.txt": PROSE, "/b.txt": PROSE, "c\\..\\..\\d.txt": PROSE}),
        "names.zip": zipped({"a\nb.txt": PROSE, "\u202etxt.exe": PROSE, "x" * 300 + ".txt": PROSE, ".txt": PROSE}),
        "laughs.docx": docx("<w:p><w:r><w:t>&l9;</w:t></w:r></w:p>", BOMB),
        "laughs.odt": odt().replace(b"mimetype", b"mimetyqe"),
        "laughs.epub": epub({"OPS/a.xhtml": f"{BOMB}<html><body><p>&l9;</p></body></html>"}),
        "laughs.html": f"{BOMB}<html><body><p>&l9;</p></body></html>".encode(),
        "outside.html": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><p>&e; and more words of it</p>',
        "outside.epub": epub({"OPS/a.xhtml": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><p>&e;</p>'}),
        "deep.html": b"<div>" * 200_000 + b"words",
        "deep-tables.html": b"<table><tr><td>" * 50_000 + b"words",
        "deep-lists.htm": b"<ul><li>" * 240 + PROSE.encode(),
        "wide.html": web_page("<p style='color:#fff'>x</p>" * 20_000),
        "styles.html": web_page("<p class='a b c'>x</p>" * 500, "<style>" + ".a{display:block}" * 20_000 + "</style>"),
        "unclosed.html": b"<p " + b"a='" * 100_000,
        "deep.rtf": b"{\\rtf1 " + b"{" * 200_000 + b"words",
        "pictures.rtf": b"{\\rtf1 {\\pict " + b"ab" * 500_000 + b"}words}",
        "deep.jsonl": b"[" * 1_000_000 + b"\n" + b'{"text":' * 100_000,
        "long.jsonl": b'{"text": "' + b"x" * 3_000_000 + b'"}',
        "open.csv": b'title,text\n"' + b"a,b\n" * 500_000,
        "wide.csv": b"text," * 200_000 + b"\n" + b"x," * 200_000,
        "deep.eml": b"Subject: x\n"
        + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2_000)),
        "headers.eml": b"Subject: x\n" + b"X-A: " + b"=?utf-8?q?=41?= " * 50_000 + b"\n\n" + PROSE.encode(),
        "deep.md": b"> " * 20_000 + PROSE.encode() + b"\n" + b"[" * 20_000,
        "kids.pdf": quine.replace(b"/Kids [4 0 R", b"/Kids [2 0 R"),
        "parent.pdf": quine.replace(b"/Contents 5 0 R", b"/Contents 4 0 R"),
        "vast.pdf": pdf([shown([PROSE[:60]]) + "1 1 1 rg 0 0 9 9 re f"], size=(2_000_000_000, 2_000_000_000)),
        "pages.pdf": pdf([""]).replace(b"/Count 1", b"/Count 2000000"),
        "operators.pdf": pdf(["q " * 200_000 + shown([PROSE[:60]])]),
        "text.pdf": PROSE.encode(),
        "nul.txt": b"\0" * 10_000,
        "binary.txt": bytes(range(256)) * 100,
        "marks.txt": b"\xff\xfe" + b"\xd8" * 1_001,
        "empty.pdf": b"",
        "blank.html": b" \n" * 10_000,
    }


def mutate(data: bytes, random_: random.Random) -> bytes:
    """The data cut off, with bits flipped, with a piece doubled, taken out, zeroed or of noise."""
    out = bytearray(data)
    start = random_.randrange(len(out))
    end = min(len(out), start + random_.randrange(1, 200))
    match random_.randrange(6):
        case 0:
            del out[start:]
        case 1:
            for _ in range(random_.randrange(1, 60)):
                out[random_.randrange(len(out))] ^= 1 << random_.randrange(8)
        case 2:
            out[start:start] = out[start:end] * random_.randrange(1, 50)
        case 3:
            del out[start:end]
        case 4:
            out[start:end] = bytes(end - start)
        case _:
            out[start:end] = random_.randbytes(end - start)
    return bytes(out)


def mutants(seed: int) -> dict[str, bytes]:
    """COUNT files by name: the malformed ones, sound ones under a wrong ending, and mutated ones."""
    random_ = random.Random(seed)
    sound = every_format()
    files = malformed()
    endings = sorted({Path(name).suffix for name in sound})
    for number, (name, data) in enumerate(sound.items()):
        other = random_.choice([ending for ending in endings if ending != Path(name).suffix])
        files[f"wrong{number}{other}"] = data
    names = sorted(sound)
    while len(files) < COUNT:
        name = names[len(files) % len(names)]
        files[f"mutant{len(files)}{Path(name).suffix}"] = mutate(sound[name], random_)
    return files
