// SPDX-License-Identifier: Apache-2.0
//! Statics that start-up fills in, and nobody writes to afterwards.
use crate::error::{Error, ErrorKind};
use crate::memory::{make_immutable, Pages};
use crate::{Engine, Result};
use std::cell::UnsafeCell;
use std::ops::{Deref, Range};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Mutex;

#[doc(hidden)]
#[macro_export]
macro_rules! __memseal_place {
    ($($item:tt)*) => {
        #[cfg_attr(target_os = "linux", link_section = "memseal_rust_after_init")]
        $($item)*
    };
}

/// Declares statics of type [`RoAfterInit`](crate::RoAfterInit), each on pages
/// of its own, that [`seal_ro_after_init`](crate::seal_ro_after_init) seals.
///
/// ```
/// memseal::ro_after_init! {
///     /// How many workers serve.
///     pub static WORKERS: u32 = 1;
/// }
/// WORKERS.edit(|workers| *workers = 4)?;
/// memseal::seal_ro_after_init()?;
/// assert_eq!(*WORKERS, 4);              // reading costs one compare
/// assert!(WORKERS.edit(|workers| *workers = 5).is_err());
/// # Ok::<(), memseal::Error>(())
/// ```
#[macro_export]
macro_rules! ro_after_init {
    ($($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty = $value:expr;)*) => {
        $($crate::__memseal_place! {
            $(#[$meta])* $vis static $name: $crate::RoAfterInit<$type> =
                $crate::RoAfterInit::new($value);
        })*
    };
}

/// A value that `edit` writes during start-up and that reads like a constant
/// once it is sealed. Declare it by [`ro_after_init!`](crate::ro_after_init).
///
/// Its size is a multiple of the largest page size of the architecture: gather
/// many values in one struct.
#[cfg_attr(target_arch = "aarch64", repr(align(65536)))]
#[cfg_attr(not(target_arch = "aarch64"), repr(align(4096)))]
pub struct RoAfterInit<T> {
    value: UnsafeCell<T>,
    _size_is_not_0: u8,
}

// Safety: before the seal all access is under EDITING; after it nobody writes.
unsafe impl<T: Sync + Send> Sync for RoAfterInit<T> {}

/// Held while a value is written, read before its seal, or sealed.
static EDITING: Mutex<()> = Mutex::new(());

/// Set after the seal. It is ordinary memory: who clears it gains a panic where
/// a value is read, and SIGSEGV where it is written.
static SEALED: AtomicBool = AtomicBool::new(false);

impl<T: Copy> RoAfterInit<T> {
    #[doc(hidden)]
    pub const fn new(value: T) -> Self {
        RoAfterInit {
            value: UnsafeCell::new(value),
            _size_is_not_0: 0,
        }
    }

    /// Writes the value. Errors: `AlreadySealed`; nothing is written then.
    ///
    /// Not to be called from within another `edit` or `read`.
    pub fn edit<R>(&self, write: impl FnOnce(&mut T) -> R) -> Result<R> {
        let _alone = EDITING.lock().unwrap_or_else(|poison| poison.into_inner());
        if self.is_sealed() {
            return Err(Error::new(ErrorKind::AlreadySealed, 0));
        }
        // Safety: EDITING is held, and references from `get` exist only after
        // the seal.
        Ok(write(unsafe { &mut *self.value.get() }))
    }

    /// A copy of the value, before the seal or after.
    pub fn read(&self) -> T {
        if self.is_sealed() {
            return **self;
        }
        let _alone = EDITING.lock().unwrap_or_else(|poison| poison.into_inner());
        // Safety: EDITING is held.
        unsafe { *self.value.get() }
    }

    /// The value, once it is sealed. Errors: `NotSealed`.
    pub fn get(&'static self) -> Result<&'static T> {
        if !self.is_sealed() {
            return Err(Error::new(ErrorKind::NotSealed, 0));
        }
        // Safety: sealed, so nobody writes to it.
        Ok(unsafe { &*self.value.get() })
    }
}

impl<T> RoAfterInit<T> {
    /// Whether `seal_ro_after_init` has sealed it.
    pub fn is_sealed(&self) -> bool {
        let at = self as *const Self as usize;
        SEALED.load(Ordering::Acquire) && section().contains(&at)
    }
}

impl<T: Copy> Deref for RoAfterInit<T> {
    type Target = T;

    /// Panics before the seal: a reference would see later edits.
    fn deref(&self) -> &T {
        if !self.is_sealed() {
            panic!("memseal: {}", Error::new(ErrorKind::NotSealed, 0));
        }
        // Safety: sealed, so nobody writes to it.
        unsafe { &*self.value.get() }
    }
}

// The section is never empty, so the linker gives it a begin and an end.
crate::__memseal_place! {
    static FIRST: RoAfterInit<()> = RoAfterInit::new(());
}

extern "C" {
    static __start_memseal_rust_after_init: u8;
    static __stop_memseal_rust_after_init: u8;
}

/// Of this program, or of the shared library that this crate was linked into.
fn section() -> Range<usize> {
    // Safety: the linker's own symbols around the section.
    unsafe {
        let begin = &__start_memseal_rust_after_init as *const u8 as usize;
        begin..&__stop_memseal_rust_after_init as *const u8 as usize
    }
}

/// Puts anonymous memory with the same bytes in place of the pages, which are
/// mapped from the program's file: of a file's pages mseal(2) lets MADV_DONTNEED
/// through, which would bring back the values that the file holds (S-63).
///
/// Safety: whole pages that nobody writes to.
unsafe fn become_anonymous(at: *mut u8, size: usize) -> Result<()> {
    let copy = Pages::map(size)?;
    std::ptr::copy_nonoverlapping(at, copy.start(), size);
    copy.replace(at)
}

/// Makes every [`ro_after_init!`](crate::ro_after_init) static of this program
/// (or of this shared library) read-only, for ever. Sealing twice is success.
///
/// Errors: as [`seal`](crate::seal); nothing is sealed then and everything
/// stays writable.
pub fn seal_ro_after_init() -> Result<()> {
    let _alone = EDITING.lock().unwrap_or_else(|poison| poison.into_inner());
    if FIRST.is_sealed() {
        return Ok(());
    }
    let pages = section();
    // Safety: EDITING is held, so nobody writes, and before the seal nobody has
    // a reference.
    unsafe { become_anonymous(pages.start as *mut u8, pages.len())? };
    unsafe { make_immutable(pages.start as *mut u8, pages.len(), Engine::Automatic)? };
    SEALED.store(true, Ordering::Release);
    Ok(())
}
