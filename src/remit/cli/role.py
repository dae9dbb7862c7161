"""`remit role`: roles and who is in them."""

from remit.cli.circles import circle_group

role_group = circle_group("ROLE")
