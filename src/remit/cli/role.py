"""`remit role`: make roles, and say who is in them."""

from __future__ import annotations

from remit.cli.circles import circle_group

role_group = circle_group("ROLE")
