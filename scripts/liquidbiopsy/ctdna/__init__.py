"""Plasma DNA: from reads with molecular barcodes to variants and minimal residual disease."""
