"""Rule `profiles` of the assay scdna: single cells in bins -> quality and integer copies."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.scdna.step_profiles import profile_specimen

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    profile_specimen(
        counts=job.input.counts,
        cells=job.input.cells,
        build=job.params.build,
        settings=job.params.settings,
        code=job.params.code,
        outputs=dict(job.output.items()),
    )
