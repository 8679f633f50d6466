"""A run harms nothing that was there: not when it fails, is killed, or is sent where it does not belong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from childatlas.atlas.swap import check_target, swapped_in
from childatlas.errors import StudyError

MANIFEST = json.dumps({"made_by": "childatlas", "run_id": "0123456789ab"})


def atlas_at(folder: Path, text: str = "old") -> Path:
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(MANIFEST, encoding="utf-8")
    (folder / "index.html").write_text(text, encoding="utf-8")
    return folder


def write(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(MANIFEST, encoding="utf-8")
    (folder / "index.html").write_text(text, encoding="utf-8")


def fail_while_writing(folder: Path) -> None:
    with swapped_in(folder) as fresh:
        write(fresh, "new")
        raise ZeroDivisionError


def fill_while_writing(folder: Path) -> None:
    with swapped_in(folder) as fresh:
        write(fresh, "new")
        folder.mkdir()
        (folder / "precious").touch()


def test_a_new_atlas_takes_the_place_of_the_old(tmp_path: Path) -> None:
    old = atlas_at(tmp_path / "atlas")
    (old / "stale.txt").touch()
    with swapped_in(old) as fresh:
        assert fresh.parent == old.parent
        assert (old / "index.html").read_text() == "old"
        write(fresh, "new")
    assert (old / "index.html").read_text() == "new"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["atlas"]
    assert not (old / "stale.txt").exists()


def test_a_failed_run_leaves_the_old_atlas_whole(tmp_path: Path) -> None:
    old = atlas_at(tmp_path / "atlas")
    with pytest.raises(ZeroDivisionError):
        fail_while_writing(old)
    assert (old / "index.html").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["atlas"]


def test_a_killed_run_leaves_the_old_atlas_whole_and_the_next_clears_up(tmp_path: Path) -> None:
    old = atlas_at(tmp_path / "atlas")
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from childatlas.atlas.swap import swapped_in\n"
        "with swapped_in(Path(sys.argv[1])) as fresh:\n"
        "    (fresh / 'half').touch()\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(old)], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
        os.kill(run.pid, signal.SIGKILL)
    assert (old / "index.html").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2
    with swapped_in(old) as fresh:
        write(fresh, "new")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["atlas"]
    assert (old / "index.html").read_text() == "new"


def test_a_swap_cut_between_its_two_steps_is_mended(tmp_path: Path) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    moved = atlas_at(tmp_path / f".atlas.old-{int(dead.stdout)}")
    with pytest.raises(ZeroDivisionError), swapped_in(tmp_path / "atlas"):
        _ = 1 / 0
    assert not moved.exists()
    assert (tmp_path / "atlas" / "index.html").read_text() == "old"


@pytest.mark.parametrize("content", ["{}", "not json", '{"run_id": "x"}', '["made_by"]'])
def test_a_folder_that_is_no_atlas_is_never_deleted(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "manifest.json").write_text(content, encoding="utf-8")
    (folder / "chapter.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(StudyError, match="never deleted") as error, swapped_in(folder):
        pass
    assert error.value.exit_code == 2
    assert (folder / "chapter.txt").read_text() == "years of work"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["thesis"]


def test_a_file_in_the_way_is_refused_and_an_empty_folder_is_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(StudyError, match="never deleted"):
        check_target(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    with swapped_in(tmp_path / "empty") as fresh:
        write(fresh, "new")
    assert (tmp_path / "empty" / "index.html").read_text() == "new"


def test_what_came_into_the_way_during_the_run_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "atlas"
    with pytest.raises(StudyError, match="never deleted"):
        fill_while_writing(target)
    assert (target / "precious").exists()
