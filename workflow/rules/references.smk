# Reference genomes, made ready for alignment once and kept between runs. Of a file that is of no use
# the folder has the diagnosis, which is the reason of each of its libraries.
from os.path import getsize

from liquidbiopsy.core.digest import code_digest
from liquidbiopsy.core.sizes import megabytes


rule reference_index:
    input:
        fasta=lambda wildcards: run.config["references"][wildcards.reference]["fasta"],
    output:
        index=directory(f"{results}/references/{{reference}}"),
    log:
        f"{results}/logs/references/{{reference}}.log",
    benchmark:
        f"{results}/benchmarks/references/{{reference}}.tsv"
    conda:
        "../../envs/reads.yaml"
    envmodules:
        "liquidbiopsy/reads",
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: attempt * (1000 + 6 * megabytes(input)),
        runtime=lambda wildcards, input, attempt: attempt * (10 + megabytes(input) // 20),
    params:
        code=code_digest("liquidbiopsy.reads.reference"),
        # What takes its place may be older; what is derived from `input` would not be compared.
        size=lambda wildcards: getsize(run.config["references"][wildcards.reference]["fasta"]),
    message:
        "index of the reference {wildcards.reference}"
    script:
        "../../scripts/reference_index.py"


rule reference_gc:
    input:
        fasta=lambda wildcards: run.config["references"][wildcards.reference]["fasta"],
    output:
        gc=f"{results}/run/gc/{{reference}}.{{size}}.parquet",
    log:
        f"{results}/logs/references/{{reference}}.{{size}}.log",
    benchmark:
        f"{results}/benchmarks/references/{{reference}}.{{size}}.tsv"
    wildcard_constraints:
        size="[0-9]+",
    conda:
        "../../envs/reads.yaml"
    envmodules:
        "liquidbiopsy/reads",
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 2000,
        runtime=lambda wildcards, input, attempt: attempt * (10 + megabytes(input) // 100),
    params:
        code=code_digest("liquidbiopsy.copynumber.reference_gc"),
    message:
        "G and C in bins of {wildcards.size} bases of the reference {wildcards.reference}"
    script:
        "../../scripts/reference_gc.py"


rule reference_bins:
    input:
        fasta=lambda wildcards: run.config["references"][wildcards.reference]["fasta"],
    output:
        bins=f"{results}/run/bins/{{reference}}.{{size}}.{{length}}.parquet",
    log:
        f"{results}/logs/references/{{reference}}.{{size}}.{{length}}.log",
    benchmark:
        f"{results}/benchmarks/references/{{reference}}.{{size}}.{{length}}.tsv"
    wildcard_constraints:
        size="[0-9]+",
        length="[0-9]+",
    conda:
        "../../envs/reads.yaml"
    envmodules:
        "liquidbiopsy/reads",
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 3000,
        runtime=lambda wildcards, input, attempt: attempt * (10 + megabytes(input) // 15),
    params:
        code=code_digest("liquidbiopsy.copynumber.mappable"),
        size=lambda wildcards: getsize(run.config["references"][wildcards.reference]["fasta"]),
    message:
        "bins of one mappable mass of the reference {wildcards.reference}"
    script:
        "../../scripts/reference_bins.py"
