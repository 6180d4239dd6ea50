"""One attempt against servers that are slow, endless, malformed or elsewhere: it always ends, in time and in memory."""

import gzip
import itertools
import resource
import socket
import threading
import time

import pytest
from hamcrest import assert_that, contains_string, empty, equal_to, has_length, is_, less_than, none
from hypothesis import example, given, settings
from hypothesis import strategies as st

from customerio_beam.delivery.answers import Answer, read_answer
from customerio_beam.delivery.cancellation import Cancellation, cancel_all
from customerio_beam.delivery.client import HttpRequest, TrackClient, proxy_of
from customerio_beam.delivery.credentials import Credentials
from customerio_beam.delivery.retry import retry_after_secs
from tests.delivery.certificates import self_signed
from tests.delivery.raw_server import raw_server, sending
from tests.helpers.fake_customerio import fake_customerio

KEY = Credentials("site", "hush-hush")
REQUEST = HttpRequest("POST", "/api/v2/batch", b'{"batch":[]}')
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def attempt():
    """Make one attempt at a server that behaves as told; returns the answer and the seconds that it took."""

    def run(behave, *, attempt_timeout_secs=0.5, cancelled=None):
        with raw_server(behave) as server:
            client = client_of(server.url, attempt_timeout_secs, cancelled)
            began = time.monotonic()
            answer = client.attempt(REQUEST, KEY)
            client.close()
            return answer, time.monotonic() - began

    return run


def client_of(url, attempt_timeout_secs=5.0, cancelled=None):
    return TrackClient(url, connect_timeout_secs=2, attempt_timeout_secs=attempt_timeout_secs, cancelled=cancelled)


def test_a_response_is_returned_as_it_is(attempt):
    head = b"HTTP/1.1 503 No\r\nRetry-After: 7\r\nLocation: /x\r\nContent-Length: 4\r\n\r\n"
    answer, _ = attempt(sending(head + b"wait"))
    assert_that(answer, equal_to(Answer(503, b"wait", retry_after="7", location="/x")))


def test_a_connection_is_kept_for_the_next_request():
    with raw_server(lambda connection: None) as server:
        server.behave = keep_answering
        client = client_of(server.url)
        answers = [client.attempt(REQUEST, KEY).status for _ in range(3)]
        client.close()
    assert_that((answers, server.connections), equal_to(([200, 200, 200], 1)))


def keep_answering(connection):
    connection.sendall(OK)
    received = b""
    while more := connection.recv(65_536):
        received += more
        if received.endswith(REQUEST.body):  # head and body may arrive one after the other
            connection.sendall(OK)
            received = b""


# Endless and slow

endless = itertools.repeat


def dripping(text):
    """Send a byte every 20 ms, so that no single read takes long."""

    def behave(connection):
        for byte in text:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)

    return behave


def flooding(head, chunk):
    def behave(connection):
        connection.sendall(head)
        for part in endless(chunk):
            connection.sendall(part)

    return behave


def silent(connection):
    connection.recv(1)


@pytest.mark.parametrize(
    "behave",
    [
        pytest.param(silent, id="nothing"),
        pytest.param(dripping(b"H" * 1000), id="status line byte by byte"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000), id="headers byte by byte"),
        pytest.param(
            dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b" " * 1000), id="body byte by byte"
        ),
        pytest.param(flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="endless 100 Continue"),
        pytest.param(
            flooding(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"A: b\r\n"),
            id="endless trailers",
        ),
    ],
)
def test_an_attempt_ends_when_its_time_is_up(attempt, behave):
    answer, seconds = attempt(behave)
    assert_that((answer.status, answer.failure), equal_to((None, "no complete response within 0.5 seconds")))
    assert_that(seconds, less_than(2))


