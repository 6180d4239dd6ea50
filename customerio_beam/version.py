"""The version of this package, in one place: setup.py, requests to Customer.io and ``--version`` read it here."""

__all__ = ["__version__"]

__version__ = "0.2.0"
