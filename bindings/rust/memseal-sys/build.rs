// SPDX-License-Identifier: Apache-2.0
// Finds libmemseal: where MEMSEAL_LIB_DIR says, in the source package (feature
// "bundled"), or by pkg-config. No crate is needed for that.
use std::env;
use std::path::{Path, PathBuf};
use std::process::{exit, Command};

fn main() {
    for name in [
        "MEMSEAL_LIB_DIR",
        "MEMSEAL_SOURCE",
        "PKG_CONFIG_PATH",
        "PKG_CONFIG",
    ] {
        println!("cargo:rerun-if-env-changed={}", name);
    }
    println!("cargo:rerun-if-changed=build.rs");
    if let Some(folder) = env::var_os("MEMSEAL_LIB_DIR") {
        link("dylib", Path::new(&folder));
    } else if env::var_os("CARGO_FEATURE_BUNDLED").is_some() {
        link("static", &build_from_source());
    } else {
        ask_pkg_config();
    }
}

fn link(kind: &str, folder: &Path) {
    println!("cargo:rustc-link-search=native={}", folder.display());
    println!("cargo:rustc-link-lib={}=memseal", kind);
}

fn ask_pkg_config() {
    let tool = env::var("PKG_CONFIG").unwrap_or_else(|_| "pkg-config".to_string());
    let said = Command::new(tool)
        .args(["--libs-only-L", "--keep-system-libs", "memseal >= 0.1"])
        .output();
    let text = match said {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
        _ => give_up(
            "libmemseal was not found. Install libmemseal-dev and pkg-config, or name the \
             folder of libmemseal.so in MEMSEAL_LIB_DIR, or take the feature \"bundled\" in \
             memseal's source package",
        ),
    };
    for word in text.split_whitespace() {
        if let Some(folder) = word.strip_prefix("-L") {
            println!("cargo:rustc-link-search=native={}", folder);
        }
    }
    println!("cargo:rustc-link-lib=dylib=memseal");
}

/// Returns the folder with libmemseal.a.
fn build_from_source() -> PathBuf {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let source = env::var_os("MEMSEAL_SOURCE")
        .map(PathBuf::from)
        .unwrap_or_else(|| here.join("../../.."));
    if !source.join("src/seal/exports.map").is_file() {
        give_up(
            "the feature \"bundled\" needs memseal's source package around the crate, or its \
             folder in MEMSEAL_SOURCE",
        );
    }
    println!("cargo:rerun-if-changed={}", source.join("src").display());
    println!(
        "cargo:rerun-if-changed={}",
        source.join("include").display()
    );
    let build = PathBuf::from(env::var_os("OUT_DIR").unwrap()).join("build");
    let mut configure = Command::new("cmake");
    configure
        .arg("-S")
        .arg(&source)
        .arg("-B")
        .arg(&build)
        .args([
            "-DMEMSEAL_LIBRARY_ONLY=ON",
            "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
        ]);
    run(&mut configure);
    let jobs = env::var("NUM_JOBS").unwrap_or_else(|_| "1".to_string());
    run(Command::new("cmake").arg("--build").arg(&build).args([
        "--target",
        "memseal_static",
        "--parallel",
        &jobs,
    ]));
    build
}

fn run(command: &mut Command) {
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(_) => give_up("building libmemseal failed: it needs CMake 3.25 and g++ 12 or newer"),
        Err(_) => {
            give_up("building libmemseal needs cmake: install it, or take the system's library")
        }
    }
}

fn give_up(sentence: &str) -> ! {
    eprintln!("memseal-sys: {}.", sentence);
    exit(1);
}
