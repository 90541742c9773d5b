"""Rule `count` of the assay scdna: what is known of single cells -> observations and quality."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.scdna.step_count import count_specimen

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    count_specimen(
        inputs=dict(job.input.items()),
        specimen=job.params.specimen,
        hotspots=job.params.hotspots,
        settings=job.params.settings,
        build=job.params.build,
        code=job.params.code,
        outputs=dict(job.output.items()),
    )
