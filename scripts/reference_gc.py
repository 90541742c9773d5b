"""Rule `reference_gc`: a reference -> the share of G and C in its bins."""

from liquidbiopsy.copynumber.reference_gc import gc_reference
from liquidbiopsy.core.logs import log_to

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    size = int(job.wildcards.size)
    gc_reference(job.input.fasta, size, job.params.code, job.output.gc)
