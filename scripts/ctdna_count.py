"""Rule `ctdna_count`: variants and known mutations of a specimen -> observations and quality."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.ctdna.step_count import count_specimen

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    count_specimen(
        inputs=dict(job.input.items()),
        specimen=job.params.specimen,
        code=job.params.code,
        outputs=dict(job.output.items()),
    )
