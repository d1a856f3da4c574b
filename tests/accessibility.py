"""axe-core in the page: what it finds serious or critical, told so that one can mend it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parent / "axe" / "axe.min.js"
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"  # of axe-core 4.14.1 as npm has it
RUN = """async () => {
    const found = await axe.run(document, { resultTypes: ["violations"] });
    return found.violations
        .filter((one) => ["serious", "critical"].includes(one.impact))
        .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}"""


def violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical in the page as it stands, one line for each element."""
    if not page.evaluate("typeof axe === 'object'"):
        script = AXE.read_bytes()
        assert hashlib.sha256(script).hexdigest() == SHA256, "tests/axe/axe.min.js is not the axe-core that is pinned"
        page.evaluate(script.decode())
    found: list[str] = page.evaluate(RUN)
    return found
