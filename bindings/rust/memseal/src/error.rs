// SPDX-License-Identifier: Apache-2.0
use std::fmt;
use std::io;

/// Why memseal refused, by cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The address is not a multiple of the page size.
    Unaligned,
    /// An argument that no call takes: an unknown type, a range that wraps.
    Invalid,
    /// A part of the range is not mapped, or memory is short.
    NotMapped,
    /// No room: the arena's reservation, the arenas, or memory is used up.
    Exhausted,
    /// Not sealed yet: it can be read here only after that.
    NotSealed,
    /// Sealed already: it can be written no more.
    AlreadySealed,
    /// Wiped, or in a child that has no secret of its parent's.
    AlreadyWiped,
    /// No more memory may be locked.
    LockedMemory,
    /// No engine here enforces what was asked for.
    Unsupported,
    /// The kernel takes no more filter instructions.
    FilterBudget,
    /// A thread could not be brought under the seal.
    Busy,
    /// The kernel refused for a reason of its own: see [`Error::errno`].
    Kernel,
}

/// A refusal. Nothing was sealed, unless the function says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    errno: i32,
}

pub(crate) const ENOMEM: i32 = 12;
pub(crate) const EINVAL: i32 = 22;

impl Error {
    pub(crate) fn new(kind: ErrorKind, errno: i32) -> Error {
        Error { kind, errno }
    }

    /// From errno, where nothing more is known of the cause.
    pub(crate) fn last() -> Error {
        let errno = io::Error::last_os_error().raw_os_error().unwrap_or(0);
        let kind = match errno {
            ENOMEM => ErrorKind::NotMapped,
            EINVAL => ErrorKind::Invalid,
            13 => ErrorKind::AlreadySealed, // EACCES
            95 => ErrorKind::Unsupported,   // EOPNOTSUPP
            7 => ErrorKind::FilterBudget,   // E2BIG
            16 => ErrorKind::Busy,          // EBUSY
            116 => ErrorKind::AlreadyWiped, // ESTALE
            _ => ErrorKind::Kernel,
        };
        Error { kind, errno }
    }

    /// As `last`, where ENOMEM can only mean that there is no room.
    pub(crate) fn last_of_room() -> Error {
        let error = Error::last();
        match error.kind {
            ErrorKind::NotMapped => Error::new(ErrorKind::Exhausted, error.errno),
            _ => error,
        }
    }

    /// The cause.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The errno of the C interface, 0 where the refusal is this crate's own.
    pub fn errno(&self) -> i32 {
        self.errno
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self.kind {
            ErrorKind::Unaligned => "round the address down to a page, or let Sealed or Arena place the value",
            ErrorKind::Invalid => "check types, flags, alignment and length",
            ErrorKind::NotMapped => "map the whole range first; if it is mapped, raise vm.max_map_count or the memory limit",
            ErrorKind::Exhausted => "reserve a larger arena, share one arena (a process has 256), or raise the memory limit",
            ErrorKind::NotSealed => "call seal() on it, or seal_ro_after_init(), before this",
            ErrorKind::AlreadySealed => "write everything, and ask for all types, before the seal: there is no unseal",
            ErrorKind::AlreadyWiped => "make a new secret; a child makes its own",
            ErrorKind::LockedMemory => "raise RLIMIT_MEMLOCK (ulimit -l), or keep fewer secrets",
            ErrorKind::Unsupported => "ask for all types and Engine::Automatic; `memseal doctor` says what this system has",
            ErrorKind::FilterBudget => "seal many ranges by one call, or values in one Arena",
            ErrorKind::Busy => "seal before threads with seccomp filters of their own start, or take Engine::Native",
            ErrorKind::Kernel => "see the errno, and `memseal doctor`",
        }
    }

    fn sentence(&self) -> &'static str {
        match self.kind {
            ErrorKind::Unaligned => "the address is not page-aligned",
            ErrorKind::Invalid => "an argument is not valid",
            ErrorKind::NotMapped => "part of the range is not mapped, or memory is short",
            ErrorKind::Exhausted => "there is no room left",
            ErrorKind::NotSealed => "it is not sealed yet",
            ErrorKind::AlreadySealed => "it is sealed already",
            ErrorKind::AlreadyWiped => "the secret is wiped, or was the parent's",
            ErrorKind::LockedMemory => "no more memory may be locked",
            ErrorKind::Unsupported => "no engine on this system can enforce it",
            ErrorKind::FilterBudget => "the kernel takes no more filter instructions",
            ErrorKind::Busy => "a thread could not be brought under the seal",
            ErrorKind::Kernel => "the kernel refused",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.sentence())?;
        if self.errno != 0 {
            write!(out, " (errno {})", self.errno)?;
        }
        write!(out, ": {}", self.cure())
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match error.kind {
            ErrorKind::Unaligned | ErrorKind::Invalid => io::ErrorKind::InvalidInput,
            ErrorKind::Exhausted => io::ErrorKind::OutOfMemory,
            ErrorKind::Unsupported => io::ErrorKind::Unsupported,
            ErrorKind::AlreadySealed => io::ErrorKind::PermissionDenied,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}
