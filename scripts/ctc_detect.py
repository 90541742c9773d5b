"""Rule `ctc_detect`: images of a specimen -> events, frame quality, pictures of events."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.ctc.step_detect import detect_specimen

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    detect_specimen(
        items=job.params.images,
        platforms=job.params.platforms,
        settings=job.params.settings,
        code=job.params.code,
        outputs=dict(job.output.items()),
        threads=job.threads,
    )
