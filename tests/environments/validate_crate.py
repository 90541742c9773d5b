"""Validate a crate without a network, in an environment of `validator.txt` and rocrate.

The two documents that a crate names as its context are not fetched: the package rocrate carries the
one, of a later version of the same terms, and the other names a few terms of its own.
"""

import json
import sys
from importlib.resources import files
from typing import Any

from rdflib.plugins.shared.jsonld import context, util
from rocrate_validator import models, services
from rocrate_validator.utils import http

CRATE = "https://w3id.org/ro/crate/1.1/context"
RUN = "https://w3id.org/ro/terms/workflow-run"
OF_RUN = ("md5", "sha1", "sha256", "sha512", "ParameterConnection", "environment")
OLDER = ("ComputationalWorkflow", "FormalParameter")  # which 1.1 has without `terms/`


def documents() -> dict[str, dict[str, Any]]:
    """Return the contexts by their addresses."""
    known = json.loads(files("rocrate").joinpath("data/ro-crate.jsonld").read_text("utf-8"))
    terms = {**known["@context"], **{n: f"https://bioschemas.org/{n}" for n in OLDER}}
    own = {name: f"{RUN}#{name}" for name in OF_RUN}
    return {CRATE: {"@context": terms}, f"{RUN}/context": {"@context": own}}


class Answer:
    """What a request for a context gets."""

    status_code, from_cache = 200, True
    headers = {"Content-Type": "application/ld+json"}

    def __init__(self, document: dict[str, Any]) -> None:
        self.document, self.text = document, json.dumps(document)
        self.content = self.text.encode()

    def json(self) -> dict[str, Any]:
        return self.document

    def raise_for_status(self) -> None:
        pass


def without_network(known: dict[str, dict[str, Any]]) -> None:
    """Let the validator and rdflib have the contexts from here."""
    fetch, asked = util.source_to_json, http.HttpRequester.__getattr__

    def answered(self: Any, name: str) -> Any:
        if name == "get":
            return lambda url, *_, **__: Answer(known[url.rstrip("/")])
        return asked(self, name)

    def source(address: Any, *more: Any, **others: Any) -> Any:
        return (
            (known[str(address)], None)
            if str(address) in known
            else fetch(address, *more, **others)
        )

    http.HttpRequester.__getattr__ = answered
    util.source_to_json = context.source_to_json = source


def main(folder: str) -> int:
    """Print what the profile requires and the crate has not; 0 where there is nothing."""
    without_network(documents())
    settings = services.ValidationSettings(
        rocrate_uri=folder,
        profile_identifier="workflow-run-crate-0.5",
        requirement_severity=models.Severity.REQUIRED,
    )
    result = services.validate(settings)
    for issue in result.get_issues():
        print(issue.check.identifier, issue.message, getattr(issue, "violatingEntity", ""))
    return 0 if result.passed() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
