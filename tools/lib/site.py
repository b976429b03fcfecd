#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the pages of ./dev site, and judges what came out.

    site.py pages FOLDER    the Markdown pages and mkdocs.yml, for MkDocs
    site.py judge FOLDER    every link and anchor of the HTML pages leads
                            somewhere, and the search finds words of each page

The pages are the repository's, where they lie; README.md becomes the first one.
Links to what is no page (sources, scripts) become their plain text.
"""
import html.parser
import json
import pathlib
import re
import shutil
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Title in the menu: the pages there, in reading order.
MENU = {
    "Start": ["getting-started", "install", "policy", "systemd"],
    "Programs": ["loader", "exec", "provide-mseal", "performance",
                 "compatibility"],
    "Library": ["arena", "ro-after-init", "sealed-objects", "self", "seals",
                "jit"],
    "Rules": ["semantics", "threat-model", "engines", "kernel-matrix",
              "glossary"],
}
OTHERS = "Project"
LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def page_name(path):
    """The page's place on the site."""
    name = path.relative_to(ROOT).as_posix()
    if name == "README.md":
        return "index.md"
    return name[len("docs/"):] if name.startswith("docs/") else name.lower()


def pages():
    listed = [ROOT / name for name in ("README.md", "CHANGELOG.md",
                                       "CONTRIBUTING.md", "SECURITY.md")]
    listed += sorted(ROOT.glob("bindings/*/README.md"))
    listed += sorted((ROOT / "docs").rglob("*.md"))
    left_out = {"reference.md"}  # Doxygen's first page
    return {path: page_name(path) for path in listed
            if path.name not in left_out}


def relink(text, path, known):
    """Links between pages as the site has them, others as text."""
    here = pathlib.PurePosixPath(known[path]).parent

    def one(found):
        words, target = found.groups()
        file, hash_mark, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target) or not file:
            return found.group(0)
        to = (path.parent / file).resolve()
        if to in known:
            up = "../" * len(here.parts)
            return f"[{words}]({up}{known[to]}{hash_mark}{anchor})"
        if to.is_relative_to(ROOT / "docs/images"):
            return found.group(0)
        return words

    parts = re.split(r"(^```.*?^```$)", text, flags=re.S | re.M)
    return "".join(part if part.startswith("```") else LINK.sub(one, part)
                   for part in parts)


def readable(text):
    """What GitHub reads and Python-Markdown does not: a list or a table that
    follows a paragraph at once."""
    lines, fenced = [], False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        before = lines[-1] if lines else ""
        starts_list = re.match(r"([-*]|\d+\.) ", line)
        inside = re.match(r"([-*]|\d+\.) |  ", before)
        if not fenced and before and starts_list and not inside:
            lines.append("")
        # Python-Markdown nests by four columns.
        lines.append(line)
    return "\n".join(lines) + "\n"


def title(path):
    head = re.search(r"^# +(.*)$", path.read_text(), re.M)
    return head.group(1).replace("`", "") if head else path.stem


def menu(known):
    rest = {name: path for path, name in known.items()}
    lines = ["nav:", "  - Home: index.md"]
    del rest["index.md"]
    groups = {group: [f"{stem}.md" for stem in stems]
              for group, stems in MENU.items()}
    groups["Languages"] = [name for name in rest if name.startswith("bindings/")]
    placed = {name for names in groups.values() for name in names}
    groups[OTHERS] = [name for name in rest if name not in placed]
    for group, names in groups.items():
        lines.append(f"  - {group}:")
        lines += [f"    - {json.dumps(title(rest[name]))}: {name}"
                  for name in names]
    lines.append("  - Reference: reference/index.html")
    return "\n".join(lines) + "\n"


def make(folder):
    known = pages()
    target = folder / "pages"
    shutil.rmtree(target, ignore_errors=True)
    for path, name in known.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(readable(relink(path.read_text(), path,
                                                   known)))
    shutil.copytree(ROOT / "docs/images", target / "images")
    shutil.copy(ROOT / "docs/site/memseal.css", target)
    (folder / "mkdocs.yml").write_text(
        (ROOT / "docs/site/mkdocs.yml").read_text() + menu(known))


class Page(html.parser.HTMLParser):
    """The links and the anchors of an HTML page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], {""}
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        for key, value in attributes:
            if key in ("href", "src") and value is not None:
                self.links.append(value)
            elif key in ("id", "name") and value:
                self.anchors.add(value)


def judge(folder):
    site = folder / "html"
    known = {path: Page(path) for path in site.rglob("*.html")}
    bad, count = [], 0
    for path, page in known.items():
        # Doxygen judges its own pages' links between themselves.
        inside = path.is_relative_to(site / "reference")
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc or link.startswith(("#", "data:")) \
                    and inside:
                continue
            count += 1
            file = urllib.parse.unquote(parts.path)
            to = (path.parent / file).resolve() if file else path
            if to.is_dir():
                to /= "index.html"
            if path.name == "404.html":
                continue
            name = path.relative_to(site)
            if not to.exists():
                bad.append(f"{name}: {link} does not exist")
            elif (not inside and to in known and parts.fragment
                  and parts.fragment not in known[to].anchors):
                bad.append(f"{name}: {link}: no such anchor")
    found = json.loads((site / "search/search_index.json").read_text())["docs"]
    searched = {entry["location"].partition("#")[0] for entry in found}
    for path in known:
        name = path.relative_to(site).as_posix()
        if not name.startswith("reference/") and name not in ("404.html",
                                                              "search.html"):
            if name not in searched:
                bad.append(f"{name}: the search does not know it")
    print("\n".join(bad) or
          f"site: {len(known)} pages, {count} links lead somewhere")
    return 1 if bad or not known else 0


if __name__ == "__main__":
    verb, place = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    sys.exit(make(place) if verb == "pages" else judge(place))
