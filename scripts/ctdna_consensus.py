"""Rule `ctdna_consensus`: aligned reads of a library -> one read for each molecule."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.ctdna.step_consensus import consensus_library

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    consensus_library(
        inputs={"reads": job.input.reads, "library": job.input.library},
        source=job.params.source,
        index=job.params.index,
        reference=job.params.reference,
        settings=job.params.settings,
        code=job.params.code,
        outputs=dict(job.output.items()),
        threads=job.threads,
    )
