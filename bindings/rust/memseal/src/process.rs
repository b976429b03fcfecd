// SPDX-License-Identifier: Apache-2.0
//! Seals by address, and of the whole program.
use crate::error::{Error, ErrorKind, EINVAL};
use crate::memory::page_size;
use crate::Result;
use memseal_sys as sys;
use std::ffi::CStr;
use std::ops::BitOr;
use std::os::raw::{c_uint, c_void};

/// Who enforces a seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Engine {
    /// `Native` where it can do what is asked, else `Filter`.
    Automatic,
    /// mseal(2), Linux 6.10; all types or nothing.
    Native,
    /// A seccomp filter; any types. Without CAP_SYS_ADMIN it sets no_new_privs.
    Filter,
    /// Both, which closes the holes that mseal(2) leaves.
    Strict,
}

impl Engine {
    pub(crate) fn flag(self) -> c_uint {
        match self {
            Engine::Automatic => 0,
            Engine::Native => sys::MEMSEAL_NATIVE,
            Engine::Filter => sys::MEMSEAL_FILTER,
            Engine::Strict => sys::MEMSEAL_STRICT,
        }
    }
}

/// What a seal forbids: a set, joined by `|`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Types(pub(crate) c_uint);

impl Types {
    /// Further types.
    pub const SEAL: Types = Types(sys::MEMSEAL_SEAL);
    /// mprotect, pkey_mprotect.
    pub const MPROTECT: Types = Types(sys::MEMSEAL_MPROTECT);
    /// munmap, brk downwards, shmdt.
    pub const MUNMAP: Types = Types(sys::MEMSEAL_MUNMAP);
    /// Being replaced: MAP_FIXED, SHM_REMAP.
    pub const MMAP: Types = Types(sys::MEMSEAL_MMAP);
    /// mremap from, within and onto the range.
    pub const MREMAP: Types = Types(sys::MEMSEAL_MREMAP);
    /// madvise that empties or hides pages.
    pub const DISCARD: Types = Types(sys::MEMSEAL_DISCARD);
    /// Cannot be unmapped, shrunk, moved or replaced.
    pub const MAPPING: Types = Types(sys::MEMSEAL_MAPPING);
    /// All of them.
    pub const ALL: Types = Types(sys::MEMSEAL_ALL);

    /// Whether all of `others` are in the set.
    pub fn contains(self, others: Types) -> bool {
        self.0 & others.0 == others.0
    }
}

impl BitOr for Types {
    type Output = Types;
    fn bitor(self, other: Types) -> Types {
        Types(self.0 | other.0)
    }
}

/// Seals the pages that `size` bytes at `at` touch, for ever.
///
/// # Errors
/// `Unaligned`, `NotMapped`, `AlreadySealed` (the range holds `Types::SEAL` and
/// would gain something), `Unsupported`, `FilterBudget`, `Busy`. Nothing is
/// sealed then.
///
/// # Safety
/// The pages must be yours, for the rest of the process's life: sealing memory
/// of an allocator, or a stack, breaks whoever owns it. With `Types::MPROTECT`
/// their protection stays as it is now: make them read-only first.
pub unsafe fn seal(at: *mut u8, size: usize, types: Types, engine: Engine) -> Result<()> {
    if at as usize % page_size() != 0 {
        return Err(Error::new(ErrorKind::Unaligned, EINVAL));
    }
    if sys::memseal(at as *mut c_void, size, types.0, engine.flag()) != 0 {
        return Err(Error::last());
    }
    Ok(())
}

/// Seals what the program consists of: code, constants and relocated data
/// (RELRO) of the executable and of every library that is loaded now. Returns
/// how many objects were left out because they have text relocations.
///
/// Afterwards unloading one of these libraries leaves its pages mapped.
pub fn seal_self(engine: Engine) -> Result<usize> {
    // Safety: takes no pointer; what it seals is read-only already.
    match unsafe { sys::memseal_self(engine.flag()) } {
        left if left >= 0 => Ok(left as usize),
        _ => Err(Error::last()),
    }
}

/// How much the base filter refuses beside the sealed ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BaseLevel {
    /// What ordinary programs do not do.
    Compatible,
    /// Also io_uring, userfaultfd and ptrace.
    Closed,
}

/// Installs the base filter of the filter engine now, or raises its level.
pub fn harden(level: BaseLevel) -> Result<()> {
    let level = match level {
        BaseLevel::Compatible => sys::MEMSEAL_BASE_COMPATIBLE,
        BaseLevel::Closed => sys::MEMSEAL_BASE_CLOSED,
    };
    // Safety: takes no pointer.
    match unsafe { sys::memseal_harden(level) } {
        0 => Ok(()),
        _ => Err(Error::last()),
    }
}

/// Makes a write to sealed memory say which arena or object it hit, and by whose
/// write, before the program dies of SIGSEGV as it would without.
pub fn explain_faults() -> Result<()> {
    // Safety: takes no pointer.
    match unsafe { sys::memseal_explain_faults() } {
        0 => Ok(()),
        _ => Err(Error::last()),
    }
}

/// What holds at an address.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Info {
    /// The first byte of the pages around, of which the same is true,
    pub begin: usize,
    /// and the byte behind the last.
    pub end: usize,
    /// What is forbidden there.
    pub types: Types,
    /// Whether lowering to read-only is allowed.
    pub downgradable: bool,
    /// Who enforces it; None where nothing is sealed.
    pub engine: Option<Engine>,
}

impl Info {
    /// Whether the place holds every seal.
    pub fn is_sealed(&self) -> bool {
        self.types == Types::ALL
    }
}

/// Tells what is sealed at an address, by memseal or by mseal(2).
pub fn query<T: ?Sized>(at: *const T) -> Result<Info> {
    let mut info = sys::memseal_info {
        size: std::mem::size_of::<sys::memseal_info>(),
        ..Default::default()
    };
    // Safety: the address is only looked up.
    if unsafe { sys::memseal_query(at as *const c_void, &mut info) } != 0 {
        return Err(Error::last());
    }
    Ok(Info {
        begin: info.begin,
        end: info.end,
        types: Types(info.types),
        downgradable: info.flags & sys::MEMSEAL_DOWNGRADABLE != 0,
        engine: match info.engine {
            sys::MEMSEAL_NATIVE => Some(Engine::Native),
            sys::MEMSEAL_FILTER => Some(Engine::Filter),
            sys::MEMSEAL_STRICT => Some(Engine::Strict),
            _ => None,
        },
    })
}

/// The version of the library that is running: "0.2.0".
pub fn version() -> &'static str {
    // Safety: a constant string of the library.
    unsafe { CStr::from_ptr(sys::memseal_version()) }
        .to_str()
        .unwrap_or("")
}
