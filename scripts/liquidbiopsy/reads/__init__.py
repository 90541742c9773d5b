"""Reads and references: FASTQ, BAM, alignment; what the sequencing assays share."""
