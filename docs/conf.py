"""How Sphinx makes the site; `python -m docs` calls it."""

from __future__ import annotations

import modal_secrets_magic

project = "modal_secrets_magic"
version = release = modal_secrets_magic.__version__
copyright = "The modal_secrets_magic developers"  # noqa: A001 - Sphinx's name

extensions = ["myst_nb", "sphinx.ext.autodoc"]
nitpicky = True
# What annotations of the Python API name, and no page describes.
nitpick_ignore_regex = [("py:.*", ".*")]

# The notebooks have been executed; the examples in pages are, now.
nb_execution_mode = "force"
nb_execution_excludepatterns = ["notebooks/*"]
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_execution_timeout = 120
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "attrs_inline"]
myst_heading_anchors = 3
# A notebook's widgets are shown as the tables that stand beside them.
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]

# In docstrings, `name` is code.
default_role = "code"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_title = f"modal_secrets_magic {version}"
html_show_sourcelink = False
html_domain_indices = False
html_copy_source = False
