"""The record of a run, as other programs read it."""
