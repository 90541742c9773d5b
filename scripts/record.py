"""Rule `record`: all the results -> the record of the run, a Workflow Run RO-Crate."""

from pathlib import Path

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.record.crate import write_record

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    write_record(Path(job.output.crate), job.params.settings, job.params.snakemake)
