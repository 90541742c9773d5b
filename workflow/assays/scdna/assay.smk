# Single cells: reads -> bins of each -> copies of each, one job a specimen -> clones, one a patient.
from liquidbiopsy.core.digest import code_digest
from liquidbiopsy.core.lazily import Lazily
from liquidbiopsy.core.run import current_run
from liquidbiopsy.core.sizes import megabytes
from liquidbiopsy.reads.hotspots import read_hotspots
from liquidbiopsy.scdna.choices import Choice

run = current_run()
specimens = run.specimens["scdna"]
choice = Choice(config, run, "scdna")
cells = Lazily(lambda name: choice.cells_of(specimens[name]))


wildcard_constraints:
    specimen="[A-Za-z][A-Za-z0-9_-]{0,63}",
    patient="[A-Za-z][A-Za-z0-9_-]{0,63}",


rule _reads:
    input:
        files=lambda w: choice.files_of(cells[w.specimen]),
        made=lambda w: choice.made_of(cells[w.specimen]),
    output:
        counts="<results>/{specimen}/counts.parquet",
        cells="<results>/{specimen}/counted.parquet",
        alleles="<results>/{specimen}/alleles.parquet",
    log:
        "<logs>/reads/{specimen}.log",
    benchmark:
        "<benchmarks>/reads/{specimen}.tsv"
    conda:
        "../../../envs/reads.yaml"
    envmodules:
        "liquidbiopsy/reads",
    threads: 4
    resources:
        mem_mb=lambda w, input, attempt: attempt * (4000 + megabytes(input) // 10),
        runtime=lambda w, input, attempt: attempt * (10 + megabytes(input) // 50),
    params:
        code=code_digest("liquidbiopsy.scdna.step_reads"),
        rows=lambda w: cells[w.specimen],
        references=lambda w: choice.references_of(cells[w.specimen]),
        hotspots=read_hotspots(config["hotspots"]),
        settings={name: config[name] for name in ("align", "alleles", "counts")},
    message:
        "scdna {wildcards.specimen}: reading the cells"
    script:
        "../../../scripts/scdna_reads.py"


rule _profiles:
    input:
        counts=rules._reads.output.counts,
        cells=rules._reads.output.cells,
    output:
        cells="<results>/{specimen}/profiled.parquet",
        segments="<results>/{specimen}/segments.parquet",
        bins="<results>/{specimen}/bins.parquet",
        genes="<results>/{specimen}/genes.parquet",
        seg="<results>/{specimen}/segments.seg",
        quality="<results>/{specimen}/profiles_quality.parquet",
    log:
        "<logs>/profiles/{specimen}.log",
    benchmark:
        "<benchmarks>/profiles/{specimen}.tsv"
    conda:
        "../../../envs/copynumber.yaml"
    envmodules:
        "liquidbiopsy/copynumber",
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * (1500 + 2 * len(cells[w.specimen])),
        runtime=lambda w, attempt: attempt * (10 + len(cells[w.specimen]) // 100),
    params:
        code=code_digest("liquidbiopsy.scdna.step_profiles"),
        build=lambda w: choice.build_of(cells[w.specimen]),
        settings={n: config[n] for n in ("baseline", "correction", "profiles", "quality")},
    message:
        "scdna {wildcards.specimen}: copies of each cell"
    script:
        "../../../scripts/scdna_profiles.py"


rule _clones:
    input:
        cells=lambda w: choice.of_patient(w.patient, "profiled.parquet"),
        segments=lambda w: choice.of_patient(w.patient, "segments.parquet"),
        bins=lambda w: choice.of_patient(w.patient, "bins.parquet"),
        plasma=lambda w: choice.plasma_of(w.patient),
    output:
        cells="<results>/_clones/{patient}/cells.parquet",
        clones="<results>/_clones/{patient}/clones.parquet",
        segments="<results>/_clones/{patient}/clone_segments.parquet",
        plasma="<results>/_clones/{patient}/clones_in_plasma.parquet",
        tree="<results>/_clones/{patient}/clones.nwk",
        cell_tree="<results>/_clones/{patient}/cells.nwk",
    log:
        "<logs>/clones/{patient}.log",
    benchmark:
        "<benchmarks>/clones/{patient}.tsv"
    conda:
        "../../../envs/copynumber.yaml"
    envmodules:
        "liquidbiopsy/copynumber",
    threads: 1
    resources:
        mem_mb=lambda w, input, attempt: attempt * (1500 + 50 * megabytes(input)),
        runtime=lambda w, input, attempt: attempt * (10 + megabytes(input)),
    params:
        code=code_digest("liquidbiopsy.scdna.step_clones"),
        specimens=lambda w: choice.specimens_of(w.patient),
        settings={name: config[name] for name in ("clones", "tree")},
    message:
        "scdna: clones of {wildcards.patient}"
    script:
        "../../../scripts/scdna_clones.py"


include: "count.smk"
