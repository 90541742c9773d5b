"""Rule `clones` of the assay scdna: profiles of a patient's single cells -> clones and trees."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.scdna.step_clones import clones_patient

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    clones_patient(
        specimens=job.params.specimens,
        cells=list(job.input.cells),
        segments=list(job.input.segments),
        bins=list(job.input.bins),
        plasma=list(job.input.plasma),
        settings=job.params.settings,
        code=job.params.code,
        outputs=dict(job.output.items()),
    )
