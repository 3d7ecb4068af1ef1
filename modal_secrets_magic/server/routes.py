"""The routes by which a page looks at secrets, changes them, and scans notebooks; no kernel is
needed, and no answer holds a value.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import ensure_async, url_path_join
from tornado.web import authenticated

from ..errors import InvalidOption
from ..fields import is_text, is_texts, is_texts_by_name
from ..scan import scan_notebook
from .catalogs import Catalogs
from .save_guard import AS_CONFIGURED, MODES, SaveGuard
from .translate import Handler

#: Where all of them are, below the server's own base.
PREFIX = "modal-secrets"


class _CatalogHandler(Handler):
    def initialize(self, catalogs: Catalogs) -> None:
        self.catalogs = catalogs

    @property
    def place(self) -> tuple[str, str]:
        """The workspace and the environment that are asked about; empty for the default."""
        return self.get_query_argument("workspace", ""), self.get_query_argument("environment", "")


class Workspaces(_CatalogHandler):
    """`GET workspaces`: what there is to choose from."""

    @authenticated
    @authorized
    async def get(self) -> None:
        self.finish(json.dumps(await self.work(self.catalogs.workspaces)))


class Secrets(_CatalogHandler):
    """`GET secrets`: names, keys and times; `POST secrets`: a new one."""

    @authenticated
    @authorized
    async def get(self) -> None:
        # Tornado answers 304 where the page has just this already.
        self.finish(json.dumps(await self.work(self.catalogs.list, *self.place)))

    @authenticated
    @authorized
    async def post(self) -> None:
        given = self.body({"name": is_text, "values": is_texts_by_name})
        made = await self.work(self.catalogs.create, *self.place, given["name"], given["values"])
        self.set_status(201)
        self.finish(json.dumps(made))


class Secret(_CatalogHandler):
    """`PATCH secrets/NAME`: add, replace or remove keys; `DELETE secrets/NAME`."""

    @authenticated
    @authorized
    async def patch(self, name: str) -> None:
        given = self.body({"values": is_texts_by_name, "removed": is_texts})
        made = await self.work(
            self.catalogs.update, *self.place, name, given["values"], given["removed"]
        )
        self.finish(json.dumps(made))

    @authenticated
    @authorized
    async def delete(self, name: str) -> None:
        await self.work(self.catalogs.delete, *self.place, name)
        self.set_status(204)
        self.finish()


class Scan(Handler):
    """`POST scan`: what a notebook as it is on disk holds, which stays as it is."""

    @authenticated
    @authorized
    async def post(self) -> None:
        path = self.body({"path": is_text})["path"]
        contents: Any = self.contents_manager
        model = await ensure_async(contents.get(path, content=True, type="notebook"))
        findings, silent = await self.work(_scan, model["content"])
        self.finish(json.dumps({"findings": [asdict(each) for each in findings], "silent": silent}))


def _scan(notebook: Any) -> Any:
    return scan_notebook(notebook, change=False)


class _GuardHandler(Handler):
    def initialize(self, guard: SaveGuard) -> None:
        self.guard = guard


class Saved(_GuardHandler):
    """`GET saved?path=`: what the last save of a notebook found, and whether it was refused."""

    @authenticated
    @authorized
    async def get(self) -> None:
        saved = self.guard.report(self.get_query_argument("path"))
        self.finish(
            json.dumps(
                {
                    "findings": [asdict(each) for each in saved.findings],
                    "refused": saved.refused,
                    "advice": self.guard.advice,
                }
            )
        )


class Mode(_GuardHandler):
    """`GET` and `PUT save-guard`: what happens when a notebook with a value in it is saved."""

    @authenticated
    @authorized
    async def get(self) -> None:
        self._tell()

    @authenticated
    @authorized
    async def put(self) -> None:
        mode = self.body({"mode": is_text})["mode"]
        if mode not in (modes := (*MODES, AS_CONFIGURED)):
            raise InvalidOption(f"The save guard has no such mode. It has {', '.join(modes)}.")
        self.guard.choose(mode)
        self._tell()

    def _tell(self) -> None:
        self.finish(json.dumps({"mode": self.guard.mode, "fixed": self.guard.is_fixed}))


def routes(base: str, catalogs: Catalogs, guard: SaveGuard) -> list[Any]:
    """Return the routes as Tornado takes them."""
    served: list[tuple[str, type[Handler], dict[str, Any]]] = [
        ("workspaces", Workspaces, {"catalogs": catalogs}),
        ("secrets", Secrets, {"catalogs": catalogs}),
        (r"secrets/([^/]+)", Secret, {"catalogs": catalogs}),
        ("saved", Saved, {"guard": guard}),
        ("save-guard", Mode, {"guard": guard}),
        ("scan", Scan, {}),
    ]
    return [(url_path_join(base, PREFIX, path), *rest) for path, *rest in served]
