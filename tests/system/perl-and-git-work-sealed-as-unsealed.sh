#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# perl with XS modules and git work sealed as they do unsealed.
. "$(dirname "$0")/common.inc"
needs_mseal
need perl git

same_output perl -MPOSIX -MData::Dumper -MDigest::SHA=sha256_hex -MSocket -e '
  $Data::Dumper::Sortkeys = 1;
  my %count; $count{$_}++ for split //, "mississippi";
  print Dumper(\%count), sha256_hex("x" x 1000), "\n", floor(3.7), "\n";
  print inet_ntoa(INADDR_LOOPBACK), " ", join(",", sort { $a <=> $b } 3, 10, 2), "\n";
  print eval { die "caught\n" } // $@; exit 4'
seals_itself perl -MPOSIX -e "system('$unsealed ' . \$\$); exit(\$? >> 8)"

export GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
cat >"$work/story" <<'X'
set -e
rm -rf "$1"; git init -q -b main "$1"; cd "$1"
seq 100 >file; git add file; git commit -qm one
git checkout -qb side; sed -i 's/^5$/five/' file; git commit -qam two
git checkout -q main; sed -i 's/^95$/ninety-five/' file; git commit -qam three
git merge -q --no-edit side; git gc -q
git log --oneline --graph; git fsck --strict 2>&1; git show --stat
git rev-parse HEAD
X
same_output sh "$work/story" "$work/repository"
grep -q 'Merge branch' "$work/sealed.out"
seals_itself git -C "$work/repository" -c alias.look="!$unsealed \$PPID" look
