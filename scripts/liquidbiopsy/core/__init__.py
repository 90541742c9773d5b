"""What every assay shares: sheets, settings, tables, provenance, counts."""
