# Frames -> events -> calls -> counts, one job a specimen each.
from liquidbiopsy.core.digest import code_digest
from liquidbiopsy.core.run import current_run
from liquidbiopsy.ctc.gates import resolve_gates
from liquidbiopsy.ctc.platforms import megapixels

specimens = current_run().specimens["ctc"]


wildcard_constraints:
    specimen="|".join(specimens) or "none",


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
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, input, attempt: attempt * (10 + int(input.size_mb) // 200),
    params:
        code=code_digest("liquidbiopsy.ctc.detect"),
        items=lambda wildcards: list(specimens[wildcards.specimen].items),
        platforms=config["platforms"],
        detection=config["detection"],
        quality=config["quality"],
        gallery=config["gallery"],
    message:
        "ctc {wildcards.specimen}: finding events in its images"
    script:
        "../../../scripts/ctc_detect.py"
