import pytest

from engagements.origins import parse_origin, parse_origins


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://play.example.com", "https://play.example.com"),
        ("HTTPS://Play.Example.COM", "https://play.example.com"),
        ("https://play.example.com:443", "https://play.example.com"),
        ("http://play.example.com:80", "http://play.example.com"),
        ("http://play.example.com:443", "http://play.example.com:443"),
        ("https://play.example.com:80", "https://play.example.com:80"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:65535", "http://127.0.0.1:65535"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://[2001:DB8::1]", "https://[2001:db8::1]"),
        ("https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example"),
        ("https://[2001:db8:0:0:0:0:0:1]:444", "https://[2001:db8::1]:444"),
        ("https://a", "https://a"),
        ("https://under_score.example", "https://under_score.example"),
    ],
)
def test_origin_is_written_as_browsers_do(text: str, origin: str) -> None:
    assert parse_origin(text) == origin
    assert parse_origin(origin) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "*",
        "https://*",
        "https://*.example.com",
        "play.example.com",
        "//play.example.com",
        "https:play.example.com",
        "https://",
        "https://:443",
        "https://play.example.com/",
        "https://play.example.com/path",
        "https://play.example.com?q",
        "https://play.example.com#f",
        "https://user@play.example.com",
        "https://play.example.com:",
        "https://play.example.com:0",
        "https://play.example.com:0443",
        "https://play.example.com:65536",
        "https://play.example.com:x",
        "https://-play.example.com",
        "https://play.example.com-",
        "https://.example.com",
        "https://play..example.com",
        "https://play.example.com.",
        " https://play.example.com",
        "https://play.example.com\n",
        "https://play example.com",
        "https://münchen.example",
        "https://\u212a.example",
        "https://play.example.com:\u0664\u0664\u0663",
        "https://[::1",
        "https://[xyz]",
        "https://[:::1]",
        "ftp://play.example.com",
        "file://",
        "javascript://play.example.com",
        "https://a.example,https://b.example",
        "x" * 100_000,
    ],
    ids=lambda text: repr(text)[:40],
)
def test_what_no_browser_sends_is_no_origin(text: str) -> None:
    with pytest.raises(ValueError, match="is not an origin"):
        parse_origin(text)


def test_several_are_kept_once_each_whatever_their_order() -> None:
    origins = ["https://b.example", "https://a.example", "HTTPS://B.example:443"]
    assert parse_origins(origins) == parse_origins(reversed(origins)) == ["https://a.example", "https://b.example"]
    with pytest.raises(ValueError, match="'null' is not an origin"):
        parse_origins(["https://a.example", "null"])
