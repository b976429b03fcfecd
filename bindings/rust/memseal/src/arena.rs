// SPDX-License-Identifier: Apache-2.0
use crate::error::{Error, ErrorKind, EINVAL, ENOMEM};
use crate::{Engine, Result};
use memseal_sys as sys;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::os::raw::c_void;
use std::ptr;
use std::slice;

/// Memory that takes many values and seals them by one call.
///
/// It is never given back, so what is in it is `'static`, and values may refer
/// to each other. A million seals cost no more mappings than one.
///
/// ```
/// #[derive(Clone, Copy)]
/// struct Route { port: u16, name: &'static str }
///
/// let mut arena = memseal::Arena::new()?;
/// let name = arena.put_str("https")?;
/// let routes = arena.put_slice(&[Route { port: 443, name }])?;
/// arena.seal()?;                        // nobody writes to it again
/// assert_eq!((routes[0].port, routes[0].name), (443, "https"));
/// # Ok::<(), memseal::Error>(())
/// ```
pub struct Arena {
    raw: *mut sys::memseal_arena,
}

// Safety: the library's arenas are for any thread, and what is put into one is
// handed out by shared reference, or to the one who has the draft.
unsafe impl Send for Arena {}
unsafe impl Sync for Arena {}

impl Arena {
    /// An arena of 1 TiB of addresses; it takes no memory yet.
    ///
    /// Errors: `Exhausted` (256 arenas, addresses, memory), `Unsupported`,
    /// `FilterBudget`, `Busy`.
    pub fn new() -> Result<Arena> {
        Arena::with_reservation(0, Engine::Automatic)
    }

    /// An arena of `bytes` of addresses (0: 1 TiB; at most 8 TiB). The engine is
    /// automatic, native or filter: an arena knows no other (`Unsupported`).
    pub fn with_reservation(bytes: usize, engine: Engine) -> Result<Arena> {
        let engine = match engine {
            Engine::Automatic => sys::MEMSEAL_ARENA_AUTO,
            Engine::Native => sys::MEMSEAL_ARENA_NATIVE,
            Engine::Filter => sys::MEMSEAL_ARENA_FILTER,
            Engine::Strict => return Err(Error::new(ErrorKind::Unsupported, 0)),
        };
        let mut raw = ptr::null_mut();
        // Safety: `raw` is written on success only.
        match unsafe { sys::memseal_arena_create(&mut raw, bytes, engine) } {
            0 => Ok(Arena { raw }),
            _ => Err(Error::last_of_room()),
        }
    }

    /// Puts a value into the arena. Errors: `Exhausted`; what was put there
    /// before is unharmed and can be sealed.
    pub fn put<T: Copy + 'static>(&self, value: T) -> Result<&'static T> {
        Ok(self.draft(value)?.finish())
    }

    /// Puts a copy of a slice into the arena. Errors: as `put`.
    pub fn put_slice<T: Copy + 'static>(&self, values: &[T]) -> Result<&'static [T]> {
        let place = self.allocate(mem::size_of_val(values), mem::align_of::<T>())? as *mut T;
        // Safety: new memory of that size, which only we know.
        unsafe {
            ptr::copy_nonoverlapping(values.as_ptr(), place, values.len());
            Ok(slice::from_raw_parts(place, values.len()))
        }
    }

    /// Puts a copy of a string into the arena. Errors: as `put`.
    pub fn put_str(&self, text: &str) -> Result<&'static str> {
        let bytes = self.put_slice(text.as_bytes())?;
        // Safety: the same bytes.
        Ok(unsafe { std::str::from_utf8_unchecked(bytes) })
    }

    /// Puts a value there that may still be written, until the draft ends. An
    /// arena with drafts cannot be sealed: the compiler says so.
    pub fn draft<T: Copy + 'static>(&self, value: T) -> Result<Draft<'_, T>> {
        let place = self.allocate(mem::size_of::<T>(), mem::align_of::<T>())? as *mut T;
        // Safety: new memory of that size, which only we know.
        unsafe { place.write(value) };
        Ok(Draft {
            place,
            arena: PhantomData,
        })
    }

    /// Seals everything put there so far, for ever. More may be put and sealed
    /// afterwards; sealing twice is success.
    ///
    /// Errors: `Exhausted` (the kernel's limit of mappings): nothing is sealed.
    pub fn seal(&mut self) -> Result<()> {
        // Safety: an arena of ours; `&mut` says that no draft is left.
        match unsafe { sys::memseal_arena_seal(self.raw) } {
            0 => Ok(()),
            _ => Err(Error::last_of_room()),
        }
    }

    /// Whether a value lies in this arena and is sealed.
    pub fn is_sealed<T: ?Sized>(&self, value: &T) -> bool {
        let at = value as *const T as *const c_void;
        // Safety: the address is only compared.
        unsafe { sys::memseal_arena_is_sealed(self.raw, at, mem::size_of_val(value).max(1)) == 1 }
    }

    /// `Ok` if the value is sealed here, else `NotSealed`: for the end of
    /// start-up.
    pub fn require_sealed<T: ?Sized>(&self, value: &T) -> Result<()> {
        match self.is_sealed(value) {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::NotSealed, 0)),
        }
    }

    fn allocate(&self, size: usize, alignment: usize) -> Result<*mut u8> {
        // Nothing of size 0 is asked for: each value has an address of its own.
        let at = unsafe { sys::memseal_arena_allocate(self.raw, size.max(1), alignment) };
        if at.is_null() {
            let error = Error::last_of_room();
            debug_assert!(error.errno() == ENOMEM || error.errno() == EINVAL);
            return Err(error);
        }
        Ok(at as *mut u8)
    }
}

/// A value in an [`Arena`] that may still be written.
pub struct Draft<'arena, T: 'static> {
    place: *mut T,
    arena: PhantomData<&'arena Arena>,
}

impl<T> Draft<'_, T> {
    /// Ends the writing.
    pub fn finish(self) -> &'static T {
        // Safety: initialised, in memory that lives for ever; the draft, the only
        // way to write there, ends here.
        unsafe { &*self.place }
    }
}

impl<T> Deref for Draft<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // Safety: as finish, for as long as the draft is borrowed.
        unsafe { &*self.place }
    }
}

impl<T> DerefMut for Draft<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // Safety: the draft is the only one who knows the place, and while it
        // lives the arena is borrowed and cannot be sealed.
        unsafe { &mut *self.place }
    }
}
