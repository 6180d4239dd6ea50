"""What events and operations are like: counts, times, people, attributes, dead letters. No Beam.

Each profile has bounded memory, whatever the events hold. Profiles of parts of the input are merged: ``merge`` adds
another one to it, and ``encode`` and ``decode`` carry it from worker to worker.
"""
