// SPDX-License-Identifier: Apache-2.0
use crate::memory::Pages;
use crate::{Engine, Result};
use std::fmt;
use std::mem;
use std::ops::Deref;
use std::ptr;
use std::slice;

/// A value on pages of its own that nobody can change any more.
///
/// It lives until the process ends, so the handle may be copied and is good as
/// a `&'static T`. A seal covers whole pages: for many small values take an
/// [`Arena`](crate::Arena).
///
/// ```
/// use memseal::Sealed;
/// let key = Sealed::<[u8]>::from_slice(b"the key")?;
/// let name = Sealed::<str>::from_str("https")?;
/// assert_eq!((&key[..3], &*name), (&b"the"[..], "https"));
/// # Ok::<(), memseal::Error>(())
/// ```
pub struct Sealed<T: ?Sized + 'static>(&'static T);

impl<T: Copy + 'static> Sealed<T> {
    /// Copies a value into sealed memory.
    ///
    /// Errors: `Exhausted`, `Unsupported`, and the kernel's; nothing stays
    /// mapped then.
    pub fn new(value: T) -> Result<Sealed<T>> {
        Sealed::new_by(value, Engine::Automatic)
    }

    /// The same by an engine of your choice.
    pub fn new_by(value: T, engine: Engine) -> Result<Sealed<T>> {
        Sealed::<[T]>::from_slice_by(slice::from_ref(&value), engine)
            .map(|slice| Sealed(&slice.0[0]))
    }
}

impl<T: Copy + 'static> Sealed<[T]> {
    /// Copies a slice into sealed memory. Errors: as `new`.
    pub fn from_slice(values: &[T]) -> Result<Sealed<[T]>> {
        Sealed::from_slice_by(values, Engine::Automatic)
    }

    /// The same by an engine of your choice.
    pub fn from_slice_by(values: &[T], engine: Engine) -> Result<Sealed<[T]>> {
        let align = mem::align_of::<T>();
        // Pages satisfy every usual alignment; a larger one takes more of them.
        let pages = Pages::map(mem::size_of_val(values).saturating_add(align))?;
        let start = pages.start();
        // Safety: the pages are ours, writable, and large enough; a T is Copy,
        // so its bytes are the value.
        let place = unsafe { start.add(start.align_offset(align)) } as *mut T;
        unsafe { ptr::copy_nonoverlapping(values.as_ptr(), place, values.len()) };
        pages.seal(engine)?;
        // Safety: initialised above, never written or unmapped from here on.
        Ok(Sealed(unsafe {
            slice::from_raw_parts(place, values.len())
        }))
    }
}

impl Sealed<str> {
    /// Copies a string into sealed memory. Errors: as `new`.
    #[allow(clippy::should_implement_trait)]
    pub fn from_str(text: &str) -> Result<Sealed<str>> {
        let bytes = Sealed::<[u8]>::from_slice(text.as_bytes())?;
        // Safety: the same bytes.
        Ok(Sealed(unsafe { std::str::from_utf8_unchecked(bytes.0) }))
    }
}

impl<T: ?Sized> Sealed<T> {
    /// The value, for as long as the process lives.
    pub fn get(self) -> &'static T {
        self.0
    }
}

impl<T: ?Sized> Clone for Sealed<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Sealed<T> {}

impl<T: ?Sized> Deref for Sealed<T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Sealed<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Sealed").field(&self.0).finish()
    }
}
