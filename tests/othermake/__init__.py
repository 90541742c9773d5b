"""Held-out slides of circulating tumour cells, made without sight of the package's own simulator.

Shapes, noise and background follow other assumptions on purpose, so that a detector tuned on
`liquidbiopsy.simulate` meets something it has not seen. Only numpy, scipy, pandas and tifffile.
"""
