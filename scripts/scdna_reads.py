"""Rule `reads` of the assay scdna: files of single cells -> bins and alleles of all of them."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.scdna.step_reads import read_specimen

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    read_specimen(
        rows=job.params.rows,
        references=job.params.references,
        hotspots=job.params.hotspots,
        settings=job.params.settings,
        code=job.params.code,
        outputs=dict(job.output.items()),
        threads=job.threads,
    )
