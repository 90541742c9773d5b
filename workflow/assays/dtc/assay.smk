# Slides -> stained objects -> cells -> observations, one job a specimen each.
from liquidbiopsy.core.digest import code_digest
from liquidbiopsy.core.pages import page_digest
from liquidbiopsy.core.run import current_run
from liquidbiopsy.core.sizes import megabytes
from liquidbiopsy.dtc.choices import choose

specimens = current_run().specimens["dtc"]
choice = choose(config)


wildcard_constraints:
    specimen="[A-Za-z][A-Za-z0-9_-]{0,63}",


rule _detect:
    input:
        slides=lambda wildcards: specimens[wildcards.specimen].inputs,
        controls=lambda wildcards: choice.controls_of(specimens[wildcards.specimen]),
    output:
        objects="<results>/{specimen}/objects.parquet",
        slides="<results>/{specimen}/slides.parquet",
        tiles="<results>/{specimen}/tiles.parquet",
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
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, input, attempt: attempt * (10 + megabytes(input) // 100),
    params:
        code=code_digest("liquidbiopsy.dtc.step_detect"),
        slides=lambda wildcards: list(specimens[wildcards.specimen].items),
        colours=lambda wildcards: choice.colours_of(specimens[wildcards.specimen]),
        settings=dict(
            pixel_size_um=config.get("pixel_size_um"),
            detection=config["detection"],
            quality={k: v for k, v in config["quality"].items() if k != "min_mnc"},
            gallery=config["gallery"],
        ),
    message:
        "dtc {wildcards.specimen}: finding nuclei and stained cells on its slides"
    script:
        "../../../scripts/dtc_detect.py"


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
        code=code_digest("liquidbiopsy.dtc.step_classify"),
        gates=choice.gates,
        reviews=lambda wildcards: list(specimens[wildcards.specimen].reviews),
    message:
        "dtc {wildcards.specimen}: calling its stained cells"
    script:
        "../../../scripts/dtc_classify.py"


rule _count:
    input:
        cells=rules._classify.output.cells,
        slides=rules._detect.output.slides,
        tiles=rules._detect.output.tiles,
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
        code=code_digest("liquidbiopsy.dtc.step_count"),
        specimen=lambda wildcards: specimens[wildcards.specimen].row,
        reviews=lambda wildcards: list(specimens[wildcards.specimen].reviews),
        settings=dict(
            min_mnc=config["quality"]["min_mnc"],
            isotype=config["isotype"],
        ),
    message:
        "dtc {wildcards.specimen}: counting its cells"
    script:
        "../../../scripts/dtc_count.py"


rule _gallery:
    input:
        cells=rules._classify.output.cells,
        objects=rules._detect.output.objects,
        crops=rules._detect.output.crops,
        slides=rules._detect.output.slides,
    output:
        page=report(
            "<results>/{specimen}/gallery.html",
            caption="../../report/gallery.rst",
            category="Galleries",
            labels={"assay": "dtc", "specimen": "{specimen}"},
        ),
        thumbnails="<results>/{specimen}/thumbnails.parquet",
        places="<results>/{specimen}/cells.geojson",
        slides=directory("<results>/{specimen}/geojson"),
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
        code=page_digest("liquidbiopsy.dtc.gallery"),
        specimen=lambda wildcards: specimens[wildcards.specimen].row,
    message:
        "dtc {wildcards.specimen}: a picture of each stained cell and of each slide"
    script:
        "../../../scripts/dtc_gallery.py"
