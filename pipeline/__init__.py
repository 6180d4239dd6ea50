"""The job: its options, its sources and sinks, and how it is run. ``python -m pipeline --help`` tells its options."""
