// SPDX-License-Identifier: Apache-2.0
//! The few calls of libc that this crate makes beside libmemseal's.
use crate::error::{Error, ErrorKind, EINVAL, ENOMEM};
use crate::{Engine, Result};
use memseal_sys as sys;
use std::os::raw::{c_int, c_long, c_void};

pub(crate) const PROT_READ: c_int = 1;
pub(crate) const PROT_WRITE: c_int = 2;
const MAP_PRIVATE_ANONYMOUS: c_int = 0x22;
const MREMAP_ONTO: c_int = 3; // MAYMOVE, FIXED
const SC_PAGESIZE: c_int = 30;

extern "C" {
    fn mmap(
        at: *mut c_void,
        size: usize,
        prot: c_int,
        flags: c_int,
        fd: c_int,
        offset: i64,
    ) -> *mut c_void;
    fn munmap(at: *mut c_void, size: usize) -> c_int;
    fn mremap(
        at: *mut c_void,
        old: usize,
        new: usize,
        flags: c_int,
        to: *mut c_void,
    ) -> *mut c_void;
    fn mprotect(at: *mut c_void, size: usize, prot: c_int) -> c_int;
    fn sysconf(name: c_int) -> c_long;
}

pub(crate) fn page_size() -> usize {
    // Safety: reads a constant of the system.
    unsafe { sysconf(SC_PAGESIZE) as usize }
}

/// Whole pages, given back on drop unless sealed.
pub(crate) struct Pages {
    at: *mut u8,
    size: usize,
}

impl Pages {
    /// Zeroed, writable pages for `bytes` bytes; one at least.
    pub(crate) fn map(bytes: usize) -> Result<Pages> {
        let page = page_size();
        let size = bytes
            .max(1)
            .checked_add(page - 1)
            .ok_or_else(|| Error::new(ErrorKind::Exhausted, ENOMEM))?
            & !(page - 1);
        // Safety: a new mapping where the kernel likes.
        let at = unsafe {
            mmap(
                std::ptr::null_mut(),
                size,
                PROT_READ | PROT_WRITE,
                MAP_PRIVATE_ANONYMOUS,
                -1,
                0,
            )
        };
        if at as isize == -1 {
            return Err(Error::last_of_room());
        }
        Ok(Pages {
            at: at as *mut u8,
            size,
        })
    }

    pub(crate) fn start(&self) -> *mut u8 {
        self.at
    }

    /// Moves them onto other pages of the same size, which they replace in one
    /// step. On failure nothing has changed.
    ///
    /// Safety: nobody may write to what is replaced, and whoever reads it must
    /// find the same there.
    pub(crate) unsafe fn replace(self, target: *mut u8) -> Result<()> {
        let to = target as *mut c_void;
        let moved = mremap(
            self.at as *mut c_void,
            self.size,
            self.size,
            MREMAP_ONTO,
            to,
        );
        if moved != to {
            return Err(Error::last());
        }
        std::mem::forget(self);
        Ok(())
    }

    /// Seals them, for ever.
    pub(crate) fn seal(self, engine: Engine) -> Result<()> {
        // Safety: they are ours, and nobody has a mutable reference to them.
        unsafe { make_immutable(self.at, self.size, engine)? };
        std::mem::forget(self);
        Ok(())
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // Safety: ours, and never given to anybody.
        unsafe { munmap(self.at as *mut c_void, self.size) };
    }
}

/// Makes pages read-only and seals them; writable again if that fails.
///
/// Safety: nobody may hold a mutable reference into them.
pub(crate) unsafe fn make_immutable(at: *mut u8, size: usize, engine: Engine) -> Result<()> {
    let at = at as *mut c_void;
    if at as usize % page_size() != 0 {
        return Err(Error::new(ErrorKind::Unaligned, EINVAL));
    }
    if mprotect(at, size, PROT_READ) != 0 {
        return Err(Error::last());
    }
    if sys::memseal(at, size, sys::MEMSEAL_ALL, engine.flag()) != 0 {
        let error = Error::last();
        mprotect(at, size, PROT_READ | PROT_WRITE);
        return Err(error);
    }
    Ok(())
}
