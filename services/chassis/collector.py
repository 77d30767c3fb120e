"""Tunes the garbage collector: what a process has loaded by the time it begins to work is never garbage.

Scanning it over and over took a fifth of the demo's time. Objects made later are still collected.
"""

from __future__ import annotations

import gc

OBJECTS_BETWEEN_COLLECTIONS = 20_000


def keep_what_is_loaded() -> None:
    """Exempt all objects that exist now. Call once, when everything is loaded and work begins."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 20)
