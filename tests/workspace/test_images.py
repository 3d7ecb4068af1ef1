"""What is kept of images between two runs of the workspace; building is in tests/contract."""

import os
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from modal_secrets_magic.workspace.images import OVERLAY_KEPT, Image, Images
from modal_secrets_magic.workspace.mounted_files import MountedFiles


def images_in(folder: Path) -> Images:
    def background(work: Coroutine[Any, Any, None]) -> None:
        work.close()

    return Images(folder, background)


def test_packages_nobody_uses_go_and_half_made_ones_too(tmp_path: Path) -> None:
    for name, age in (("fresh", 0), ("old", 2), ("deployed", 2), ("half.part", 0)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age * OVERLAY_KEPT,) * 2)
    images = images_in(tmp_path)
    images.add(Image("im-1", site=str(tmp_path / "deployed")))
    images.start()
    assert {path.name for path in tmp_path.iterdir()} == {"fresh", "deployed"}


def test_an_image_survives_being_written_down() -> None:
    image = Image("im-1", {"A": "1"}, "/srv", "/packages", {"/data": "abc"}, ("apt_install(x)",))
    assert Image.from_json(image.to_json()) == image


def test_files_of_the_last_run_go_unless_something_deployed_needs_them(tmp_path: Path) -> None:
    files = MountedFiles(tmp_path)
    files.start(())
    kept, gone = files.put(b"kept"), files.put(b"gone")
    MountedFiles(tmp_path).start({kept})
    assert files.has(kept)
    assert not files.has(gone)


def test_a_mount_is_known_by_its_files_and_leads_out_of_nowhere(tmp_path: Path) -> None:
    files = MountedFiles(tmp_path)
    files.start(())
    sha = files.put(b"content")
    paths = {"/data/one": sha, "/data/../../etc/passwd": sha, "relative": sha, "/missing": "0" * 64}
    mount_id, digest = files.create_mount(paths)
    assert files.create_mount(paths) == (mount_id, digest)
    assert files.of_mount(mount_id) == {"/data/one": sha}
    assert files.of_mount("mo-unknown") == {}
    copied = tmp_path / "source"
    copied.write_bytes(b"content")
    assert files.put_file(copied) == sha
