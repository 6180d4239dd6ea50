"""Transforms for Beam YAML pipelines. ``providers.yaml`` beside this file gives them to a pipeline by name."""

from customerio_beam.beam_yaml.transforms import MapToCustomerIO, ParseCustomerIOEvents, SendToCustomerIO

__all__ = ["MapToCustomerIO", "ParseCustomerIOEvents", "SendToCustomerIO"]
