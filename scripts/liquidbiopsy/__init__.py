"""Four liquid-biopsy assays of one patient, joined on one timeline. Research use only."""

__version__ = "0.1.0"
