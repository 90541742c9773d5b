"""Rule `quality`: the tables over all patients -> quality for people and MultiQC."""

from pathlib import Path

from liquidbiopsy.cohort.quality import write_quality
from liquidbiopsy.core.logs import log_to

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    write_quality(
        cohort=Path(job.input.report).parent,
        page=Path(job.output.page),
        multiqc=Path(job.output.multiqc[0]).parent,
        specimens=job.params.specimens,
        assays=job.params.assays,
        settings=job.params.settings,
    )
