#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The bill of materials of a source tarball, as SPDX 2.3 in JSON: each file with
its hashes, and what a build takes into the programs, in the version that this
machine has.

usage: sbom.py memseal-X.Y.Z.tar.xz
"""
import datetime
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tarfile

# Debian package: licence, and how it comes into the programs.
PARTS = {
    "libcli11-dev": ("BSD-3-Clause", "STATIC_LINK"),
    "nlohmann-json3-dev": ("MIT", "STATIC_LINK"),
    "libtomlplusplus-dev": ("MIT", "STATIC_LINK"),
    "libfmt-dev": ("MIT", "DYNAMIC_LINK"),
    "libdw-dev": ("LGPL-3.0-or-later OR GPL-2.0-or-later", "DYNAMIC_LINK"),
}


def installed(package):
    said = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package],
                          stdout=subprocess.PIPE, text=True)
    if said.returncode != 0:
        sys.exit(f"sbom: {package} is not installed; ./dev package installs it")
    return said.stdout


def identifier(name):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def checksums(data):
    return [{"algorithm": kind.upper().replace("-", ""),
             "checksumValue": hashlib.new(kind, data).hexdigest()}
            for kind in ("sha1", "sha256")]


def files(tarball):
    with tarfile.open(tarball) as archive:
        for member in archive:
            if not member.isfile():
                continue
            name = member.name.partition("/")[2]
            data = archive.extractfile(member).read()
            declared = re.search(rb"SPDX-License-Identifier: ([\w.-]+)", data[:400])
            # A counter too: two names may differ in signs that an id has not.
            yield {"fileName": "./" + name,
                   "SPDXID": identifier(f"File-{member.offset}-{name}"),
                   "checksums": checksums(data),
                   "licenseConcluded": "Apache-2.0",
                   "licenseInfoInFiles":
                       [declared.group(1).decode() if declared else "NOASSERTION"],
                   "copyrightText": "NOASSERTION"}, member.mtime


def main():
    tarball = pathlib.Path(sys.argv[1])
    name = tarball.name[:-len(".tar.xz")]
    version = name.partition("-")[2]
    listed = list(files(tarball))
    entries = [entry for entry, _ in listed]
    # SPDX 2.3, 7.9: the hash over the sorted hashes of the files.
    hashes = sorted(entry["checksums"][0]["checksumValue"] for entry in entries)
    code = hashlib.sha1("".join(hashes).encode()).hexdigest()
    made = datetime.datetime.fromtimestamp(max(time for _, time in listed),
                                           datetime.timezone.utc)
    whole = identifier("memseal")
    digest = hashlib.sha256(tarball.read_bytes()).hexdigest()
    packages = [{
        "name": "memseal", "SPDXID": whole, "versionInfo": version,
        "packageFileName": tarball.name, "downloadLocation": "NOASSERTION",
        "checksums": [{"algorithm": "SHA256", "checksumValue": digest}],
        "filesAnalyzed": True,
        "packageVerificationCode": {"packageVerificationCodeValue": code},
        "licenseConcluded": "Apache-2.0", "licenseDeclared": "Apache-2.0",
        "licenseInfoFromFiles": sorted({entry["licenseInfoInFiles"][0]
                                        for entry in entries}),
        "copyrightText": "2026 The memseal authors"}]
    relations = [{"spdxElementId": "SPDXRef-DOCUMENT",
                  "relationshipType": "DESCRIBES", "relatedSpdxElement": whole}]
    for part, (licence, link) in PARTS.items():
        packages.append({
            "name": part, "SPDXID": identifier(part),
            "versionInfo": installed(part), "filesAnalyzed": False,
            "downloadLocation": "NOASSERTION", "licenseConcluded": licence,
            "licenseDeclared": licence, "copyrightText": "NOASSERTION",
            "externalRefs": [{
                "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                "referenceLocator":
                    f"pkg:deb/debian/{part}@{installed(part).replace('+', '%2B')}"}]})
        relations.append({"spdxElementId": whole, "relationshipType": link,
                          "relatedSpdxElement": identifier(part)})
    relations += [{"spdxElementId": whole, "relationshipType": "CONTAINS",
                   "relatedSpdxElement": entry["SPDXID"]} for entry in entries]
    json.dump({
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT", "name": name,
        "documentNamespace": f"https://memseal.invalid/spdx/{name}-{digest[:16]}",
        "creationInfo": {"created": made.strftime("%Y-%m-%dT%H:%M:%SZ"),
                         "creators": [f"Tool: memseal-sbom-{version}"]},
        "packages": packages, "files": entries, "relationships": relations,
    }, sys.stdout, indent=1)
    print()


main()
