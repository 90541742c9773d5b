# Reads, or counts -> bins and fragments of a library -> copies of a specimen; included by assay.smk.
from liquidbiopsy.ctdna.genome_choices import (
    PANEL_FILE,
    GenomeChoice,
    of_whole_genomes,
    read_by,
    whole_genomes,
)

genomes = GenomeChoice(choice)


rule _fragments:
    input:
        library=lambda w: read_by(w.specimen, libraries[w.specimen][w.library]),
        made=lambda w: genomes.made_reads(w.specimen, libraries[w.specimen][w.library]),
        files=lambda w: genomes.files_of(libraries[w.specimen][w.library]),
        gc=lambda w: genomes.gc_of(libraries[w.specimen][w.library]),
    output:
        library="<results>/{specimen}/libraries/{library}/counted.parquet",
        counts="<results>/{specimen}/libraries/{library}/counts.parquet",
        sizes="<results>/{specimen}/libraries/{library}/fragment_sizes.parquet",
        fragments="<results>/{specimen}/libraries/{library}/fragments.parquet",
        motifs="<results>/{specimen}/libraries/{library}/motifs.parquet",
        windows="<results>/{specimen}/libraries/{library}/windows.parquet",
        quality="<results>/{specimen}/libraries/{library}/fragments_quality.parquet",
    log:
        "<logs>/fragments/{specimen}_{library}.log",
    benchmark:
        "<benchmarks>/fragments/{specimen}_{library}.tsv"
    conda:
        "../../../envs/reads.yaml"
    envmodules:
        "liquidbiopsy/reads",
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * 3000,
        runtime=lambda w, input, attempt: attempt * (10 + megabytes(input) // 100),
    params:
        code=code_digest("liquidbiopsy.ctdna.step_fragments"),
        row=lambda w: libraries[w.specimen][w.library],
        bed=lambda w: genomes.bed_of(libraries[w.specimen][w.library]),
        reference=lambda w: choice.reference_of(libraries[w.specimen][w.library]),
        settings=genomes.counting,
    message:
        "ctdna {wildcards.specimen}: bins and fragments of {wildcards.library}"
    script:
        "../../../scripts/ctdna_fragments.py"


include: "normals.smk"


rule _copies:
    input:
        counts=lambda w: of_whole_genomes(libraries[w.specimen], w.specimen, "counts.parquet"),
        sizes=lambda w: of_whole_genomes(
            libraries[w.specimen], w.specimen, "fragment_sizes.parquet"
        ),
        normals=genomes.panel,
        ready=lambda w: genomes.ready_of(libraries[w.specimen]),
    output:
        genomes="<results>/{specimen}/genomes.parquet",
        bins="<results>/{specimen}/bins.parquet",
        segments="<results>/{specimen}/segments.parquet",
        solutions="<results>/{specimen}/solutions.parquet",
        genes="<results>/{specimen}/genes.parquet",
        seg="<results>/{specimen}/segments.seg",
        quality="<results>/{specimen}/copies_quality.parquet",
    log:
        "<logs>/copies/{specimen}.log",
    benchmark:
        "<benchmarks>/copies/{specimen}.tsv"
    conda:
        "../../../envs/copynumber.yaml"
    envmodules:
        "liquidbiopsy/copynumber",
    threads: 1
    resources:
        mem_mb=lambda w, input, attempt: attempt * (1500 + 20 * megabytes(input)),
        runtime=lambda w, input, attempt: attempt * (10 + megabytes(input)),
    params:
        code=code_digest("liquidbiopsy.ctdna.step_copies"),
        rows=lambda w: whole_genomes(libraries[w.specimen]),
        asked=len(genomes.normals),
        references=lambda w: choice.references_of(libraries[w.specimen]),
        settings=genomes.copying,
    message:
        "ctdna {wildcards.specimen}: tumour fraction and copies"
    script:
        "../../../scripts/ctdna_copies.py"
