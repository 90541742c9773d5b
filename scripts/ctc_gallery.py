"""Rule `ctc_gallery`: cells and their crops -> gallery.html and thumbnails.parquet."""

from liquidbiopsy.core.logs import log_to
from liquidbiopsy.core.parquet import read_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.ctc.gallery import write_gallery

with log_to(snakemake.log[0]):  # noqa: F821
    job = snakemake  # noqa: F821
    inputs = {"cells": job.input.cells, "crops": job.input.crops, "images": job.input.images}
    images = read_table(job.input.images).to_pylist()
    write_gallery(
        cells=read_table(job.input.cells),
        crops=read_table(job.input.crops),
        specimen=job.params.specimen,
        html_path=job.output.page,
        thumbnails_path=job.output.thumbnails,
        provenance=Provenance(job.params.code, None, checksums(inputs)),
        simulated=any(image["simulated"] for image in images),
        images=images,
    )
