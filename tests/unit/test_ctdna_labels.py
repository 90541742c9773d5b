"""Filters and origins: hopped molecules, the blood's own variants, shares that may be germline."""

import dataclasses

import numpy as np
import pytest
from molecules import SETTINGS

from liquidbiopsy.ctdna.call import Evidence
from liquidbiopsy.ctdna.filters import InNormal, origin_of, read_once, reasons

SINGLE, PAIR, FAMILY, DUPLEX = range(4)
DEEP = (24, 20, 340, 1050)


def strata(by_class):
    """Spread molecules of each class over both strands, away from ends."""
    found = np.zeros((4, 2, 2), np.int64)
    for group, count in enumerate(by_class):
        found[group, :, 0] = (count + 1) // 2, count // 2
    return found


def seen(having, spanning=DEEP, **changed):
    """Evidence with as many molecules of each class."""
    none = np.ones((4, 2, 2))
    made = Evidence(
        "chr1", 100, "A", "G", strata(having), strata(spanning), 60.0, 60.0, none, none * 1e6,
        0.0, 1e-6, 1e-12, 1e-9, 3e-7, 3e-7,
    )  # fmt: skip
    return dataclasses.replace(made, **changed)


def against(found, normal=None, alleles=1, **settings):
    return reasons(found, alleles, normal, {**SETTINGS, **settings})


def origin(found, normal=None, known=False, hotspot=False, **settings):
    return origin_of(found, normal, known, hotspot, {**SETTINGS, **settings})


@pytest.mark.parametrize(
    "having", [(2, 0, 0, 0), (9, 0, 0, 0), (4, 1, 0, 0), (7, 2, 0, 0), (1, 0, 0, 1), (1, 0, 1, 0)]
)
def test_what_rests_on_molecules_read_once_is_filtered(having):
    """As another library's that hopped over, where one in sixty is read once."""
    assert against(seen(having)) == "families"
    assert against(seen(having), max_family_p=0, max_lone_p=0) == "PASS"
    families = sum(having[1:])
    one = {"max_lone_p": 0} if families < 2 else {"max_family_p": 0}
    assert against(seen(having), **one) == "PASS"


@pytest.mark.parametrize(
    ("having", "spanning"),
    [
        ((0, 0, 0, 2), DEEP),
        ((0, 0, 1, 1), DEEP),
        ((1, 0, 1, 1), DEEP),
        ((2, 0, 1, 5), DEEP),
        ((1, 0, 1, 0), (21, 9, 5, 16)),  # a shallow library, where they are no rarity
        ((30, 0, 0, 0), (600, 0, 0, 0)),  # a BAM without families
        ((30, 0, 0, 0), (500, 60, 20, 0)),  # sequenced so thinly that most are read once
        ((2, 0, 0, 0), (12, 10, 20, 8)),  # as may well be by chance
    ],
)
def test_molecules_read_once_are_no_reason_by_themselves(having, spanning):
    assert against(seen(having, spanning)) == "PASS"


@pytest.mark.parametrize(
    ("away", "near", "filters"), [(0, 11, "ends"), (1, 11, "ends"), (6, 6, "PASS"), (12, 1, "PASS")]
)
def test_what_lies_mostly_near_ends_is_filtered(away, near, filters):
    """Beside a germline deletion 11 of 12 molecules ended there; the 12th was misread."""
    having, spanning = np.zeros((4, 2, 2), np.int64), np.zeros((4, 2, 2), np.int64)
    having[DUPLEX, 0] = (away + 1) // 2, (near + 1) // 2
    having[DUPLEX, 1] = away // 2, near // 2
    spanning[DUPLEX] = (310, 24)
    found = dataclasses.replace(seen((0, 0, 0, 2)), having=having, spanning=spanning)
    assert against(found) == filters


def test_the_chance_of_having_been_read_once():
    assert read_once(strata((3, 0, 0, 0)), strata((20, 0, 0, 80))) == pytest.approx(0.2**3)
    two_of_three = 3 * 0.2**2 * 0.8 + 0.2**3
    assert read_once(strata((2, 0, 0, 1)), strata((20, 0, 0, 80))) == pytest.approx(two_of_three)
    assert read_once(strata((0, 0, 0, 0)), strata(DEEP)) == 1


def test_a_normal_into_which_molecules_hopped_does_not_have_the_variant():
    """Two single molecules in a deep normal: the mutation is the tumour's."""
    tumour = seen((0, 0, 2, 6))
    hopped, own = InNormal(2, 1400, 1e-6, once=1e-4), InNormal(2, 1400, 1e-6)
    assert (against(tumour, hopped), origin(tumour, hopped)) == ("PASS", "tumour")
    assert (against(tumour, own), origin(tumour, own)) == ("normal", "chip")


@pytest.mark.parametrize(
    ("normal", "filter_", "label"),
    [
        (InNormal(700, 1400, 0.0), "normal", "germline"),
        (InNormal(30, 1400, 1e-30), "normal", "chip"),  # 2 % beside 10 %
        (InNormal(5, 1400, 1e-9), "PASS", "tumour"),  # 0.4 %: tumour in the normal
        (InNormal(1, 1400, 1e-4), "PASS", "tumour"),
        (InNormal(30, 1400, 0.01), "PASS", "tumour"),  # as errors do
        (InNormal(0, 10, 1.0), "PASS", "unknown"),  # too shallow to have shown it
        (InNormal(0, 0, 1.0), "PASS", "unknown"),
        (None, "PASS", "unknown"),
    ],
)
def test_filter_and_origin_agree_on_the_normal(normal, filter_, label):
    found = seen((2, 2, 36, 100))
    assert (against(found, normal), origin(found, normal)) == (filter_, label)


def test_one_molecule_of_a_shallow_normal_is_no_germline_variant():
    """One of four has it: that may be, of a somatic variant, a hop."""
    found = seen((0, 0, 10, 30))
    assert origin(found, InNormal(1, 4, 1e-5)) == "unknown"
    het = seen((10, 10, 160, 500))
    assert origin(het, InNormal(1, 4, 1e-5)) == origin(het, InNormal(1, 6, 1e-5)) == "germline"


@pytest.mark.parametrize(
    ("having", "total", "label"),
    [
        (28, 44, "germline"),  # 64 %, but 48 to 78
        (6, 20, "germline"),  # 30 %, 12 to 54
        (4, 20, "unknown"),  # under the floor
        (38, 40, "germline"),
        (34, 40, "germline"),  # 85 %, but 70 to 94
        (700, 1400, "germline"),
        (590, 1400, "germline"),
        (450, 1400, "unknown"),  # 32 %, 30 to 35: a tumour of high share
        (1100, 1400, "unknown"),
        (1300, 1400, "germline"),
    ],
)
def test_a_share_that_may_be_germline_without_a_normal(having, total, label):
    found = seen((0, 0, having, 0), (0, 0, total, 0))
    assert origin(found) == label
    assert origin(found, hotspot=True) == "unknown"
    assert origin(found, known=True) == "tumour"


def test_the_limit_is_that_of_the_evidence():
    assert against(seen((0, 0, 1, 1), p=2e-7)) == "PASS"
    assert against(seen((0, 0, 1, 1), p=4e-7)) == "p"
    assert against(seen((0, 0, 1, 1), p=4e-7, limit=3e-6)) == "PASS"
    assert against(seen((0, 0, 1, 0), q=0.02)) == "molecules;q"
