# What the run was: how its specimens came out, for people and for MultiQC; and, when all else is done,
# a record for other programs and for later years.
from importlib.metadata import version

from liquidbiopsy.cohort.multiqc import multiqc_files
from liquidbiopsy.core.digest import code_digest
from liquidbiopsy.core.sizes import megabytes


rule quality:
    input:
        report=rules.cohort.output.report,
        tables=rules.cohort.output.tables,
    output:
        page=report(
            f"{results}/run/quality.html",
            caption="../report/quality.rst",
            category="Quality",
            labels={"page": "quality of all specimens"},
        ),
        multiqc=[f"{results}/run/multiqc/{name}" for name in multiqc_files(list(run.assays))],
    log:
        f"{results}/logs/quality.log",
    benchmark:
        f"{results}/benchmarks/quality.tsv"
    conda:
        "../../envs/report.yaml"
    envmodules:
        "liquidbiopsy/report",
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: attempt * (1000 + 4 * megabytes(input)),
        runtime=lambda wildcards, input, attempt: attempt * (5 + megabytes(input) // 100),
    params:
        code=page_digest("liquidbiopsy.cohort.quality"),
        specimens=[s.row for of_assay in run.specimens.values() for s in of_assay.values()],
        assays=declarations(run),
        settings=run.config["report"],
    message:
        "quality of the specimens over all patients"
    script:
        "../../scripts/quality.py"


rule record:
    input:
        cohort=rules.cohort.output,
        quality=rules.quality.output,
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
        snakemake=version("snakemake"),  # the environment of the job may have none
    message:
        "the record of the run, with its inputs, settings and results"
    script:
        "../../scripts/record.py"
