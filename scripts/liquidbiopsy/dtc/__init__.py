"""Disseminated tumour cells: cytokeratin-stained bone marrow on bright-field slides."""
