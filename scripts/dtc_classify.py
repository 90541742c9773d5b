"""Rule `dtc_classify`: stained objects of a specimen -> cells with their calls."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.dtc.step_classify import classify_specimen

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    classify_specimen(
        inputs=dict(job.input.items()),
        gates=job.params.gates,
        reviews=job.params.reviews,
        code=job.params.code,
        output=job.output.cells,
    )
