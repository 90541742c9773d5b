"""A second make of simulated marrow slides, which shares nothing with `liquidbiopsy.simulate`.

Cells are polygons drawn at four times the resolution, chromatin is noise of several scales, optics
a disc of confusion with colours a little apart, and the colours of the stains are others.
"""
