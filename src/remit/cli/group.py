"""`remit group`: groups and who is in them."""

from remit.cli.circles import circle_group

group_group = circle_group("GROUP")
