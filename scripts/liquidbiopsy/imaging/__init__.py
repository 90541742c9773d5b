"""Frames to objects: reading, background, segmentation, measurement; shared by CTC and DTC."""
