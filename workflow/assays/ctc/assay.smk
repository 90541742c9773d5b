# Images -> events -> cells -> observations, one job a specimen each.
from liquidbiopsy.core.digest import code_digest, state_of_folders
from liquidbiopsy.core.pages import page_digest
from liquidbiopsy.core.run import current_run
from liquidbiopsy.core.sizes import megabytes
from liquidbiopsy.ctc.choices import choose

specimens = current_run().specimens["ctc"]
choice = choose(config, current_run().assays["ctc"].settings_schema)


wildcard_constraints:
    specimen="[A-Za-z][A-Za-z0-9_-]{0,63}",


rule _detect:
    input:
        lambda wildcards: specimens[wildcards.specimen].inputs,
    output:
        objects="<results>/{specimen}/objects.parquet",
        images="<results>/{specimen}/images.parquet",
        frames="<results>/{specimen}/frames.parquet",
        crops="<results>/{specimen}/crops.parquet",
    log:
        "<logs>/detect/{specimen}.log",
    benchmark:
        "<benchmarks>/detect/{specimen}.tsv"
    conda:
        "../../../envs/imaging.yaml"
    envmodules:
        "liquidbiopsy/imaging",
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, input, attempt: attempt * (10 + megabytes(input) // 200),
    params:
        code=code_digest("liquidbiopsy.ctc.step_detect"),
        images=lambda wildcards: list(specimens[wildcards.specimen].items),
        platforms=lambda wildcards: choice.platforms_of(specimens[wildcards.specimen]),
        state=lambda wildcards: state_of_folders(specimens[wildcards.specimen].inputs),
        settings=dict(
            detection=config["detection"],
            gallery=config["gallery"],
            quality={k: config["quality"][k] for k in ("min_focus", "max_saturated")},
        ),
    message:
        "ctc {wildcards.specimen}: finding events in its images"
    script:
        "../../../scripts/ctc_detect.py"


rule _classify:
    input:
        objects=rules._detect.output.objects,
    output:
        cells="<results>/{specimen}/cells.parquet",
    log:
        "<logs>/classify/{specimen}.log",
    benchmark:
        "<benchmarks>/classify/{specimen}.tsv"
    conda:
        "../../../envs/imaging.yaml"
    envmodules:
        "liquidbiopsy/imaging",
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: attempt * (500 + 10 * megabytes(input)),
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code_digest("liquidbiopsy.ctc.step_classify"),
        gates=choice.gates,
        markers=lambda wildcards: choice.markers_of(specimens[wildcards.specimen]),
        reviews=lambda wildcards: list(specimens[wildcards.specimen].reviews),
    message:
        "ctc {wildcards.specimen}: calling its events"
    script:
        "../../../scripts/ctc_classify.py"


rule _count:
    input:
        cells=rules._classify.output.cells,
        images=rules._detect.output.images,
        frames=rules._detect.output.frames,
    output:
        observations="<results>/{specimen}/observations.parquet",
        quality="<results>/{specimen}/quality.parquet",
    log:
        "<logs>/count/{specimen}.log",
    benchmark:
        "<benchmarks>/count/{specimen}.tsv"
    conda:
        "../../../envs/imaging.yaml"
    envmodules:
        "liquidbiopsy/imaging",
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: attempt * (500 + 10 * megabytes(input)),
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code_digest("liquidbiopsy.ctc.step_count"),
        specimen=lambda wildcards: specimens[wildcards.specimen].row,
        reviews=lambda wildcards: list(specimens[wildcards.specimen].reviews),
        markers=lambda wildcards: choice.markers_of(specimens[wildcards.specimen]),
        settings=dict(
            controls=config["controls"],
            max_lost_frames=config["quality"]["max_lost_frames"],
        ),
    message:
        "ctc {wildcards.specimen}: counting its cells"
    script:
        "../../../scripts/ctc_count.py"


rule _gallery:
    input:
        cells=rules._classify.output.cells,
        crops=rules._detect.output.crops,
        images=rules._detect.output.images,
    output:
        page=report(
            "<results>/{specimen}/gallery.html",
            caption="../../report/gallery.rst",
            category="Galleries",
            labels={"assay": "ctc", "specimen": "{specimen}"},
        ),
        thumbnails="<results>/{specimen}/thumbnails.parquet",
    log:
        "<logs>/gallery/{specimen}.log",
    benchmark:
        "<benchmarks>/gallery/{specimen}.tsv"
    conda:
        "../../../envs/imaging.yaml"
    envmodules:
        "liquidbiopsy/imaging",
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: attempt * (500 + 20 * megabytes(input)),
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=page_digest("liquidbiopsy.ctc.gallery"),
        specimen=lambda wildcards: specimens[wildcards.specimen].row,
    message:
        "ctc {wildcards.specimen}: a picture of each cell"
    script:
        "../../../scripts/ctc_gallery.py"
