#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The page about the machine, in a real browser, at 400, 900 and 1,600 pixels,
# light and dark: nothing is wider than the window, and the colours differ.
. "$(dirname "$0")/../system/common.inc"
need chromium
cd "$work"
export HOME=$work
cat >report.json <<END
{"schema":1,"type":"violation","time":"2026-11-30T01:02:03.000000Z","pid":1,"tid":1,"program":"/bin/$(printf 'a%.0s' {1..200})","thread":"a","call":"mprotect","text":"","outcome":"denied","errno":1,"object":"/lib/$(printf 'b%.0s' {1..200}).so","segment":"text","frames":[]}
END
sleep 1000 &
servers+=($!)
"$memseal" status --all --html=page.html --violations=report.json \
  >/dev/null 2>&1 || true
# What is asked of the page is put into a copy of it.
/usr/bin/python3 - <<'PY'
page = open("page.html").read()
open("asked.html", "w").write(page.replace("</body>", """<script>
document.title = [innerWidth, document.documentElement.scrollWidth,
  [...document.querySelectorAll("body *")].filter(e =>
    e.scrollWidth > e.clientWidth + 1 &&
    getComputedStyle(e).overflow == "hidden").length,
  getComputedStyle(document.body).backgroundColor].join(" ");
</script></body>"""))
PY
for width in 400 900 1600; do
  # A window is 500 wide at least: a narrower one is a frame in it.
  echo "<iframe style='border:0' width=$width height=900 src=asked.html
    onload='document.title = this.contentDocument.title'></iframe>" >frame.html
  for blink in 1 0; do
    timeout 60 chromium --headless --no-sandbox --disable-gpu \
      --allow-file-access-from-files --window-size=1700,1000 \
      --blink-settings=preferredColorScheme=$blink --virtual-time-budget=3000 \
      --user-data-dir="$work/profile" --dump-dom "file://$work/frame.html" \
      >dom 2>/dev/null
    read -r inner wide cut colour < <(sed -n 's|.*<title>\(.*\)</title>.*|\1|p' dom)
    echo "$width, scheme $blink: $inner $wide $colour $cut"
    ((inner == width && wide <= width && cut == 0))
    colours[blink]=$colour
  done
  [[ ${colours[0]} != "${colours[1]}" ]]
done
