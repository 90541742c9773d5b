# What a specimen's cells say, once the patient's clones are known; included by assay.smk.
rule _count:
    input:
        cells=rules._profiles.output.cells,
        segments=rules._profiles.output.segments,
        genes=rules._profiles.output.genes,
        quality=rules._profiles.output.quality,
        alleles=rules._reads.output.alleles,
        cloned=lambda w: choice.clones_of(w.specimen, "cells.parquet"),
        clones=lambda w: choice.clones_of(w.specimen, "clones.parquet"),
        clone_segments=lambda w: choice.clones_of(w.specimen, "clone_segments.parquet"),
        clones_in_plasma=lambda w: choice.clones_of(w.specimen, "clones_in_plasma.parquet"),
    output:
        observations="<results>/{specimen}/observations.parquet",
        quality="<results>/{specimen}/quality.parquet",
        cells="<results>/{specimen}/cells.parquet",
        hotspots="<results>/{specimen}/hotspots.parquet",
        clones="<results>/{specimen}/clones.parquet",
        clone_segments="<results>/{specimen}/clone_segments.parquet",
        clones_in_plasma="<results>/{specimen}/clones_in_plasma.parquet",
    log:
        "<logs>/count/{specimen}.log",
    benchmark:
        "<benchmarks>/count/{specimen}.tsv"
    conda:
        "../../../envs/copynumber.yaml"
    envmodules:
        "liquidbiopsy/copynumber",
    threads: 1
    resources:
        mem_mb=lambda w, input, attempt: attempt * (500 + 20 * megabytes(input)),
        runtime=lambda w, attempt: 5 * attempt,
    params:
        code=code_digest("liquidbiopsy.scdna.step_count"),
        specimen=lambda w: specimens[w.specimen].row,
        build=lambda w: choice.build_of(cells[w.specimen]),
        hotspots=read_hotspots(config["hotspots"]),
        settings={"alleles": config["alleles"]},
    message:
        "scdna {wildcards.specimen}: what its cells say"
    script:
        "../../../scripts/scdna_count.py"
