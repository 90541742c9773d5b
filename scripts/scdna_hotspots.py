"""Rule `hotspots` of the assay scdna: alleles of single cells -> genotypes, drop-out, foreign DNA."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.scdna.step_hotspots import hotspots_specimen

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    hotspots_specimen(
        alleles=job.input.alleles,
        cells=job.input.cells,
        hotspots=job.params.hotspots,
        build=job.params.build,
        settings=job.params.settings,
        code=job.params.code,
        outputs=dict(job.output.items()),
    )
