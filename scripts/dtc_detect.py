"""Rule `dtc_detect`: slides of a specimen -> stained objects, nuclei counted, quality, pictures."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.dtc.step_detect import detect_specimen

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    detect_specimen(
        items=job.params.slides,
        colours=job.params.colours,
        settings=job.params.settings,
        code=job.params.code,
        outputs=dict(job.output.items()),
        threads=job.threads,
    )
