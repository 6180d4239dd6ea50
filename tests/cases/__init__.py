"""The mapping's contract as data: events, and exactly what each becomes.

The table tests run them, and ``docs/generate_mapping.py`` prints them, so that the documented examples are tested
ones.
"""
