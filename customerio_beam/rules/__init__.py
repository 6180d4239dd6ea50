"""What may leave, for whom, and under which name: one reviewed file, applied to each event before the mapping.

Read in this order: ``model`` (the file's keys), ``document`` (YAML text to values with their places), ``load`` (the
checked file, or everything that is wrong with it), ``paths`` and ``globs`` (how the file names fields and events),
``compiled`` (the decision about an event), ``consent``, ``blocklist``, ``matching``, ``fields`` and ``hashing`` (its
parts), ``redaction`` (dead letters). Nothing here imports Beam.
"""