@pytest.mark.parametrize(
    "behave",
    [
        pytest.param(
            flooding(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", b" " * 65_536), id="a gigabyte"
        ),
        pytest.param(flooding(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536), id="no length"),
        pytest.param(
            flooding(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
            id="chunks",
        ),
        pytest.param(flooding(b"HTTP/1.1 307 Go\r\nLocation: /x\r\n\r\n", b"x" * 65_536), id="a redirect's body"),
    ],
)
def test_no_more_than_a_megabyte_of_a_response_is_read(attempt, behave):
    before = peak_bytes()
    answer, _ = attempt(behave, attempt_timeout_secs=20)
    assert_that(answer.body, has_length(1_000_000))
    assert_that(peak_bytes() - before, less_than(20_000_000))


@pytest.mark.parametrize(
    "behave",
    [
        pytest.param(flooding(b"HTTP/1.1 200 ", b"x" * 65_536), id="status line"),
        pytest.param(flooding(b"HTTP/1.1 200 OK\r\nA: ", b"x" * 65_536), id="header"),
        pytest.param(flooding(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 10_000), id="headers"),
        pytest.param(
            flooding(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1" * 65_536), id="chunk's length"
        ),
        pytest.param(
            flooding(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;", b"x" * 65_536), id="chunk's extension"
        ),
    ],
)
def test_an_endless_line_is_no_response(attempt, behave):
    before = peak_bytes()
    answer, _ = attempt(behave, attempt_timeout_secs=20)
    assert_that(answer.status, none())
    assert_that(peak_bytes() - before, less_than(20_000_000))


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_a_compressed_body_that_nobody_asked_for_is_not_unpacked(attempt):
    bomb = gzip.compress(bytes(50_000_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    answer, _ = attempt(sending(head, bomb), attempt_timeout_secs=20)
    assert_that(answer.body, equal_to(bomb))


def test_a_server_that_does_not_read_ends_in_time():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = client_of(f"http://127.0.0.1:{listener.getsockname()[1]}", 0.5)
        began = time.monotonic()
        answer = client.attempt(HttpRequest("POST", "/api/v2/batch", bytes(50_000_000)), KEY)
        client.close()
    assert_that((answer.status, time.monotonic() - began < 5), equal_to((None, True)))


# Cancelling


def test_cancelling_ends_an_attempt_and_closes_its_connection():
    cancelled, closed = Cancellation(), threading.Event()

    def behave(connection):
        threading.Timer(0.05, cancelled.set).start()
        while connection.recv(65_536):
            pass
        closed.set()

    with raw_server(behave) as server:
        client = client_of(server.url, 30, cancelled)
        began = time.monotonic()
        answer = client.attempt(REQUEST, KEY)
        assert_that((answer.status, time.monotonic() - began < 5, closed.wait(5)), equal_to((None, True, True)))
        client.close()


def test_nothing_is_sent_once_cancelled():
    cancelled = Cancellation()
    cancelled.set()
    with raw_server(sending(OK)) as server:
        client = client_of(server.url, 30, cancelled)
        assert_that(client.attempt(REQUEST, KEY).status, none())
        client.close()
    assert_that(server.connections, equal_to(0))


def test_a_kept_connection_is_cancelled_too_and_works_again_later():
    cancelled = Cancellation()

    def behave(connection):
        connection.sendall(OK)
        if connection.recv(65_536):
            cancelled.set()
            connection.recv(65_536)

    with raw_server(behave) as server:
        client = client_of(server.url, 30, cancelled)
        first, second = (client.attempt(REQUEST, KEY).status for _ in range(2))
        cancelled.clear()
        third = client.attempt(REQUEST, KEY).status
        client.close()
    assert_that((first, second, third), equal_to((200, None, 200)))


def test_cancelling_all_is_for_good():
    cancelled = Cancellation()
    cancel_all()
    cancelled.clear()
    assert_that((cancelled.is_set(), Cancellation().is_set()), equal_to((True, False)))


def test_cancelling_all_ends_every_attempt_of_the_process():
    arrived = threading.Barrier(4, timeout=10)

    def behave(connection):
        arrived.wait()
        connection.recv(1)

    with raw_server(behave) as server:
        answers = []
        cancellations = [Cancellation() for _ in range(3)]
        clients = [client_of(server.url, 30, each) for each in cancellations]
        threads = [threading.Thread(target=lambda c=c: answers.append(c.attempt(REQUEST, KEY).status)) for c in clients]
        for thread in threads:
            thread.start()
        arrived.wait()
        cancel_all()
        for thread in threads:
            thread.join(10)
        for client in clients:
            client.close()
    assert_that(answers, equal_to([None, None, None]))


# Malformed


@pytest.fixture(scope="module")
def any_server():
    with raw_server(sending(OK)) as server:
        yield server


_status_lines = st.binary(max_size=40) | st.from_regex(rb"\AHTTP/[0-9.]{0,4} ?[0-9]{0,4} .{0,20}\Z")
_headers = st.lists(
    st.sampled_from(
        [
            b"Content-Length: 2",
            b"Content-Length: 2, 7",
            b"Content-Length: -1",
            b"Content-Length: 99999999999999999999",
            b"Content-Length: \xff",
            b"Content-Length: 2\r\nContent-Length: 3",
            b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: gzip, chunked",
            b"Content-Encoding: gzip",
            b"Content-Encoding: br, zstd, \x1b",
            b"Retry-After: Tue, 14 Nov 2023 22:15:20 +99999999999999",
            b"Location: http://[::1",
            b"Location: \xff\xfe",
            b"Set-Cookie: a=b; expires=Tue, 99 Nov 99999 99:99:99 GMT; domain=\xff",
            b"Connection: close, keep-alive, \x00",
            b"Content-Type: multipart/mixed; boundary=\xff\xfe; charset=\xfd",
            b": nameless",
            b"no colon",
            b" folded",
            b"\tfolded",
        ]
    )
    | st.binary(max_size=40),
    max_size=6,
)
_bodies = st.binary(max_size=60) | st.from_regex(rb"\A[0-9a-fA-F;x ]{0,6}\r\n.{0,20}\r\n0\r\n\r\n\Z")
_responses = st.one_of(
    st.builds(
        lambda status, headers, body: b"\r\n".join([status, *headers, b"", body]), _status_lines, _headers, _bodies
    ),
    st.builds(lambda headers, body: b"\r\n".join([b"HTTP/1.1 200 OK", *headers, b"", body]), _headers, _bodies),
    st.builds(lambda headers, body: b"\r\n".join([b"HTTP/1.1 307 Go", *headers, b"", body]), _headers, _bodies),
    st.binary(max_size=200),
)


@settings(max_examples=300, deadline=None)
@given(text=_responses)
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 2, 7\r\n\r\n{}")
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n{}")
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}")
@example(b"HTTP/1.1 307 Go\r\nLocation: http://[::1\r\n\r\n")
@example(b"HTTP/1.1 -1 OK\r\n\r\n")
@example(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
@example(b"\x16\x03\x01\x00\x05")
def test_whatever_a_server_sends_is_an_answer_with_a_meaning(any_server, text):
    any_server.behave = sending(text)
    client = client_of(any_server.url)
    answer = client.attempt(REQUEST, KEY)
    client.close()
    read_answer(answer, 3)
    retry_after_secs(answer.retry_after, 1_700_000_000.0)
    assert_that(answer.status is None, equal_to(bool(answer.failure)))
    assert_that(answer.is_obstacle, is_(False))


@pytest.mark.parametrize(
    "beginning",
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 207 Some\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    ],
)
def test_the_beginning_of_a_response_is_none(attempt, beginning):
    """What is cut off at 200 may have gone on with errors."""
    answer, _ = attempt(sending(beginning))
    assert_that(answer.status, none())


def test_a_late_response_is_not_taken_for_that_of_the_next_request():
    """The first request gets an interim response, and its own one only when the second one is made."""
    second_came = threading.Event()

    def behave(connection):
        if server.connections > 1:
            second_came.set()
            connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
            return
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        connection.recv(65_536)
        connection.sendall(OK)
        second_came.wait(5)

    with raw_server(behave) as server:
        client = client_of(server.url)
        statuses = [client.attempt(REQUEST, KEY).status for _ in range(2)]
        client.close()
    assert_that(statuses, equal_to([None, 503]))


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified", b"401 No", b"503 No"])
def test_a_response_that_needs_no_body_is_complete_without_one(attempt, status):
    answer, _ = attempt(sending(b"HTTP/1.1 " + status + b"\r\n\r\n"))
    assert_that(answer, equal_to(Answer(int(status[:3]))))


def test_a_response_that_ends_with_its_connection_is_taken_for_its_body(attempt):
    answer, _ = attempt(sending(b'HTTP/1.1 200 OK\r\n\r\n{"errors":[]}'))
    assert_that(answer, equal_to(Answer(200, b'{"errors":[]}')))


def test_the_libraries_below_do_not_log_urls_or_foreign_headers(attempt, caplog):
    caplog.set_level("DEBUG")
    attempt(sending(b"HTTP/1.1 200 OK\r\nnonsense\x1b[2J\r\nContent-Length: 2\r\n\r\n{}"))
    assert_that(caplog.records, empty())


def test_cookies_are_not_kept():
    headers = b"Set-Cookie: a=b\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
    with raw_server(sending(b"HTTP/1.1 200 OK\r\n" + headers + b"{}")) as server:
        client = client_of(server.url)
        for _ in range(2):
            client.attempt(REQUEST, KEY)
        client.close()
    assert_that([b"cookie" in head.lower() for head in server.heads], equal_to([False, False]))


# Proxies, names and certificates


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"])
def test_loopback_is_never_called_through_a_proxy(monkeypatch, variable):
    with raw_server(sending(OK)) as proxy, fake_customerio() as fake:
        monkeypatch.setenv(variable, proxy.url)
        client = client_of(fake.url)
        client.attempt(REQUEST, KEY)
        client.close()
    assert_that((len(fake.received), proxy.connections), equal_to((1, 0)))


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_https_on_loopback_is_not_called_through_a_proxy_either(monkeypatch, name):
    with raw_server(sending(OK)) as proxy, raw_server(sending(OK)) as server:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        client = client_of(server.url.replace("http://127.0.0.1", f"https://{name}"), 0.2)
        client.attempt(REQUEST, KEY)
        client.close()
    assert_that((proxy.connections, server.connections), equal_to((0, 1)))


def test_https_goes_through_the_environments_proxy_which_does_not_see_the_key(monkeypatch):
    with raw_server(sending(b"HTTP/1.1 407 Proxy\x1b[2J\r\n\r\n")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("http://", "http://user:secret@"))
        client = client_of("https://track.customer.io")
        answer = client.attempt(REQUEST, KEY)
        client.close()
    (head,) = proxy.heads
    assert_that(head.split(b" ")[:2], equal_to([b"CONNECT", b"track.customer.io:443"]))
    assert_that([line for line in head.split(b"\r\n") if line.lower().startswith(b"authorization")], empty())
    assert_that(
        answer,
        equal_to(
            Answer(
                None,
                failure=f"the proxy {proxy.url} can't be used: Tunnel connection failed: 407 Proxy\\x1b[2J",
                is_obstacle=True,
            )
        ),
    )


def test_a_proxy_that_drips_ends_in_time(monkeypatch):
    with raw_server(dripping(b"HTTP/1.1 200 OK\r\n" * 100)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        client = client_of("https://track.customer.io", 0.5)
        began = time.monotonic()
        answer = client.attempt(REQUEST, KEY)
        client.close()
    assert_that((answer.status, time.monotonic() - began < 2), equal_to((None, True)))


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("http://user:secret@proxy.example:3128", "http://proxy.example:3128"),
        ("proxy.example:3128", "proxy.example:3128"),
        ("user:sec@ret@proxy.example:3128", "proxy.example:3128"),
        ("http://proxy\x1b[2J.example", "http://proxy\\x1b[2J.example"),
    ],
)
def test_the_proxy_is_told_without_its_credentials(monkeypatch, proxy, shown):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert_that(proxy_of("https://track.customer.io"), equal_to(shown))


def test_no_proxy_is_told_where_none_is_used(monkeypatch):
    assert_that(proxy_of("https://track.customer.io"), none())
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert_that(proxy_of("https://127.0.0.1:8443"), none())
    monkeypatch.setenv("NO_PROXY", "customer.io")
    assert_that(proxy_of("https://track.customer.io"), none())


@pytest.mark.parametrize("proxy", ["http://", "socks5://127.0.0.1:1", "http://[::1", "gopher://127.0.0.1:1"])
def test_a_proxy_setting_that_can_not_be_used_is_an_obstacle(monkeypatch, proxy):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    client = client_of("https://track.customer.io")
    answer = client.attempt(REQUEST, KEY)
    client.close()
    assert_that((answer.status, answer.is_obstacle), equal_to((None, True)))
    assert_that(answer.failure, contains_string("proxy"))


def https_attempt(tls, timeout=5.0):
    with raw_server(sending(OK), tls) as server:
        client = client_of(server.url.replace("http://", "https://"), timeout)
        answer = client.attempt(REQUEST, KEY)
        client.close()
    return answer


def test_a_trusted_certificate_is_taken(monkeypatch, tmp_path):
    tls, trusted = self_signed(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    assert_that(https_attempt(tls).status, equal_to(200))


def test_a_certificate_that_nobody_vouches_for_is_an_obstacle(tmp_path):
    tls, _ = self_signed(tmp_path)
    assert_that(
        https_attempt(tls),
        equal_to(
            Answer(None, failure="the certificate of 127.0.0.1 is not valid: self-signed certificate", is_obstacle=True)
        ),
    )


def test_an_expired_certificate_is_an_obstacle(monkeypatch, tmp_path):
    tls, trusted = self_signed(tmp_path, valid=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    answer = https_attempt(tls)
    assert_that(answer.failure, contains_string("the certificate of 127.0.0.1 is not valid: certificate has expired"))
    assert_that(answer.is_obstacle, is_(True))


def test_a_file_of_certificates_that_is_missing_is_an_obstacle(monkeypatch, tmp_path):
    tls, _ = self_signed(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    answer = https_attempt(tls)
    assert_that((answer.is_obstacle, "missing.pem" in answer.failure), equal_to((True, True)))


def test_a_server_without_tls_is_an_obstacle():
    with raw_server(sending(OK)) as server, fake_customerio() as fake:
        del server
        client = client_of(fake.url.replace("http://", "https://"))
        answer = client.attempt(REQUEST, KEY)
        client.close()
    assert_that(answer.failure, contains_string("no TLS connection to 127.0.0.1"))
    assert_that(answer.is_obstacle, is_(True))


def test_a_tls_handshake_that_drips_ends_in_time():
    with raw_server(silent) as server:
        client = client_of(server.url.replace("http://", "https://"), 0.5)
        began = time.monotonic()
        answer = client.attempt(REQUEST, KEY)
        client.close()
    assert_that((answer.status, time.monotonic() - began < 2), equal_to((None, True)))


def test_tls_connections_are_kept_and_cancelled_as_others(monkeypatch, tmp_path):
    tls, trusted = self_signed(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    cancelled = Cancellation()

    def behave(connection):
        connection.sendall(OK)
        if connection.recv(65_536):
            cancelled.set()
            connection.recv(65_536)

    with raw_server(behave, tls) as server:
        client = client_of(server.url.replace("http://", "https://"), 30, cancelled)
        statuses = [client.attempt(REQUEST, KEY).status for _ in range(2)]
        client.close()
    assert_that((statuses, server.connections), equal_to(([200, None], 1)))


def test_no_netrc_file_takes_the_keys_place(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with fake_customerio() as fake:
        client = client_of(fake.url)
        client.attempt(REQUEST, KEY)
        client.attempt(HttpRequest("POST", "/api/v1/metrics", b"{}", needs_credentials=False), KEY)
        client.close()
    sent = [request.headers.get("Authorization") for request in fake.received]
    assert_that(sent, equal_to(["Basic c2l0ZTpodXNoLWh1c2g=", None]))
