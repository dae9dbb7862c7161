"""Dates, times and durations as FEEL has them: any year up to nine digits, nanoseconds, zones.

`values` has the five types, `reading` makes them of texts, `arithmetic` computes with them,
`python` leads to and from the standard library's types.
"""
