"""Rule `reference_bins`: a reference -> its bins of equally many places to which reads map."""

from liquidbiopsy.copynumber.mappable import mappable_reference
from liquidbiopsy.core.logs import log_to

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    mappable_reference(
        fasta=job.input.fasta,
        size=int(job.wildcards.size),
        length=int(job.wildcards.length),
        code=job.params.code,
        path=job.output.bins,
    )
