"""Single cells: copies, quality and clones of CTCs and DTCs after whole-genome amplification."""
