"""Lines of Dockerfiles, read: what is honoured, what is named, what cannot be read."""

import pytest

from modal_secrets_magic.errors import UnreadableImage
from modal_secrets_magic.workspace.image_steps import Layer, read_layer

SLIM = [
    "FROM python:3.11.10-slim-bookworm",
    "RUN apt-get update",
    "RUN apt-get install -y gcc gfortran build-essential",
    "RUN pip install --upgrade pip wheel uv",
    "RUN echo 'debconf debconf/frontend select Noninteractive' | debconf-set-selections",
    'CMD ["sleep", "172800"]',
]


def test_the_plain_image_changes_nothing() -> None:
    assert read_layer(SLIM, {}) == Layer()


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("RUN python -m pip install numpy 'pandas<3'", ["numpy", "pandas<3"]),
        ("RUN pip install numpy --pre", ["numpy", "--prerelease=allow"]),
        (
            "RUN python3.11 -m pip install numpy -f /wheels -i https://index.example/simple",
            ["numpy", "--find-links", "/wheels", "--index-url", "https://index.example/simple"],
        ),
        (
            "RUN /.uv/uv pip install --python $(command -v python) --compile-bytecode numpy",
            ["numpy"],
        ),
        ("RUN pip install -U --no-cache-dir numpy", ["numpy"]),
        (
            "RUN python -m pip install -r /.requirements.txt",
            ["-r", "/.requirements.txt"],
        ),
    ],
)
def test_packages(line: str, arguments: list[str]) -> None:
    assert read_layer(["FROM base", line], {}) == Layer(installs=[arguments])


@pytest.mark.parametrize(
    ("lines", "environment"),
    [
        (["ENV A=1"], {"A": "1"}),
        (["ENV A='two words' B=\"3\""], {"A": "two words", "B": "3"}),
        (["ENV A one two"], {"A": "one two"}),
        (["ENV PATH=/own/bin:$PATH"], {"PATH": "/own/bin:/base/bin"}),
        (["ENV A=1", "ENV B=${A}2"], {"A": "1", "B": "12"}),
        (["ENV A=$NOTHING"], {"A": ""}),
    ],
)
def test_environment(lines: list[str], environment: dict[str, str]) -> None:
    assert read_layer(lines, {"PATH": "/base/bin"}).environment == environment


def test_the_working_directory_and_copied_files() -> None:
    layer = read_layer(["FROM base", "WORKDIR /srv/app", "COPY . /"], {})
    assert layer == Layer(workdir="/srv/app", copies=["/"])


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("FROM nvidia/cuda:12", "the registry image nvidia/cuda:12"),
        ("RUN apt-get install -y ffmpeg git", "apt_install(ffmpeg, git)"),
        ("RUN make -j8", "run_commands(make -j8)"),
        ("RUN curl " + "x" * 80, f"run_commands(curl {'x' * 52}…)"),
        ("USER nobody", "the Dockerfile line USER nobody"),
        ("COPY one two", "the Dockerfile line COPY one two"),
    ],
)
def test_what_is_not_applied_is_named(line: str, named: str) -> None:
    assert read_layer(["FROM base", line], {}).not_applied == [named]


def test_lines_that_go_on() -> None:
    layer = read_layer(["RUN pip install \\\n  numpy \\\n  pandas", "# a comment", ""], {})
    assert layer == Layer(installs=[["numpy", "pandas"]])


def test_a_line_that_cannot_be_read_is_quoted() -> None:
    with pytest.raises(UnreadableImage, match="line A='never closed cannot be read"):
        read_layer(["ENV A='never closed"], {})
