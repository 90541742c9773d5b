"""Rule `ctdna_align`: the reads of a library -> aligned reads in the order of their molecules."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.ctdna.step_align import align_library

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    align_library(
        library=job.params.row,
        panel=job.params.panel,
        reference=job.params.reference,
        index=job.params.index,
        settings=job.params.settings,
        code=job.params.code,
        outputs=dict(job.output.items()),
        threads=job.threads,
    )
