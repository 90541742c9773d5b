"""Rule `gc` of the assay ctdna: a reference -> the share of G and C in its bins."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.ctdna.step_gc import gc_reference

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    gc_reference(job.input.fasta, job.params.sizes, job.params.code, job.output.gc)
