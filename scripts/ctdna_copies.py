"""Rule `copies` of the assay ctdna: bins of a specimen -> tumour fraction and copies."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.ctdna.step_copies import copies_specimen

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    copies_specimen(
        rows=job.params.rows,
        counts=list(job.input.counts),
        sizes=list(job.input.sizes),
        panel=next(iter(job.input.normals), None),
        asked=job.params.asked,
        references=job.params.references,
        settings=job.params.settings,
        code=job.params.code,
        outputs=dict(job.output.items()),
    )
