# Reads -> molecules -> variants and minimal residual disease -> observations: one job a library as
# far as its molecules, then one job a specimen.
from liquidbiopsy.core.digest import code_digest
from liquidbiopsy.core.lazily import Lazily
from liquidbiopsy.core.run import current_run
from liquidbiopsy.core.sizes import megabytes
from liquidbiopsy.ctdna.choices import Choice, of_libraries, panels_among
from liquidbiopsy.reads.hotspots import read_hotspots

run = current_run()
specimens = run.specimens["ctdna"]
choice = Choice(config, run.config["references"], run.config["results"])
libraries = Lazily(lambda name: choice.libraries_of(specimens[name]))
panels = Lazily(lambda name: panels_among(libraries[name]))


wildcard_constraints:
    specimen="[A-Za-z][A-Za-z0-9_-]{0,63}",
    library="[A-Za-z][A-Za-z0-9_-]{0,63}",


include: "molecules.smk"
include: "whole_genome.smk"


rule _variants:
    input:
        files=lambda w: choice.called_from(list(panels[w.specimen].values())),
        consensus=lambda w: of_libraries(panels, w.specimen, "consensus.bam"),
        indexes=lambda w: of_libraries(panels, w.specimen, "consensus.bam.bai"),
        libraries=lambda w: of_libraries(panels, w.specimen, "library.parquet"),
    output:
        variants="<results>/{specimen}/variants.parquet",
        vcf="<results>/{specimen}/variants.vcf",
        background="<results>/{specimen}/background.parquet",
        coverage="<results>/{specimen}/coverage.parquet",
        quality="<results>/{specimen}/variants_quality.parquet",
    log:
        "<logs>/variants/{specimen}.log",
    benchmark:
        "<benchmarks>/variants/{specimen}.tsv"
    conda:
        "../../../envs/reads.yaml"
    envmodules:
        "liquidbiopsy/reads",
    threads: 1
    resources:
        mem_mb=lambda w, input, attempt: attempt
        * (3000 + megabytes(input) + choice.calling_mb(panels[w.specimen])),
        runtime=lambda w, input, attempt: attempt
        * (15 + megabytes(input) // 20 + choice.calling_minutes(panels[w.specimen])),
    params:
        code=code_digest("liquidbiopsy.ctdna.step_variants"),
        rows=lambda w: list(panels[w.specimen].values()),
        panels=lambda w: choice.panels_of(panels[w.specimen]),
        references=lambda w: choice.references_of(panels[w.specimen]),
        hotspots=config["hotspots"],
        hotspot_list=read_hotspots(config["hotspots"]),
        settings=config["variants"],
    message:
        "ctdna {wildcards.specimen}: calling variants"
    script:
        "../../../scripts/ctdna_variants.py"


rule _mrd:
    input:
        files=lambda w: choice.called_from(list(panels[w.specimen].values())),
        consensus=lambda w: of_libraries(panels, w.specimen, "consensus.bam"),
        indexes=lambda w: of_libraries(panels, w.specimen, "consensus.bam.bai"),
        libraries=lambda w: of_libraries(panels, w.specimen, "library.parquet"),
        background=rules._variants.output.background,
    output:
        mrd="<results>/{specimen}/mrd.parquet",
    log:
        "<logs>/mrd/{specimen}.log",
    benchmark:
        "<benchmarks>/mrd/{specimen}.tsv"
    conda:
        "../../../envs/reads.yaml"
    envmodules:
        "liquidbiopsy/reads",
    threads: 1
    resources:
        mem_mb=lambda w, input, attempt: attempt * (2000 + megabytes(input) // 2),
        runtime=lambda w, input, attempt: attempt * (15 + megabytes(input) // 50),
    params:
        code=code_digest("liquidbiopsy.ctdna.step_mrd"),
        rows=lambda w: list(panels[w.specimen].values()),
        references=lambda w: choice.references_of(panels[w.specimen]),
        settings=dict(config["mrd"], **choice.bases),
    message:
        "ctdna {wildcards.specimen}: looking for the tumour's known mutations"
    script:
        "../../../scripts/ctdna_mrd.py"


rule _count:
    input:
        variants=rules._variants.output.variants,
        coverage=rules._variants.output.coverage,
        mrd=rules._mrd.output.mrd,
        libraries=lambda w: of_libraries(libraries, w.specimen, "counted.parquet"),
        families=lambda w: of_libraries(panels, w.specimen, "families.parquet"),
        quality=lambda w: of_libraries(panels, w.specimen, "consensus_quality.parquet"),
        on_target=rules._variants.output.quality,
        genomes=rules._copies.output.genomes,
        genes=rules._copies.output.genes,
        copies_quality=rules._copies.output.quality,
        fragment_sizes=lambda w: of_libraries(libraries, w.specimen, "fragment_sizes.parquet"),
        fragments=lambda w: of_libraries(libraries, w.specimen, "fragments.parquet"),
        motifs=lambda w: of_libraries(libraries, w.specimen, "motifs.parquet"),
        windows=lambda w: of_libraries(libraries, w.specimen, "windows.parquet"),
        fragments_quality=lambda w: of_libraries(libraries, w.specimen, "fragments_quality.parquet"),
    output:
        observations="<results>/{specimen}/observations.parquet",
        quality="<results>/{specimen}/quality.parquet",
        families="<results>/{specimen}/families.parquet",
        fragment_sizes="<results>/{specimen}/fragment_sizes.parquet",
        fragments="<results>/{specimen}/fragments.parquet",
        motifs="<results>/{specimen}/motifs.parquet",
        windows="<results>/{specimen}/windows.parquet",
    log:
        "<logs>/count/{specimen}.log",
    benchmark:
        "<benchmarks>/count/{specimen}.tsv"
    conda:
        "../../../envs/reads.yaml"
    envmodules:
        "liquidbiopsy/reads",
    threads: 1
    resources:
        mem_mb=lambda w, input, attempt: attempt * (500 + 10 * megabytes(input)),
        runtime=lambda w, attempt: 5 * attempt,
    params:
        code=code_digest("liquidbiopsy.ctdna.step_count"),
        specimen=lambda w: specimens[w.specimen].row,
    message:
        "ctdna {wildcards.specimen}: what it says"
    script:
        "../../../scripts/ctdna_count.py"
