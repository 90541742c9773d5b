"""Rule `statistics`: the patients' sheets and decisions -> statistics and survival curves."""

from pathlib import Path

from liquidbiopsy.cohort.choices import Choices
from liquidbiopsy.cohort.decided import decisions_of
from liquidbiopsy.cohort.statistics import write_statistics
from liquidbiopsy.core.logs import log_to
from liquidbiopsy.core.provenance import Provenance, checksums

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    files = {Path(file).parent.name: file for file in job.input.decisions}
    write_statistics(
        patients=job.params.patients,
        specimens=job.params.specimens,
        decisions=decisions_of(files.values()),
        choices=Choices.of(job.params.settings),
        folder=Path(job.output.statistics).parent,
        provenance=Provenance(job.params.code, job.params.settings, checksums(files)),
    )
