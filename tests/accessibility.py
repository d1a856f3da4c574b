"""axe-core in the page: what it finds serious or critical, told so that one can mend it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

AXE = Path(__file__).parent / "axe" / "axe.min.js"
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"  # of axe-core 4.14.1 as npm has it
RUN = """async () => {
    const found = await axe.run(document, { resultTypes: ["violations"] });
    return found.violations
        .filter((one) => ["serious", "critical"].includes(one.impact))
        .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}"""


SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SETTLED = """() => Promise.allSettled(
    document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished))"""


def inspect(page: Page, state: str) -> None:
    """Fails where axe-core finds something serious or critical in the page as it stands, in light or in dark."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        page.evaluate(SETTLED)  # colours that are still changing are neither
        found = violations(page)
        assert not found, "\n".join([f"{state}, {scheme}:", *found])


def violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical in the page as it stands, one line for each element."""
    if not page.evaluate("typeof axe === 'object'"):
        script = AXE.read_bytes()
        assert hashlib.sha256(script).hexdigest() == SHA256, "tests/axe/axe.min.js is not the axe-core that is pinned"
        page.evaluate(script.decode())
    found: list[str] = page.evaluate(RUN)
    return found
