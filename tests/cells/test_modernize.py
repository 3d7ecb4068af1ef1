import ast
from textwrap import dedent

import pytest

from modal_secrets_magic.cells.modernize import modernize

#: What a tutorial says, and what it is today.
ROWS = {
    "modal.Secret('x')": "modal.Secret.from_name('x')",
    "modal.Stub('x')": "modal.App('x')",
    "import modal as m\ns = m.Secret('x')": "import modal as m\ns = m.Secret.from_name('x')",
    "from modal import Stub, Secret\nstub = Stub()\ns = Secret('x')": "from modal import App, Secret\nstub = App()\ns = Secret.from_name('x')",
    "modal.Secret.lookup('x')": "modal.Secret.from_name('x')",
    "modal.Function.lookup('a', 'f')": "modal.Function.from_name('a', 'f')",
    "modal.Secret.create_deployed('x', d)": "modal.Secret.objects.create('x', d)",
    "modal.Secret.from_name('x', required=False)": "modal.Secret.from_name('x')",
    "app = modal.App()\n@app.function(secret=s, timeout=3)\ndef f(): pass": "app = modal.App()\n@app.function(secrets=[s], timeout=3)\ndef f(): pass",
    "app = modal.App()\n@app.function(secret=[a, b])\ndef f(): pass": "app = modal.App()\n@app.function(secrets=[a, b])\ndef f(): pass",
    "app = modal.App()\nboth = [a, b]\n@app.function(secret=both)\ndef f(): pass": "app = modal.App()\nboth = [a, b]\n@app.function(secrets=both)\ndef f(): pass",
    "app = modal.App()\n@app.function(secrets='x')\ndef f(): pass": "app = modal.App()\n@app.function(secrets=[modal.Secret.from_name('x')])\ndef f(): pass",
    "app = modal.App()\n@app.function\ndef f(): pass": "app = modal.App()\n@app.function()\ndef f(): pass",
    "app = modal.App()\n@modal.function\ndef f(): pass": "app = modal.App()\n@app.function()\ndef f(): pass",
    "app = modal.App()\n@modal.async_function(secret=s)\nasync def f(): pass": "app = modal.App()\n@app.function(secrets=[s])\nasync def f(): pass",
    "app = modal.App()\n@app.function(keep_warm=1, concurrency_limit=2)\ndef f(): pass": "app = modal.App()\n@app.function(min_containers=1, max_containers=2)\ndef f(): pass",
    "@modal.web_endpoint(method='POST')\ndef f(): pass": "@modal.fastapi_endpoint(method='POST')\ndef f(): pass",
    "@modal.web_endpoint\ndef f(): pass": "@modal.fastapi_endpoint()\ndef f(): pass",
    "import modal\n@modal.function()\ndef f(): pass": "import modal\napp = modal.App()\n@app.function()\ndef f(): pass",
    "app = modal.App()\n@app.function()\ndef f(): pass\nwith app.run():\n    f(1)\nf(2)": "app = modal.App()\n@app.function()\ndef f(): pass\nwith app.run():\n    f.remote(1)\nf(2)",
    "app = modal.App()\n@app.function()\nasync def f(): pass\nasync with app.run():\n    await f(1)": "app = modal.App()\n@app.function()\nasync def f(): pass\nasync with app.run():\n    await f.remote.aio(1)",
    "app = modal.App()\n@app.function()\ndef f(): pass\nf.call(1)": "app = modal.App()\n@app.function()\ndef f(): pass\nf.remote(1)",
    "s = modal.Secret('x')\ndef f(): return s.mount()": "import os\ns = modal.Secret.from_name('x')\ndef f(): return os.environ[\"SECRETS_DIR\"]",
    "app = modal.App()\ns = modal.Secret('x')\nmount = s.mount()\n@app.function(mounts=[mount])\ndef f(): pass": "app = modal.App()\ns = modal.Secret.from_name('x')\nmount = s\n@app.function(secrets=[mount])\ndef f(): pass",
    "import os\nprint(os.environ)": "import os\nprint(sorted(os.environ))",
    "!modal login": "!modal setup",
    "%time x = 1\n!pip install {name}\nmodal.Stub()": "%time x = 1\n!pip install {name}\nmodal.App()",
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), ROWS.items())
def test_a_row_of_the_table(before: str, after: str) -> None:
    changed = modernize(before)
    assert changed.source == after
    assert modernize(after).source == after  # today's code is left alone


def test_formatting_is_kept() -> None:
    source = dedent("""\
        import modal   # the client

        s = modal.Secret( "x" )  # a secret
        app = modal.Stub()


        @app.function(
            secret = s,   # one
            timeout=3,
        )
        def f( x ):
            return  x
    """)
    assert modernize(source).source == dedent("""\
        import modal   # the client

        s = modal.Secret.from_name( "x" )  # a secret
        app = modal.App()


        @app.function(
            secrets = [s],   # one
            timeout=3,
        )
        def f( x ):
            return  x
    """)


def test_apps_and_secrets_of_other_cells() -> None:
    source = "@modal.function(secret=s)\ndef f(): return s.mount()"
    changed = modernize(source, apps=["mine"], secrets=["s"])
    assert "@mine.function(secrets=[s])" in changed.source
    assert changed.needs_files


@pytest.mark.parametrize(
    "source", ["def f(:\n", "", "x = 1\n", "%%time\nx", "print('modal.Secret(1)')"]
)
def test_other_code_is_left_alone(source: str) -> None:
    changed = modernize(source)
    assert changed.source == source
    assert changed.shown() == "Nothing in this cell is outdated."


def test_what_shows_too_much_is_remarked_on() -> None:
    changed = modernize("import os\nprint(os.environ)\nprint(api_key[:4] + '****')")
    assert any("%modal_secret env" in each for each in changed.remarks)
    assert any("--reveal 4" in each for each in changed.remarks)
    ast.parse(changed.source)
