// SPDX-License-Identifier: Apache-2.0
//! The C interface of libmemseal as its headers declare it: `memseal/memseal.h`,
//! `memseal/memseal_arena.h` and `memseal/memseal_secret.h`, where each function's contract stands. The
//! crate `memseal` is the safe layer above.
#![allow(non_camel_case_types)]

use std::os::raw::{c_char, c_int, c_uint, c_void};

pub const MEMSEAL_SEAL: c_uint = 0x1;
pub const MEMSEAL_MPROTECT: c_uint = 0x2;
pub const MEMSEAL_MUNMAP: c_uint = 0x4;
pub const MEMSEAL_MMAP: c_uint = 0x8;
pub const MEMSEAL_MREMAP: c_uint = 0x10;
pub const MEMSEAL_DISCARD: c_uint = 0x20;
pub const MEMSEAL_ALL: c_uint = 0x3f;
pub const MEMSEAL_MAPPING: c_uint = MEMSEAL_MUNMAP | MEMSEAL_MMAP | MEMSEAL_MREMAP;
pub const MEMSEAL_PROTECTION: c_uint = MEMSEAL_MPROTECT;

pub const MEMSEAL_DOWNGRADABLE: c_uint = 0x1;
pub const MEMSEAL_NATIVE: c_uint = 0x100;
pub const MEMSEAL_FILTER: c_uint = 0x200;
pub const MEMSEAL_STRICT: c_uint = 0x300;
pub const MEMSEAL_ENGINES: c_uint = 0x300;

pub const MEMSEAL_PROT_IMMUTABLE: c_int = 0x10000000;
pub const MEMSEAL_PROT_DOWNGRADABLE: c_int = 0x20000000;

pub const MEMSEAL_BASE_NONE: c_uint = 0;
pub const MEMSEAL_BASE_COMPATIBLE: c_uint = 1;
pub const MEMSEAL_BASE_CLOSED: c_uint = 2;

pub const MEMSEAL_OPEN_IO_URING: u32 = 0x1;
pub const MEMSEAL_OPEN_USERFAULTFD: u32 = 0x2;
pub const MEMSEAL_OPEN_PTRACE: u32 = 0x4;
pub const MEMSEAL_OPEN_SIBLING: u32 = 0x8;
pub const MEMSEAL_OPEN_NATIVE: u32 = 0x10;
pub const MEMSEAL_OPEN_OLDER_RING: u32 = 0x20;
pub const MEMSEAL_OPEN_HUGE_FILE: u32 = 0x40;

pub const MEMSEAL_ARENA_AUTO: c_uint = 0;
pub const MEMSEAL_ARENA_NATIVE: c_uint = 1;
pub const MEMSEAL_ARENA_FILTER: c_uint = 2;

pub const MEMSEAL_SECRET_MEMFD: c_uint = 0x1;
pub const MEMSEAL_SECRET_OPEN: u32 = 0;
pub const MEMSEAL_SECRET_SEALED: u32 = 1;
pub const MEMSEAL_SECRET_WIPED: u32 = 2;
pub const MEMSEAL_SECRET_PARENTS: u32 = 3;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct memseal_range {
    pub addr: *mut c_void,
    pub len: usize,
    pub types: c_uint,
    pub flags: c_uint,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct memseal_info {
    pub size: usize,
    pub begin: usize,
    pub end: usize,
    pub types: u32,
    pub flags: u32,
    pub engine: u32,
    pub filter_types: u32,
    pub base_level: u32,
    pub open: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct memseal_arena_info {
    pub begin: *const c_void,
    pub reservation: usize,
    pub sealed: usize,
    pub open: usize,
    pub engine: c_uint,
}

/// An arena; its content is the library's business.
#[repr(C)]
pub struct memseal_arena {
    private: [u8; 0],
}

/// A secret; its content is the library's business.
#[repr(C)]
pub struct memseal_secret {
    private: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct memseal_secret_info {
    pub info_size: usize,
    pub begin: *const c_void,
    pub size: usize,
    pub state: u32,
    pub flags: u32,
}

extern "C" {
    pub fn memseal(addr: *mut c_void, len: usize, types: c_uint, flags: c_uint) -> c_int;
    pub fn memseal_many(ranges: *const memseal_range, count: usize, flags: c_uint) -> c_int;
    pub fn memseal_mprotect(addr: *mut c_void, len: usize, prot: c_int) -> c_int;
    pub fn memseal_map(
        addr: *mut c_void,
        len: usize,
        prot: c_int,
        map_flags: c_int,
        fd: c_int,
        offset: i64,
        types: c_uint,
        flags: c_uint,
    ) -> *mut c_void;
    pub fn memseal_harden(level: c_uint) -> c_int;
    pub fn memseal_query(addr: *const c_void, info: *mut memseal_info) -> c_int;
    pub fn memseal_self(flags: c_uint) -> c_int;
    pub fn memseal_object(inside: *const c_void, flags: c_uint) -> c_int;
    pub fn memseal_sentence(error: c_int) -> *const c_char;
    pub fn memseal_version() -> *const c_char;

    pub fn memseal_explain_faults() -> c_int;

    pub fn memseal_secret_create(
        secret: *mut *mut memseal_secret,
        size: usize,
        flags: c_uint,
    ) -> c_int;
    pub fn memseal_secret_edit(secret: *mut memseal_secret) -> *mut c_void;
    pub fn memseal_secret_seal(secret: *mut memseal_secret, flags: c_uint) -> c_int;
    pub fn memseal_secret_read(secret: *const memseal_secret) -> *const c_void;
    pub fn memseal_secret_wipe(secret: *mut memseal_secret) -> c_int;
    pub fn memseal_secret_free(secret: *mut memseal_secret) -> c_int;
    pub fn memseal_secret_query(
        secret: *const memseal_secret,
        info: *mut memseal_secret_info,
    ) -> c_int;

    pub fn memseal_arena_create(
        arena: *mut *mut memseal_arena,
        reservation: usize,
        engine: c_uint,
    ) -> c_int;
    pub fn memseal_arena_allocate(
        arena: *mut memseal_arena,
        size: usize,
        alignment: usize,
    ) -> *mut c_void;
    pub fn memseal_arena_seal(arena: *mut memseal_arena) -> c_int;
    pub fn memseal_arena_is_sealed(
        arena: *const memseal_arena,
        address: *const c_void,
        size: usize,
    ) -> c_int;
    pub fn memseal_arena_query(arena: *const memseal_arena, info: *mut memseal_arena_info);
}
