# What they read is listed when they are planned: each job of a cluster reads this file, and lists none.
# Survival, rates and agreement by any decision's outcome; who has no decision is counted together.
rule statistics:
    input:
        decisions=lambda wildcards: expand(
            getattr(rules.report.output, "decisions", []), patient=run.patients
        ),
    output:
        statistics=f"{results}/cohort/statistics.parquet",
        survival=f"{results}/cohort/survival.parquet",
    log:
        f"{results}/logs/statistics.log",
    benchmark:
        f"{results}/benchmarks/statistics.tsv"
    conda:
        "../../envs/statistics.yaml"
    envmodules:
        "liquidbiopsy/statistics",
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: attempt * (1000 + 4 * megabytes(input)),
        runtime=lambda wildcards, input, attempt: attempt * (5 + megabytes(input)),
    params:
        code=page_digest("liquidbiopsy.cohort.statistics", "liquidbiopsy.cohort.decided"),
        patients=list(run.patients.values()),
        specimens=[s.row for of_assay in run.specimens.values() for s in of_assay.values()],
        settings=run.config["cohort"],
    message:
        "statistics over all patients"
    script:
        "../../scripts/cohort_statistics.py"


# The same tables over all patients, a page to find them, and what was left out.
rule cohort:
    input:
        reports=lambda wildcards: expand(rules.report.output.report, patient=run.patients),
        decisions=lambda wildcards: expand(rules.report.output.decisions, patient=run.patients),
        tables=lambda wildcards: expand(rules.report.output.tables, patient=run.patients),
        statistics=rules.statistics.output,
    output:
        report=f"{results}/cohort/report.parquet",
        decisions=f"{results}/cohort/decisions.parquet",
        tables=[f"{results}/cohort/{t}.parquet" for t in declared_tables(run)],
        index=report(
            f"{results}/cohort/index.html",
            caption="../report/index.rst",
            category="Cohort",
            labels={"page": "all patients"},
        ),
        excluded=report(
            f"{results}/run/excluded.tsv",
            caption="../report/excluded.rst",
            category="Quality",
            labels={"page": "excluded"},
        ),
    log:
        f"{results}/logs/cohort.log",
    benchmark:
        f"{results}/benchmarks/cohort.tsv"
    conda:
        "../../envs/report.yaml"
    envmodules:
        "liquidbiopsy/report",
    threads: 1
    resources:
        mem_mb=lambda wildcards, input, attempt: attempt * (1000 + megabytes(input)),
        runtime=lambda wildcards, input, attempt: attempt * (5 + megabytes(input) // 100),
    params:
        code=page_digest("liquidbiopsy.cohort.run"),
        patients=list(run.patients.values()),
        specimens=[s.row for of_assay in run.specimens.values() for s in of_assay.values()],
        assays=declarations(run),
        tables=declared_tables(run),
        settings=run.config["report"],
    message:
        "tables and pages over all patients"
    script:
        "../../scripts/cohort.py"
