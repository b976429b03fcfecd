// SPDX-License-Identifier: Apache-2.0
//! Values that are written once, sealed, and read for ever.
//!
//! ```
//! let limits = memseal::Sealed::new([16u32, 64, 256])?;
//! assert_eq!(limits[2], 256);           // reads like any reference
//! # Ok::<(), memseal::Error>(())
//! ```
//!
//! A seal makes the mapping of whole pages immutable, for the rest of the
//! process's life: no system call makes sealed memory writable, unmaps it,
//! replaces it, moves it or empties it. A write to it is a SIGSEGV.
//!
//! | for | take |
//! |---|---|
//! | a value, a string, a table | [`Sealed`] |
//! | a key: locked, not dumped, not in children | [`Secret`] |
//! | many values that refer to each other | [`Arena`] |
//! | a static that start-up fills in | [`ro_after_init!`] |
//! | code, constants and RELRO of the program itself | [`seal_self`] |
//! | pages that you mapped yourself | [`seal`] |
//!
//! Only `Copy` values are sealed: what is `Copy` has no interior mutability,
//! which would write to sealed memory, and no destructor, which never runs.
//!
//! Does not stop: writes through /proc/self/mem, by ptrace, or to the file
//! behind a mapping. memseal's docs/threat-model.md has the whole list.
#![warn(missing_docs)]

mod arena;
mod error;
mod memory;
mod process;
#[doc(hidden)]
pub mod ro_after_init;
mod sealed;
mod secret;

pub use arena::{Arena, Draft};
pub use error::{Error, ErrorKind};
pub use process::{
    explain_faults, harden, query, seal, seal_self, version, BaseLevel, Engine, Info, Types,
};
pub use ro_after_init::{seal_ro_after_init, RoAfterInit};
pub use sealed::Sealed;
pub use secret::{SealedSecret, Secret};

/// The outcome of what may be refused.
pub type Result<T> = std::result::Result<T, Error>;
