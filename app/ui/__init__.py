"""The page in the browser."""

from app.ui.page import build_blocks, mount

__all__ = ["build_blocks", "mount"]
