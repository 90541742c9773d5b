# Reads of a library -> aligned -> one read for each molecule; included by assay.smk.
from liquidbiopsy.ctdna.libraries import source_of


rule _align:
    input:
        files=lambda w: choice.files_of(libraries[w.specimen][w.library]),
        index=lambda w: choice.index_folder(libraries[w.specimen][w.library]),
    output:
        reads="<results>/{specimen}/libraries/{library}/reads.bam",
        library="<results>/{specimen}/libraries/{library}/aligned.parquet",
    log:
        "<logs>/align/{specimen}_{library}.log",
    benchmark:
        "<benchmarks>/align/{specimen}_{library}.tsv"
    conda:
        "../../../envs/reads.yaml"
    envmodules:
        "liquidbiopsy/reads",
    threads: 4
    resources:
        mem_mb=lambda w, input, attempt: attempt * (4000 + 2 * megabytes(input)),
        runtime=lambda w, input, attempt: attempt * (20 + megabytes(input) // 20),
    params:
        code=code_digest("liquidbiopsy.ctdna.step_align"),
        row=lambda w: libraries[w.specimen][w.library],
        panel=lambda w: choice.barcodes_of(libraries[w.specimen][w.library]),
        reference=lambda w: choice.reference_of(libraries[w.specimen][w.library]),
        index=lambda w: choice.index_of(libraries[w.specimen][w.library]),
        settings=config["align"],
    message:
        "ctdna {wildcards.specimen}: aligning the reads of {wildcards.library}"
    script:
        "../../../scripts/ctdna_align.py"


rule _consensus:
    input:
        reads=rules._align.output.reads,
        library=rules._align.output.library,
        index=lambda w: choice.index_folder(libraries[w.specimen][w.library]),
    output:
        consensus="<results>/{specimen}/libraries/{library}/consensus.bam",
        index="<results>/{specimen}/libraries/{library}/consensus.bam.bai",
        library="<results>/{specimen}/libraries/{library}/library.parquet",
        families="<results>/{specimen}/libraries/{library}/families.parquet",
        quality="<results>/{specimen}/libraries/{library}/consensus_quality.parquet",
    log:
        "<logs>/consensus/{specimen}_{library}.log",
    benchmark:
        "<benchmarks>/consensus/{specimen}_{library}.tsv"
    conda:
        "../../../envs/reads.yaml"
    envmodules:
        "liquidbiopsy/reads",
    threads: 2
    resources:
        mem_mb=lambda w, input, attempt: attempt * (4000 + 2 * megabytes(input)),
        runtime=lambda w, input, attempt: attempt * (20 + megabytes(input) // 20),
    params:
        code=code_digest("liquidbiopsy.ctdna.step_consensus"),
        source=lambda w: source_of(libraries[w.specimen][w.library]),
        reference=lambda w: choice.reference_of(libraries[w.specimen][w.library]),
        index=lambda w: choice.index_of(libraries[w.specimen][w.library]),
        settings={name: config[name] for name in ("umi", "align", "consensus")},
    message:
        "ctdna {wildcards.specimen}: one read for each molecule of {wildcards.library}"
    script:
        "../../../scripts/ctdna_consensus.py"
