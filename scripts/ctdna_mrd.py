"""Rule `ctdna_mrd`: molecules of a specimen's libraries -> the test for known mutations."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.ctdna.libraries import paired_with_files
from liquidbiopsy.ctdna.step_mrd import mrd_specimen

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    mrd_specimen(
        libraries=paired_with_files(job.params.rows, job.input.consensus, job.input.libraries),
        references=job.params.references,
        background=job.input.background,
        settings=job.params.settings,
        code=job.params.code,
        outputs=dict(job.output.items()),
    )
