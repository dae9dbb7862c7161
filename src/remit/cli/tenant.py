"""`remit tenant`: make tenants, and say who is in them."""

from __future__ import annotations

from remit.cli.circles import circle_group

tenant_group = circle_group("TENANT")
