# Circulating tumour cells, marrow cells, plasma DNA and single cells of one patient, on one timeline.
#
#   results/<assay>/<specimen>/   observations.parquet and the assay's detail tables
#   results/reports/<patient>/    report.parquet, the detail tables of all assays, report.html
#   results/cohort/               the same tables over all patients, index.html
#   results/run/                  quality.html, multiqc/, excluded.tsv, ro-crate-metadata.json
#   results/references/<name>/    indexes, made once
#
# The settings are config/config.yaml, or the file given with --configfile.
import sys

from snakemake.utils import min_version

min_version("9.20")
sys.path.insert(0, f"{workflow.basedir}/scripts")

from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.run import read_run

if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


try:
    run = read_run(
        config,
        workflow.basedir,
        look=workflow.is_main_process,
        files=workflow.configfiles,
    )
except UserError as error:
    raise WorkflowError(str(error))

results = run.config["results"]


report: "workflow/report/workflow.rst"


wildcard_constraints:
    specimen="[A-Za-z][A-Za-z0-9_-]{0,63}",
    patient="[A-Za-z][A-Za-z0-9_-]{0,63}",
    reference="[A-Za-z][A-Za-z0-9_-]{0,63}",


for assay, settings in run.config["assays"].items():

    module:
        name: assay
        pathvars:
            results=f"{results}/{assay}",
            logs=f"{results}/logs/{assay}",
            benchmarks=f"{results}/benchmarks/{assay}",
        snakefile:
            str(run.assays[assay].snakefile)
        config:
            settings

    use rule * from assay as assay*


include: "workflow/rules/references.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/cohort.smk"
include: "workflow/rules/run.smk"


rule all:
    default_target: True
    input:
        expand("{results}/reports/{patient}/report.html", results=results, patient=run.patients),
        f"{results}/cohort/index.html",
        f"{results}/run/excluded.tsv",
        f"{results}/run/quality.html",
        f"{results}/run/ro-crate-metadata.json",
