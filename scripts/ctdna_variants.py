"""Rule `ctdna_variants`: molecules of a specimen's libraries -> variants."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.ctdna.libraries import paired_with_files
from liquidbiopsy.ctdna.step_variants import variants_specimen

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    variants_specimen(
        libraries=paired_with_files(job.params.rows, job.input.consensus, job.input.libraries),
        panels=job.params.panels,
        references=job.params.references,
        hotspots=job.params.hotspots,
        settings=job.params.settings,
        code=job.params.code,
        outputs=dict(job.output.items()),
    )
