"""Sphinx configuration: HTML with furo, man pages from the same sources; every warning is an error."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "edgecert"
author = "the edgecert authors"
copyright = "the edgecert authors, Apache-2.0"
release = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
version = release

extensions = ["myst_parser", "fromcode", "policytables"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
# Broken cross-references are warnings, and warnings are errors.
nitpicky = True
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
suppress_warnings = ["misc.highlighting_failure"]  # code in a language that Pygments does not know is shown as it is

html_theme = "furo"
html_title = f"edgecert {release}"
html_show_sphinx = False
html_copy_source = False

# (page, name, one line, section): a page becomes a man page once it is written.
MAN_PAGES = [
    ("index", "edgecert-docs", "documentation of edgecert and its gateway", 7),
    ("reference/edgecert", "edgecert", "plan, issue, deploy and renew an edge certificate", 1),
    ("reference/edgecert-gateway", "edgecert-gateway", "federation gateway for XMPP partners", 8),
    ("reference/gateway-toml", "edgecert-gateway.toml", "configuration of edgecert-gateway", 5),
    ("reference/partners", "edgecert-partners", "partners, policy and contacts of edgecert-gateway", 7),
    ("reference/flags-file", "edgecert.toml", "flags file of edgecert", 5),
]
man_pages = [
    (page, name, line, [author], section) for page, name, line, section in MAN_PAGES if (HERE / f"{page}.md").exists()
]
man_make_section_directory = True
