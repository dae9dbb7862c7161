"""`remit tenant`: tenants and who is in them."""

from remit.cli.circles import circle_group

tenant_group = circle_group("TENANT")
