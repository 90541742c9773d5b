"""Single cells: copy number, quality and clones of CTCs and DTCs after whole-genome amplification."""
