// SPDX-License-Identifier: Apache-2.0
use crate::error::{Error, ErrorKind};
use crate::{Engine, Result};
use memseal_sys as sys;
use std::fmt;
use std::ptr;
use std::slice;

/// A secret that may still be written: bytes between inaccessible pages, locked
/// into memory, left out of core dumps and out of forked children. Dropped, it is
/// wiped.
///
/// ```
/// let mut secret = memseal::Secret::new(32)?;
/// secret.bytes_mut()?.copy_from_slice(&[7; 32]);
/// let key = secret.seal()?;             // nobody writes to it again
/// assert_eq!(key.bytes()?, [7; 32]);
/// # Ok::<(), memseal::Error>(())
/// ```
pub struct Secret {
    raw: *mut sys::memseal_secret,
    size: usize,
}

/// A secret that can only be read; it ends with the process.
pub struct SealedSecret {
    raw: *const sys::memseal_secret,
    size: usize,
}

// Safety: the library's secrets are for any thread; writing takes `&mut`.
unsafe impl Send for Secret {}
unsafe impl Sync for Secret {}
unsafe impl Send for SealedSecret {}
unsafe impl Sync for SealedSecret {}

impl Secret {
    /// `size` zero bytes, 1 GiB at most.
    ///
    /// Errors: `LockedMemory`, `Exhausted`, `Invalid`, `Unsupported` (Linux
    /// before 4.14).
    pub fn new(size: usize) -> Result<Secret> {
        let mut raw = ptr::null_mut();
        // Safety: `raw` is written on success only.
        if unsafe { sys::memseal_secret_create(&mut raw, size, 0) } != 0 {
            let error = Error::last_of_room();
            return Err(match error.errno() {
                1 | 11 => Error::new(ErrorKind::LockedMemory, error.errno()),
                _ => error,
            });
        }
        Ok(Secret { raw, size })
    }

    /// The bytes, to write. Errors: `AlreadyWiped`, in a child.
    pub fn bytes_mut(&mut self) -> Result<&mut [u8]> {
        // Safety: a secret of ours, not sealed; `&mut` is the only way to it.
        unsafe {
            let at = sys::memseal_secret_edit(self.raw) as *mut u8;
            if at.is_null() {
                return Err(Error::last());
            }
            Ok(slice::from_raw_parts_mut(at, self.size))
        }
    }

    /// Seals it, for ever. Errors: as [`seal`](crate::seal), `AlreadyWiped`; the
    /// secret is wiped then.
    pub fn seal(self) -> Result<SealedSecret> {
        self.seal_by(Engine::Automatic)
    }

    /// The same by an engine of your choice.
    pub fn seal_by(self, engine: Engine) -> Result<SealedSecret> {
        // Safety: `self` ends here, and with it every reference to write by.
        if unsafe { sys::memseal_secret_seal(self.raw, engine.flag()) } != 0 {
            return Err(Error::last());
        }
        let sealed = SealedSecret {
            raw: self.raw,
            size: self.size,
        };
        std::mem::forget(self);
        Ok(sealed)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        // Safety: not sealed, so it is overwritten and unmapped.
        unsafe { sys::memseal_secret_free(self.raw) };
    }
}

impl SealedSecret {
    /// The bytes. Errors: `AlreadyWiped`, in a child: it has no secret of its
    /// parent's.
    pub fn bytes(&self) -> Result<&[u8]> {
        // Safety: sealed, so it stays as it is to the end of the process.
        unsafe {
            let at = sys::memseal_secret_read(self.raw) as *const u8;
            if at.is_null() {
                return Err(Error::last());
            }
            Ok(slice::from_raw_parts(at, self.size))
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Secret of {} bytes", self.size) // a log shows no key
    }
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SealedSecret of {} bytes", self.size)
    }
}
