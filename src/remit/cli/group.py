"""`remit group`: make groups, and say who is in them."""

from __future__ import annotations

from remit.cli.circles import circle_group

group_group = circle_group("GROUP")
