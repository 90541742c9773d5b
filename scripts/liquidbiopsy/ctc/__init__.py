"""Circulating tumour cells in multichannel fluorescence images of enriched blood."""
