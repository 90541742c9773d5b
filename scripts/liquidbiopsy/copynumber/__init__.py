"""Bins of a genome, their counts and their correction, for plasma and single cells alike."""
