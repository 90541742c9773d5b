# What the run was, for other programs and for later years: written when all else is done.
from liquidbiopsy.core.digest import code_digest


rule record:
    input:
        cohort=rules.cohort.output,
    output:
        crate=f"{results}/run/ro-crate-metadata.json",
        snakefile=f"{results}/run/Snakefile",
    log:
        f"{results}/logs/record.log",
    benchmark:
        f"{results}/benchmarks/record.tsv"
    conda:
        "../../envs/report.yaml"
    envmodules:
        "liquidbiopsy/report",
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 1000,
        runtime=lambda wildcards, attempt: attempt * 120,  # each result is read once, for its checksum
    params:
        code=code_digest("liquidbiopsy.record.crate"),
        settings=run.config,
    message:
        "the record of the run, with its inputs, settings and results"
    script:
        "../../scripts/record.py"
