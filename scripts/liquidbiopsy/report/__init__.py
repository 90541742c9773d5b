"""From one patient's observations to one report: tables for machines, a page for people."""
