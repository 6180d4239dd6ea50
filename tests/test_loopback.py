import pytest
from hamcrest import assert_that, equal_to

from customerio_beam.loopback import is_loopback


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "[::1]"])
def test_this_machine(host):
    assert_that(is_loopback(host), equal_to(True))


@pytest.mark.parametrize(
    "host",
    ["", "0.0.0.0", "::", "10.0.0.1", "localhost.example.com", "127.0.0.1.example.com", "example.com", "127.1", "[127"],
)
def test_any_other(host):
    assert_that(is_loopback(host), equal_to(False))
