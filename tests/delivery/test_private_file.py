import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from hamcrest import assert_that, contains_exactly, contains_string, equal_to, is_

from customerio_beam.delivery.errors import PrivateFolderError
from customerio_beam.delivery.private_file import PrivateFile, private_folder


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "private"


def contents(file):
    seen = []

    def keep(text):
        seen.append(text)
        return text

    assert_that(file.update(keep), is_(True))
    return seen[0]


def test_what_one_wrote_another_reads(folder):
    PrivateFile(folder, "numbers").update(lambda text: b"first")
    assert_that(contents(PrivateFile(folder, "numbers")), equal_to(b"first"))


def test_a_new_file_is_empty(folder):
    assert_that(contents(PrivateFile(folder, "numbers")), equal_to(b""))


def test_folder_and_file_are_the_users_alone(folder):
    PrivateFile(folder, "numbers").update(lambda text: b"first")
    modes = [path.stat().st_mode & 0o777 for path in (folder, folder / "numbers")]
    assert_that(modes, contains_exactly(0o700, 0o600))


def test_each_user_has_a_folder(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    assert_that(private_folder().name, equal_to("customerio-beam-1234"))


def others_folder(folder):
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, 65534)


def open_folder(folder):
    folder.mkdir()
    folder.chmod(0o755)


def link_to_folder(folder):
    elsewhere = folder.with_name("elsewhere")
    elsewhere.mkdir(mode=0o700)
    folder.symlink_to(elsewhere)


def plain_file(folder):
    folder.write_bytes(b"")


@pytest.mark.parametrize("make", [others_folder, open_folder, link_to_folder, plain_file])
def test_a_folder_that_is_not_private_is_refused_by_name(folder, make):
    if make is others_folder and os.geteuid() != 0:
        pytest.skip("only root can give a folder to another user")
    make(folder)
    with pytest.raises(PrivateFolderError, match=f"{folder}.*set TMPDIR"):
        PrivateFile(folder, "numbers").update(lambda text: b"first")


def test_a_link_in_the_folder_is_not_followed(folder):
    folder.mkdir(mode=0o700)
    target = folder.with_name("target")
    target.write_bytes(b"precious")
    (folder / "numbers").symlink_to(target)
    with pytest.raises(PrivateFolderError, match="can't be used"):
        PrivateFile(folder, "numbers").update(lambda text: b"first")
    assert_that(target.read_bytes(), equal_to(b"precious"))


@pytest.mark.parametrize("make", [os.mkfifo, pathlib.Path.mkdir])
def test_nothing_but_a_plain_file_is_used(folder, make):
    folder.mkdir(mode=0o700)
    make(folder / "numbers")
    with pytest.raises(PrivateFolderError, match=r"can't be used|not a plain file"):
        PrivateFile(folder, "numbers").update(lambda text: b"first")


def test_a_shorter_text_replaces_a_longer_one(folder):
    file = PrivateFile(folder, "numbers")
    file.update(lambda text: b"first")
    file.update(lambda text: b"2nd")
    assert_that(contents(file), equal_to(b"2nd"))


def test_a_folder_that_can_not_be_made_is_told(tmp_path):
    with pytest.raises(PrivateFolderError, match="No such file or directory"):
        PrivateFile(tmp_path / "missing" / "private", "numbers").update(lambda text: b"first")


def test_a_name_with_control_characters_is_shown_as_escapes(tmp_path):
    folder = tmp_path / "a\x1b[2J"
    folder.write_bytes(b"")
    with pytest.raises(PrivateFolderError) as caught:
        PrivateFile(folder, "numbers").update(lambda text: b"first")
    assert_that(str(caught.value), contains_string("a\\x1b[2J"))


def test_while_one_writes_another_is_told_to_come_back(folder):
    file = PrivateFile(folder, "numbers")
    outcomes = []

    def change(text):
        outcomes.append(PrivateFile(folder, "numbers").update(lambda text: b"second"))
        return b"first"

    outcomes.append(file.update(change))
    assert_that((outcomes, contents(file)), contains_exactly([False, True], b"first"))


def test_an_error_leaves_neither_a_lock_nor_a_change(folder):
    file = PrivateFile(folder, "numbers")

    def fail(text):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        file.update(fail)
    assert_that(contents(file), equal_to(b""))


HOLD = """
import pathlib, sys, time
from customerio_beam.delivery.private_file import PrivateFile

def hold(text):
    print("held", flush=True)
    time.sleep(60)
    return b"never"

PrivateFile(pathlib.Path(sys.argv[1]), "numbers").update(hold)
"""


def test_a_process_that_is_killed_with_the_lock_leaves_it_free(folder):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert_that(process.stdout.readline(), equal_to("held\n"))
    file = PrivateFile(folder, "numbers")
    before = file.update(lambda text: b"too early")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert_that((before, file.update(lambda text: b"first")), contains_exactly(False, True))


def test_a_process_that_was_forked_meanwhile_does_not_hold_the_lock(folder):
    file = PrivateFile(folder, "numbers")
    reading, writing = os.pipe()
    child = []

    def fork(text):
        child.append(os.fork())
        if child[0] == 0:
            os.close(writing)
            os.read(reading, 1)  # lives on with a copy of the file's descriptor until the test is over
            os._exit(0)
        return b"first"

    file.update(fork)
    os.close(reading)
    free = file.update(lambda text: b"second")
    os.close(writing)
    os.waitpid(child[0], 0)
    assert_that(free, is_(True))


def test_a_file_that_was_removed_is_made_again(folder):
    file = PrivateFile(folder, "numbers")
    file.update(lambda text: b"first")
    (folder / "numbers").unlink()
    folder.rmdir()
    assert_that(contents(file), equal_to(b""))


def test_files_that_nobody_has_used_for_a_day_are_removed_with_the_next_new_one(folder):
    for name, age in (("old", 90_000), ("recent", 80_000)):
        PrivateFile(folder, name).update(lambda text: b"first")
        os.utime(folder / name, (time.time() - age,) * 2)
    PrivateFile(folder, "new").update(lambda text: b"first")
    assert_that(sorted(path.name for path in folder.iterdir()), contains_exactly("new", "recent"))
