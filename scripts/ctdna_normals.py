"""Rule `normals` of the assay ctdna: bins of normal libraries -> the panel of normals."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.ctdna.step_normals import panel_of_normals

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    panel_of_normals(
        counts=dict(zip(job.params.names, job.input.counts, strict=True)),
        sizes=dict(zip(job.params.names, job.input.sizes, strict=True)),
        build=job.params.build,
        settings=job.params.settings,
        code=job.params.code,
        path=job.output.panel,
    )
