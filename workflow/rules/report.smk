# One report a patient: the tables of its specimens joined, and a page for people.
from liquidbiopsy.core.pages import page_digest
from liquidbiopsy.report.inputs import (
    decision_rules,
    declarations,
    declared_tables,
    patient_files,
    patient_sheets,
)


rule report:
    input:
        lambda wildcards: patient_files(run, wildcards.patient),
    output:
        report=f"{results}/reports/{{patient}}/report.parquet",
        page=report(
            f"{results}/reports/{{patient}}/report.html",
            caption="../report/report.rst",
            category="Patients",
            labels={"patient": "{patient}"},
        ),
        decisions=f"{results}/reports/{{patient}}/decisions.parquet",
        tables=[f"{results}/reports/{{patient}}/{t}.parquet" for t in declared_tables(run)],
    log:
        f"{results}/logs/report/{{patient}}.log",
    benchmark:
        f"{results}/benchmarks/report/{{patient}}.tsv"
    conda:
        "../../envs/report.yaml"
    envmodules:
        "liquidbiopsy/report",
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: attempt * (1000 + 4 * megabytes(input)),
        runtime=lambda wildcards, input, attempt: attempt * (5 + megabytes(input) // 50),
    params:
        code=page_digest("liquidbiopsy.report.patient"),
        sheets=lambda wildcards: patient_sheets(run, wildcards.patient),
        assays=declarations(run),
        tables=declared_tables(run),
        rules=decision_rules(run),
        settings=run.config["report"],
    message:
        "report of {wildcards.patient}"
    script:
        "../../scripts/report.py"


# Every report, and nothing over all patients: what `--batch` divides, as docs/clusters.md tells.
rule reports:
    input:
        expand(rules.report.output.page, patient=run.patients),
