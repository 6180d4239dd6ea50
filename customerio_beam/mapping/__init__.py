"""The heart of the product: analytics events to Customer.io operations, as pure functions on plain values.

Read in this order: ``event`` and ``reading`` (text to events), ``places`` (where fields are), ``person`` (whom an
event is about), ``calls`` and ``special_events`` (what it becomes), ``attributes`` and ``dates`` (values), ``limits``
(sizes), ``mapper`` (all of it together). Nothing here imports Beam.
"""
