"""Rule `dtc_gallery`: cells, their pictures and slides -> gallery, thumbnails, GeoJSON."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.dtc.gallery import write_gallery

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    write_gallery(
        inputs=dict(job.input.items()),
        specimen=job.params.specimen,
        code=job.params.code,
        outputs=dict(job.output.items()),
    )
