# Normal libraries -> the panel of normals; included by whole_genome.smk.
wildcard_constraints:
    normal="[A-Za-z][A-Za-z0-9_-]{0,63}",


use rule _fragments as _normal with:
    input:
        files=lambda w: genomes.files_of(genomes.normals[w.normal]),
        gc=lambda w: genomes.gc_of(genomes.normals[w.normal]),
    output:
        library="<results>/_normals/{normal}/counted.parquet",
        counts="<results>/_normals/{normal}/counts.parquet",
        sizes="<results>/_normals/{normal}/fragment_sizes.parquet",
        fragments="<results>/_normals/{normal}/fragments.parquet",
        motifs="<results>/_normals/{normal}/motifs.parquet",
        windows="<results>/_normals/{normal}/windows.parquet",
        quality="<results>/_normals/{normal}/fragments_quality.parquet",
    log:
        "<logs>/normals/{normal}.log",
    benchmark:
        "<benchmarks>/normals/{normal}.tsv"
    params:
        code=code_digest("liquidbiopsy.ctdna.step_fragments"),
        row=lambda w: genomes.normals[w.normal],
        bed=None,
        reference=lambda w: choice.reference_of(genomes.normals[w.normal]),
        settings=genomes.counting,
    message:
        "ctdna: bins of the normal {wildcards.normal}"


rule _normals:
    input:
        counts=expand("<results>/_normals/{normal}/counts.parquet", normal=genomes.normals),
        sizes=expand("<results>/_normals/{normal}/fragment_sizes.parquet", normal=genomes.normals),
    output:
        panel=PANEL_FILE,
    log:
        "<logs>/normals.log",
    benchmark:
        "<benchmarks>/normals.tsv"
    conda:
        "../../../envs/copynumber.yaml"
    envmodules:
        "liquidbiopsy/copynumber",
    threads: 1
    resources:
        mem_mb=lambda w, input, attempt: attempt * (1000 + 20 * megabytes(input)),
        runtime=lambda w, attempt: 10 * attempt,
    params:
        code=code_digest("liquidbiopsy.ctdna.step_normals"),
        names=list(genomes.normals),
        build=genomes.build_of_normals,
        settings=genomes.correcting,
    message:
        "ctdna: panel of normals"
    script:
        "../../../scripts/ctdna_normals.py"
