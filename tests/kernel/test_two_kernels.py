"""Two notebooks, one workspace."""

import pytest

from ..notebooks import NotebookRunner

pytestmark = pytest.mark.kernel

#: Both kernels run at once, each inside the other's cell.
OTHER = """
import subprocess, sys
from jupyter_client.manager import start_new_kernel
manager, other = start_new_kernel()
def there(code):
    reply = other.execute_interactive(code, timeout=60, output_hook=lambda message: shown.append(message))
    assert reply["content"]["status"] == "ok", reply["content"]
shown = []
there("%load_ext modal_secrets_magic")
there("import os; os.environ['KEY'] = 'from-the-other-one'")
"""


def test_both_see_what_either_changes(unmasked: NotebookRunner) -> None:
    outputs = unmasked.run(
        OTHER,
        "import os; os.environ['KEY'] = 'from-this-one'",
        "%modal_secret create shared --from-env KEY",
        """
        %%modal_secret shared
        def read():
            import os
            return os.environ["KEY"], os.environ.get("MORE")
        read.remote()
        """,
        "there(\"os.environ['MORE'] = 'more'\")\nthere('%modal_secret update shared --from-env KEY MORE')",
        "%modal_secret stop\nread.remote()",
        "%modal_secret list",
        # Both write at once, again and again: no lock error, and the last value stays whole.
        """
        import threading
        ours = [threading.Thread(target=there, args=(
            "for n in range(40): get_ipython().run_line_magic('modal_secret', 'update shared --from-env KEY')",))]
        ours[0].start()
        for n in range(40):
            get_ipython().run_line_magic("modal_secret", "update shared --from-env KEY")
        ours[0].join()
        %modal_secret stop
        print(read.remote()[0] in {"from-this-one", "from-the-other-one"})
        """,
        "other.stop_channels(); manager.shutdown_kernel(now=True); read.remote()[1]",
    )
    assert outputs[3].text == "('from-this-one', None)"
    assert outputs[5].text == "('from-the-other-one', 'more')"
    assert "KEY  MORE" in outputs[6].text
    assert outputs[7].stdout.endswith("True\n")
    assert outputs[8].text == "'more'"
