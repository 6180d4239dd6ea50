"""Delivery to Customer.io's Track API, as plain Python: requests, answers, retries, rate, credentials.

Nothing here imports Beam.
"""
