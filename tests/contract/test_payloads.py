"""Large things on their way in and out."""

import os
from collections.abc import Iterator
from typing import Any

import modal
import pytest


def test_10_mb_each_way(app: modal.App) -> None:
    @app.function(serialized=True)
    def echo(data: Any) -> Any:
        return data

    data = os.urandom(10 * 1024 * 1024)
    with app.run():
        assert echo.remote(data) == data
        assert list(echo.map([data, b"small"])) == [data, b"small"]
        assert echo.spawn(data).get() == data


def test_3_mb_items_of_a_generator(app: modal.App) -> None:
    @app.function(serialized=True)
    def items(n: int) -> Iterator[bytes]:
        for number in range(n):
            yield bytes([number]) * (3 * 1024 * 1024)

    with app.run():
        for number, item in enumerate(items.remote_gen(4)):
            assert item == bytes([number]) * (3 * 1024 * 1024)
        assert number == 3


def test_a_large_function(app: modal.App) -> None:
    captured = os.urandom(6 * 1024 * 1024)

    @app.function(serialized=True)
    def size() -> int:
        return len(captured)

    with pytest.warns(UserWarning, match="larger than the recommended limit"), app.run():
        assert size.remote() == len(captured)
