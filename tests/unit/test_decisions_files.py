"""Rule files: sound ones are read, of others each error names the file and the key."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from deciding import RULES
from sound_sheets import problems, read, settings, write_sheets

from liquidbiopsy.core.errors import CheckError
from liquidbiopsy.core.rules import RULES as FOLDER
from liquidbiopsy.core.rules import read_rules

SOUND: dict[str, Any] = {
    "id": "own", "version": "1", "title": "Own rule", "citations": ["10.1000/1"],
    "applies_to": {"setting": ["early", "metastatic"]},
    "inputs": {"ctc": {"analyte": "ctc_count"}},
    "table": [{"when": {"ctc": {"at_least": 3}}, "outcome": "many", "says": "Three or more."}],
    "evidence": "prognostic_only", "caveat": "Not validated.",
}  # fmt: skip
CELLS = ("inputs", "ctc")
FIRST = ("table", 0)
WHEN = (*FIRST, "when")
BAD: dict[str, tuple[tuple[Any, ...], Any, str]] = {
    "unknown key": (("tabel",), [], "unknown setting 'tabel'; did you mean 'table'?"),
    "key of a row": ((*FIRST, "wenn"), {}, "unknown setting 'table.0.wenn'; did you mean 'when'?"),
    "key of an input": ((*CELLS, "visit"), "x", "unknown setting 'inputs.ctc.visit'"),
    "no title": (("title",), None, "title is missing"),
    "no table": (("table",), [], "table: [] should be non-empty"),
    "version of a number": (("version",), 1, "version: 1 is not of type 'string'"),
    "id": (("id",), "Own Rule", "id: 'Own Rule' does not match"),
    "address for a DOI": (("citations",), ["https://doi.org/10.1000/1"], "citations.0:"),
    "evidence": (("evidence",), "weak", "evidence: 'weak' is not a choice"),
    "visit": ((*CELLS, "take"), "lates", "inputs.ctc.take: 'lates' is not a choice; did you mean"),
    "neither": (CELLS, {}, "inputs.ctc: needs either an analyte or an event"),
    "both": ((*CELLS, "event"), "surgery", "inputs.ctc: needs either an analyte or an event"),
    "event's visit": (
        CELLS,
        {"event": "surgery", "take": "baseline"},
        "inputs.ctc.take: of events, first or latest",
    ),
    "input's name": (("inputs", "her2"), {"analyte": "x"}, "inputs.her2: that name has a meaning"),
    "window": ((*CELLS, "days_after_baseline"), {"at_least": 1, "at_most": 2}, "first_follow_up"),
    "fact": ((*WHEN, "ctcs"), 1, "table.0.when.ctcs: there is no such fact; did you mean 'ctc'?"),
    "part": ((*WHEN, "ctc.volume"), 1, "did you mean 'ctc.volume_ml'?"),
    "comparison": ((*WHEN, "ctc"), {"atleast": 3}, "when.ctc.atleast: is not a comparison; did"),
    "bound of text": ((*WHEN, "ctc"), {"at_least": "3"}, "when.ctc.at_least: '3' is not a number"),
    "bound of a truth": ((*WHEN, "ctc"), {"at_least": True}, "ctc.at_least: 'True' is not a"),
    "no bound": ((*WHEN, "ctc"), {}, "table.0.when.ctc: needs a bound"),
    "setting": ((*WHEN, "setting"), "late", "when.setting: 'late' is not one of its values"),
    "bound of a word": ((*WHEN, "setting"), {"above": 1}, "when.setting: is no number"),
    "state": ((*WHEN, "ctc.state"), "broken", "when.ctc.state: 'broken' is not one of its values"),
    "empty list": ((*WHEN, "setting"), [], "when.setting: an empty list holds for nothing"),
    "inner": ((*WHEN, "any_of"), [{"ctcs": 1}], "when.any_of.0.ctcs: there is no such fact"),
    "any of nothing": ((*WHEN, "any_of"), {"ctc": 1}, "when.any_of: needs a list of conditions"),
    "patient's": (("applies_to", "ctc"), 5, "applies_to.ctc: there is no such fact"),
    "lead time": (("lead_time",), {"from": "ctc", "to": "cct"}, "lead_time.to: no input 'cct'"),
    "code": ((*WHEN,), "ctc >= 3 and __import__('os')", "table.0.when: "),
}


def write(folder: Path, body: dict[str, Any], name: str = "own.yaml") -> str:
    path = folder / name
    path.write_text(yaml.safe_dump(body, sort_keys=False), encoding="utf-8")
    return str(path)


def changed(keys: tuple[Any, ...], value: Any) -> dict[str, Any]:
    body = yaml.safe_load(yaml.safe_dump(SOUND))
    place = body
    for key in keys[:-1]:
        place = place[key]
    if value is None:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    return body  # type: ignore[no-any-return]


@pytest.mark.parametrize("case", BAD)
def test_bad_file(case: str, tmp_path: Path) -> None:
    keys, value, words = BAD[case]
    path = write(tmp_path, changed(keys, value))
    with pytest.raises(CheckError) as caught:
        read_rules([path])
    assert any(p.file == path and words in p.message for p in caught.value.problems), str(
        caught.value
    )


TEXTS = {
    "no YAML": ("id: [", "not valid YAML"),
    "nothing": ("", "None is not of type 'object'"),
    "a list": ("- id: x", "is not of type 'object'"),
    "key twice": ("id: a\nid: b\n", "'id' stands twice, line 2"),
    "a tag": ("id: !!python/object/apply:os.getcwd []\n", "not valid YAML"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_bad_text(case: str, tmp_path: Path) -> None:
    text, words = TEXTS[case]
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(CheckError, match=r"own\.yaml") as caught:
        read_rules([str(tmp_path / "own.yaml")])
    assert words in str(caught.value)


def test_own_rules_beside_the_shipped(tmp_path: Path) -> None:
    rules = read_rules(["shipped", write(tmp_path, SOUND)])
    assert [r.body["id"] for r in rules] == sorted([*RULES, "own"])
    assert read_rules([]) == []
    assert [r.body["id"] for r in read_rules(["ctc_status", "ctc_status"])] == ["ctc_status"]


def test_two_rules_of_one_id(tmp_path: Path) -> None:
    paths = [write(tmp_path, SOUND, name) for name in ("a.yaml", "b.yaml")]
    with pytest.raises(CheckError, match="id: 'own' is the id of"):
        read_rules(paths)


def test_checksum_is_of_the_file() -> None:
    import hashlib

    content = (FOLDER / "ctc_status.yaml").read_bytes()
    assert RULES["ctc_status"].sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("rule", RULES)
def test_shipped_file_has_the_name_of_its_id(rule: str) -> None:
    assert (FOLDER / f"{rule}.yaml").is_file()


def test_settings_list_rules_and_every_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sheets(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert read().config["rules"] == ["shipped"]
    assert "there is no rule 'ctc_statu'; did you mean 'ctc_status'?" in _told(["ctc_statu"])
    assert "no/where.yaml: cannot be read (No such file or directory)" in _told(["no/where.yaml"])
    assert "rules: 'shipped' is not of type 'array'" in _told("shipped")
    write(tmp_path, changed(("title",), None))
    assert "own.yaml: title is missing" in _told(["own.yaml"]).replace("the settings: ", "")


def _told(rules: Any) -> str:
    return "\n".join(map(str, problems(settings(rules=rules))))
