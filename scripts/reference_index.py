"""Rule `reference_index`: a reference genome -> a folder with what BWA needs."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.reads.reference import index_reference

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    index_reference(fasta=job.input.fasta, folder=job.output.index)
