"""Routes analytics events (Segment spec) to Customer.io, in Apache Beam pipelines."""
