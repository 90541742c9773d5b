"""What a rule's log holds."""

import errno
import logging
import os
import sys
import warnings

import pytest

from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.logs import log_to


def test_all_that_is_said_goes_to_the_log(tmp_path):
    log = tmp_path / "logs" / "step.log"
    with log_to(log):
        print("printed")
        print("on stderr", file=sys.stderr)
        os.write(2, b"from a C library\n")
        logging.getLogger("liquidbiopsy").info("logged")
        warnings.warn("warned", stacklevel=1)
    said = log.read_text()
    for words in ("printed", "on stderr", "from a C library", "logged", "warned"):
        assert words in said


def test_stderr_and_logging_are_restored(tmp_path, capfd):
    handlers = list(logging.getLogger().handlers)
    with log_to(tmp_path / "step.log"):
        pass
    os.write(2, b"after\n")
    assert "after" in capfd.readouterr().err
    assert logging.getLogger().handlers == handlers


def test_a_user_error_is_its_message_alone(tmp_path):
    with pytest.raises(SystemExit) as stopped, log_to(tmp_path / "step.log"):
        raise UserError("slide.tif: not a TIFF (send it again)")
    assert stopped.value.code == 1
    assert (tmp_path / "step.log").read_text() == "slide.tif: not a TIFF (send it again)\n"


def test_an_unexpected_error_keeps_its_traceback(tmp_path):
    with pytest.raises(SystemExit), log_to(tmp_path / "step.log"):
        raise ZeroDivisionError("oh")
    said = (tmp_path / "step.log").read_text()
    assert "Traceback" in said and "ZeroDivisionError: oh" in said


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_is_no_error_of_the_program(tmp_path, number):
    with pytest.raises(SystemExit) as stopped, log_to(tmp_path / "step.log"):
        raise OSError(number, os.strerror(number), "results/cells.parquet")
    said = (tmp_path / "step.log").read_text()
    assert stopped.value.code == 1 and "Traceback" not in said
    assert os.strerror(number) in said and "make room where the results go" in said


def test_another_error_of_the_system_keeps_its_traceback(tmp_path):
    with pytest.raises(SystemExit), log_to(tmp_path / "step.log"):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    assert "Traceback" in (tmp_path / "step.log").read_text()
