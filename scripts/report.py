"""Rule `report`: the tables of a patient's specimens -> its report."""

from pathlib import Path

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.core.rules import read_rules
from liquidbiopsy.report.patient import write_report

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    write_report(
        files=list(job.input),
        folder=Path(job.output.page).parent,
        sheets=job.params.sheets,
        assays=job.params.assays,
        tables=job.params.tables,
        settings=job.params.settings,
        rules=read_rules(job.params.rules["listed"]),
        code=job.params.code,
    )
