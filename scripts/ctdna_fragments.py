"""Rules `fragments` and `normal` of the assay ctdna: reads or counts -> bins and fragments."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.ctdna.step_fragments import fragments_library

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    fragments_library(
        row=job.params.row,
        made=next(iter(job.input.get("made", [])), None),
        library=next(iter(job.input.get("library", [])), None),
        bed=job.params.bed,
        gc=list(job.input.gc),
        reference=job.params.reference,
        settings=job.params.settings,
        code=job.params.code,
        outputs=dict(job.output.items()),
    )
