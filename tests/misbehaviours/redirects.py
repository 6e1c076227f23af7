"""Redirects: to nowhere, in circles, and to forbidden hosts."""

from __future__ import annotations

from misbehaviours.making import (
    CIRCLE,
    ELSEWHERE,
    NO_HTTP,
    NOISE,
    PORT,
    at_first,
    failed,
    head,
    rejected,
    reply,
    status_is,
    stored,
    swapped,
    to,
)
from misbehaviours.server import Last

REDIRECTS = (
    failed("to itself", CIRCLE, to("{path}")),
    failed("to itself by its whole address", CIRCLE, to("{origin}{path}")),
    failed("to itself, by an empty Location", CIRCLE, to("")),
    failed(
        "to itself, with another query each time",
        CIRCLE,
        lambda asked: iter(
            [
                head(
                    f"Location: {asked.path.partition('?')[0]}?{asked.path.count('x') * 'x'}x",
                    "Content-Length: 0",
                    status="302 X",
                ),
                Last.KEEP,
            ]
        ),
    ),
    stored(
        "to itself with a query, and there is the page",
        lambda asked: (reply() if "?" in asked.path else to("{path}?x"))(asked),
    ),
    stored(
        "four times, and there is the page",
        lambda asked: (
            reply()
            if asked.path.endswith("?4")
            else to(asked.path.partition("?")[0] + f"?{int(asked.path.partition('?')[2] or 0) + 1}")
        )(asked),
    ),
    *(
        failed(f"to {about}", ELSEWHERE, to(location))
        for about, location in (
            ("another host", "http://evil.test/"),
            ("another host, without its scheme", "//evil.test/x.html"),
            ("another host, with a name before it", "http://127.0.0.1@evil.test/"),
            ("another host, with backslashes", "http:\\\\evil.test\\x.html"),
            ("this machine by name", "http://localhost/x.html"),
            ("this machine as 127.1", "http://127.1/x.html"),
            ("this machine as a number", "http://2130706433/x.html"),
            ("this machine in hexadecimal", "http://0x7f000001/x.html"),
            ("this machine as 0.0.0.0", "http://0.0.0.0/x.html"),
            ("this machine by IPv6", "http://[::1]/x.html"),
            ("this machine by IPv6 and IPv4", "http://[::ffff:127.0.0.1]/x.html"),
            ("127.0.0.2", "http://127.0.0.2/x.html"),
            ("a private address", "http://10.0.0.1/"),
            ("another private address", "http://192.168.1.1/admin"),
            ("the address of a cloud's secrets", "http://169.254.169.254/latest/meta-data/"),
            ("a name in capitals of full width", "http://ｌｏｃａｌｈｏｓｔ/"),
        )
    ),
    failed("to a host's name with three slashes", status_is(404), to("http:///evil.test/x.html")),
    failed("to another port of the host", PORT, to("{canary}x.html")),
    failed("to an invalid port", "", to("http://127.0.0.1:99999/x.html")),
    failed("to https", PORT, to("https://127.0.0.1{path}")),
    *(
        failed(f"to {location.partition(':')[0]}:", "", to(location))
        for location in (
            "file:///etc/passwd",
            "ftp://127.0.0.1/x",
            "javascript:alert(1)",
            "data:text/html,<h1>x</h1>",
            "mailto:a@evil.test",
            "gopher://127.0.0.1:70/_x",
            "s3://bucket/key",
            "about:blank",
        )
    ),
    failed("to a broken address of IPv6", "", to("http://[::1/x.html")),
    failed("to http: and no more", "", to("http://")),
    failed(
        "to noise", "", to(NOISE[:60].replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b""))
    ),
    failed("to an address of 100 KB", NO_HTTP, to("/" + "x" * 100_000)),
    failed("to an address of 7 KB", status_is(404), to("/" + "x" * 7_000)),
    failed("to a line end and a field", status_is(404), to("/%0d%0aSet-Cookie:%20a=b")),
    stored("relative, by its name", lambda asked: (reply() if asked.time else to("{name}"))(asked)),
    stored(
        "relative, by a way round",
        lambda asked: (reply() if asked.time else to("../../.././../../../{path}"))(asked),
    ),
    stored("to itself with a fragment, then the page", at_first(to("{path}#top"))),
    failed(
        "to two addresses, the second on another host",
        ELSEWHERE,
        at_first(
            lambda asked: iter(
                [
                    head(
                        f"Location: {asked.path}",
                        "Location: http://evil.test/",
                        "Content-Length: 0",
                        status="302 X",
                    ),
                    Last.KEEP,
                ]
            )
        ),
    ),
    rejected("to another article", "wrong_id", to("{other}")),
    rejected("to another article, for good", "wrong_id", to("{other}", "301 Moved Permanently")),
    rejected("to another article, 308", "wrong_id", to("{other}", "308 X")),
    rejected("to the home page", "not_a_post", to("/")),
    rejected("to a category", "wrong_id", to("/category/emnews.html")),
    failed("to a page that is missing", status_is(404), to("/nix.html")),
    stored("status 200 with Location", reply(None, "Location: http://evil.test/")),
    stored("status 201 with Location", reply(None, "Location: http://evil.test/", status="201 X")),
    stored(
        "a page that refreshes to another host",
        reply(
            swapped(
                "<head>", '<head><meta http-equiv="refresh" content="0; url=http://evil.test/">'
            )
        ),
    ),
    failed("status 300 with Location", status_is(300), to("/x.html", "300 X")),
    failed("status 304 with Location", status_is(304), to("/x.html", "304 X")),
)
