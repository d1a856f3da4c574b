"""The keys of the page, as the dialog that `?` opens; `app/web/keys.js` is what they do."""

from __future__ import annotations

from app.web.hypertext import escape

KEYS = (
    (("/",), "to the question box"),
    (("Enter",), "ask; Shift and Enter begin a new line"),
    (("c",), "to the first citation of the answer; Enter opens its source"),
    (("n", "p"), "next and previous highlight of a source, or quote to look at"),
    (("Esc",), "back from the source to what opened it"),
    (("1", "…", "9"), "to the tabs, in their order"),
    (("Tab",), "to the next link, button or field; with Shift to the one before"),
    (("?",), "this list"),
)


def keys_dialog() -> str:
    """The dialog, closed; the page's script opens it as a modal one."""
    rows = "".join(
        f"<div><dt>{' '.join(f'<kbd>{escape(key)}</kbd>' if key != '…' else key for key in keys)}</dt>"
        f"<dd>{escape(words)}</dd></div>"
        for keys, words in KEYS
    )
    return (
        '<dialog id="keys" aria-labelledby="keys-title"><h2 id="keys-title">Keys</h2>'
        f"<dl>{rows}</dl><p>Letters and digits do this wherever nothing is being typed.</p>"
        '<label><input type="checkbox" id="keys-on" checked> Single letters and digits are keys</label>'
        '<p class="closing"><button type="button" class="close" autofocus>Close</button></p></dialog>'
    )
