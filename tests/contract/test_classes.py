"""Classes: their life, their methods, their parameters, and options given at the call."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import modal
import pytest


def service(app: modal.App, **options: Any) -> Any:
    @app.cls(serialized=True, **options)
    class Service:
        start: int = modal.parameter(default=10)

        @modal.enter()
        def enter(self) -> None:
            self.entered = self.start * 2

        @modal.method()
        def add(self, x: int) -> tuple[int, int]:
            return self.start + x, self.entered

        @modal.method()
        def upto(self, n: int) -> Iterator[int]:
            yield from range(self.start, n)

        @modal.method()
        def environment(self, *keys: str) -> dict[str, Any]:
            import os

            return {key: os.environ.get(key) for key in keys}

        @modal.exit()
        def leave(self) -> None:
            print("left", self.start)

    return Service


def test_methods_and_enter(app: modal.App) -> None:
    cls = service(app)
    with app.run():
        assert cls().add.remote(1) == (11, 20)
        assert list(cls().add.map([1, 2])) == [(11, 20), (12, 20)]
        assert cls().add.spawn(3).get() == (13, 20)


def test_parameters(app: modal.App) -> None:
    cls = service(app)
    with app.run():
        assert cls(start=5).add.remote(1) == (6, 10)
        assert list(cls(start=5).upto.remote_gen(8)) == [5, 6, 7]
        assert cls().add.remote(1) == (11, 20)


def test_exit_runs_when_the_app_ends(program: Any) -> None:
    program.write(
        "life.py",
        "import modal\napp = modal.App('life')\n"
        "@app.cls()\nclass Life:\n"
        "    @modal.enter()\n    def enter(self): print('entered')\n"
        "    @modal.method()\n    def work(self): return 'worked'\n"
        "    @modal.exit()\n    def leave(self): print('left at the end')\n"
        "@app.local_entrypoint()\ndef main(): print(Life().work.remote())\n",
    )
    said = program.modal("run", "life.py")
    assert said.index("entered") < said.index("worked") < said.index("left at the end")


def test_with_options_replaces_the_secrets(app: modal.App, secret: Callable[..., str]) -> None:
    first, second = secret(A="1", BOTH="first"), secret(B="2")
    cls = service(app, secrets=[modal.Secret.from_name(first)])
    with app.run():
        other = cls.with_options(secrets=[modal.Secret.from_name(second)])
        assert cls().environment.remote("A", "B", "BOTH") == {"A": "1", "B": None, "BOTH": "first"}
        assert other().environment.remote("A", "B", "BOTH") == {"A": None, "B": "2", "BOTH": None}


def test_with_options_of_scale_and_time(app: modal.App) -> None:
    cls = service(app)
    with app.run():
        assert cls.with_options(max_containers=1, timeout=5)().add.remote(1) == (11, 20)


@pytest.mark.since("1.4.3")
def test_with_options_of_a_function(app: modal.App, secret: Callable[..., str]) -> None:
    first, second = secret(A="1"), secret(B="2")

    @app.function(serialized=True, secrets=[modal.Secret.from_name(first)], timeout=60)
    def environment() -> tuple[Any, Any]:
        import os

        return os.environ.get("A"), os.environ.get("B")

    with app.run():
        assert environment.remote() == ("1", None)
        other = environment.with_options(secrets=[modal.Secret.from_name(second)])
        assert other.remote() == (None, "2")


def test_a_container_a_set_of_parameters(app: modal.App) -> None:
    """Instances with the same parameters share containers, those with others have their own."""

    @app.cls(serialized=True)
    class Counter:
        name: str = modal.parameter(default="")

        @modal.enter()
        def enter(self) -> None:
            self.count = 0

        @modal.method()
        def next(self) -> int:
            self.count += 1
            return self.count

    with app.run():
        assert [Counter(name="a").next.remote() for _ in range(3)] == [1, 2, 3]
        assert Counter(name="b").next.remote() == 1


def test_an_enter_that_fails(app: modal.App) -> None:
    @app.cls(serialized=True)
    class Broken:
        @modal.enter()
        def enter(self) -> None:
            raise LookupError("not at home")

        @modal.method()
        def work(self) -> None: ...

    with app.run(), pytest.raises(Exception, match="not at home"):
        Broken().work.remote()


async def test_async_methods(app: modal.App) -> None:
    @app.cls(serialized=True)
    class Service:
        @modal.enter()
        async def enter(self) -> None:
            self.ready = True

        @modal.method()
        async def is_ready(self) -> bool:
            return self.ready

    async with app.run():
        assert await Service().is_ready.remote.aio() is True


def test_local_instances(app: modal.App) -> None:
    assert service(app)().add.local(1) == (11, 20)


def test_the_lifetime_ends_politely(app: modal.App, tmp_path: Path) -> None:
    """Stopping an app waits for `@exit`, but not for ever."""
    cls = service(app)
    with app.run():
        cls().add.remote(1)
        left = time.monotonic()
    assert time.monotonic() - left < 10
