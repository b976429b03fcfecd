#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Python package passes its tests; sdist and wheel are built and installed by
# pip, and carry all of it.
. "$(dirname "$0")/common.inc"
python=/usr/bin/python3
cp -r "$SOURCE/bindings/python" "$work/python"
cd "$work/python"
export PYTHONDONTWRITEBYTECODE=1

# Without the library the import says what to install.
exits 1 env MEMSEAL_LIBRARY=/nowhere/libmemseal.so "$python" -c 'import memseal'
says 'install libmemseal0'

export MEMSEAL_LIBRARY=$BUILD/libmemseal.so
PYTHONPATH=. "$python" -W error tests/test_memseal.py
# Each public name is described, and has types for those who ask.
PYTHONPATH=. "$python" - <<'END'
import inspect, memseal
for name in memseal.__all__:
    thing = getattr(memseal, name)
    assert inspect.getdoc(thing), name
    for member, method in vars(thing).items() if inspect.isclass(thing) else ():
        if inspect.isfunction(method) and not member.startswith("_"):
            assert inspect.getdoc(method), (name, member)
            assert "return" in method.__annotations__, (name, member)
END
if command -v mypy >/dev/null; then mypy --strict memseal; fi

"$python" -c 'import setuptools, wheel, pip' 2>/dev/null || skip 'no pip'
"$python" - <<'END' >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
from setuptools import build_meta
print(build_meta.build_sdist("dist"), build_meta.build_wheel("dist"))
END
for made in dist/*.tar.gz dist/*.whl; do
  rm -rf "$work/site"
  "$python" -m pip install --quiet --no-index --no-build-isolation --no-deps \
    --root-user-action=ignore --target "$work/site" "$made"
  [[ -e $work/site/memseal/py.typed ]]
  (cd / && PYTHONPATH=$work/site "$python" -c \
    'import memseal; print(bytes(memseal.SealedBytes(b"installed")))')
done
