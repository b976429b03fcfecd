#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Loads the site that ./dev site built in a browser without a window: no page
may be wider than the window, and the search must find words. Leaves a picture of
the first page at each width beside the site.

usage: look_at_site.py build/site
"""
import contextlib
import functools
import http.server
import json
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading

BROWSER = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
           "--hide-scrollbars"]
HERE = pathlib.Path(__file__).resolve().parent


class Site(http.server.SimpleHTTPRequestHandler):
    """The site, and what look.html says of it."""
    said = queue.Queue()

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        self.said.put(self.rfile.read(size).decode())
        self.send_response(204)
        self.end_headers()

    def copyfile(self, source, outputfile):
        try:
            super().copyfile(source, outputfile)
        except OSError:
            pass  # the browser has gone to another page

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def browser(*arguments):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        running = subprocess.Popen(
            [*BROWSER, f"--user-data-dir={profile}", *arguments],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield running
        finally:
            running.terminate()
            running.wait()


def main():
    site = pathlib.Path(sys.argv[1]) / "html"
    (site / "look.html").unlink(missing_ok=True)
    pages = [path.relative_to(site).as_posix() for path in site.rglob("*.html")
             if "reference" not in path.parts and path.name != "404.html"]
    harness = (HERE.parent.parent / "docs/site/look.html").read_text()
    (site / "look.html").write_text(
        harness.replace("PAGES", json.dumps(sorted(pages))))
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Site, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        with browser(f"{address}/look.html"):
            said = Site.said.get(timeout=240)
        for width in (400, 900, 1600):
            with browser(f"--window-size={width},1400", f"{address}/index.html",
                         f"--screenshot={site.parent.resolve()}/index-{width}.png"
                         ) as running:
                running.wait(timeout=120)
    except queue.Empty:
        said = "the browser says nothing"
    finally:
        (site / "look.html").unlink()
        server.shutdown()
    print(said)
    return 0 if said.startswith("looked at ") else 1


sys.exit(main())
