"""Four liquid-biopsy assays of one patient, joined on one timeline. Research use only."""

from liquidbiopsy.core.compiled import keep_apart

__version__ = "0.1.0"

keep_apart()
