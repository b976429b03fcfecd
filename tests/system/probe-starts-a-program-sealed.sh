#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A program is probed before its first instruction, and never runs.
. "$SOURCE/tests/system/probe-common.inc"

expect 0 "$memseal" probe --json -- /usr/bin/touch "$work/ran"
[[ ! -e $work/ran ]] || fail "the program ran"
told 'd["pid"] is None and d["name"] == "touch"'
told 'all(s["sealed"] for s in d["segments"])'
# The kernel makes vvar writable for nobody.
not_vvar='lambda s: s["segment"] != "vvar"'
told "verdicts('protect-write', $not_vvar) == {'held'}"
told 'verdicts("map-over") == verdicts("unmap") == {"held"}'
told '{s["segment"] for s in d["segments"]} >= {"text", "rodata", "relro", "vdso", "vvar"}'

# S-65: strict closes what native leaves open.
told '"open" in verdicts("keep-from-child", lambda s: s["segment"] == "text")' # control
# S-63: RELRO is anonymous memory by then, which native protects in full.
relro='lambda s: s["segment"] == "relro"'
told "verdicts('discard', $relro) == verdicts('keep-from-child', $relro) == {'held'}"
told "all(s['anonymous'] for s in d['segments'] if ($relro)(s))"
expect 0 "$memseal" probe --engine=strict --json -- /bin/true
told 'verdicts("discard") == verdicts("guard") == verdicts("keep-from-child") == {"held"}'
told 'all(s["engine"] == "strict" for s in d["segments"])'
expect 0 "$memseal" probe --engine=keeper --json -- /bin/true
told 'verdicts("protect-write") == verdicts("discard") == {"held"}'
told 'all(s["engine"] == "keeper" for s in d["segments"])'

expect 0 "$memseal" probe --html="$work/page.html" -- /bin/true
says "Everything that should hold did."
"$python" - "$work/page.html" <<'PYTHON'
import html.parser, sys
class Page(html.parser.HTMLParser):
    open_tags, cells = [], 0
    void = {"meta"}
    def handle_starttag(self, tag, attributes):
        assert tag not in ("script", "link", "img", "iframe"), tag
        assert not {"src", "href"} & dict(attributes).keys()
        self.cells += dict(attributes).get("class") == "cell held"
        if tag not in self.void: self.open_tags.append(tag)
    def handle_endtag(self, tag):
        assert self.open_tags.pop() == tag, tag
text = open(sys.argv[1], encoding="utf-8").read()
assert "url(" not in text and "http" not in text
page = Page(); page.feed(text)
assert page.open_tags == [] and page.cells > 30, (page.open_tags, page.cells)
PYTHON

expect 2 "$memseal" probe
expect 2 "$memseal" probe --nonsense
bash -c 'exit 0' &
gone=$!
wait "$gone"
expect 3 "$memseal" probe "$gone"
says "there is no process $gone"
expect 3 "$memseal" probe -- /nowhere/program
says "did not begin (exit code 127)"
expect 3 "$memseal" probe --html=/nowhere/page.html -- /bin/true
says "cannot be written"
