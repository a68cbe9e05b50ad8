"""Screens do not move by themselves under test."""

from __future__ import annotations

import os

os.environ["TEXTUAL_ANIMATIONS"] = "none"
