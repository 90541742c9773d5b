"""Rule `cohort`: the reports of all patients -> their tables in one, and pages over them."""

from pathlib import Path

from liquidbiopsy.cohort.run import write_cohort
from liquidbiopsy.core.logs import log_to

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    write_cohort(
        reports=Path(job.output.index).parent.parent / "reports",
        cohort=Path(job.output.index).parent,
        run=Path(job.output.excluded).parent,
        patients=job.params.patients,
        specimens=job.params.specimens,
        assays=job.params.assays,
        tables=job.params.tables,
        settings=job.params.settings,
        code=job.params.code,
    )
