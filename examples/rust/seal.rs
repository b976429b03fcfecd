// SPDX-License-Identifier: Apache-2.0
// Seals memory from Rust through the C interface, and shows that the seal holds.
//
//   rustc seal.rs -L BUILD -l memseal; ./seal [--unsealed]
use std::ffi::c_void;

#[link(name = "memseal")]
extern "C" {
    fn memseal_arena_create(arena: *mut *mut c_void, size: usize, engine: u32) -> i32;
    fn memseal_arena_allocate(arena: *mut c_void, size: usize, alignment: usize) -> *mut c_void;
    fn memseal_arena_seal(arena: *mut c_void) -> i32;
}
extern "C" {
    fn mprotect(address: *mut c_void, size: usize, protection: i32) -> i32;
}

const PAGE: usize = 4096;
const PROT_READ_WRITE: i32 = 3;

fn main() {
    let mut arena = std::ptr::null_mut();
    // Safety: the calls of memseal_arena.h, with what its contracts ask for.
    let key = unsafe {
        assert_eq!(memseal_arena_create(&mut arena, 0, 0), 0);
        let key = memseal_arena_allocate(arena, PAGE, PAGE) as *mut u8;
        std::ptr::copy_nonoverlapping(b"the key".as_ptr(), key, 7);
        if !std::env::args().any(|word| word == "--unsealed") {
            assert_eq!(memseal_arena_seal(arena), 0);
        }
        std::slice::from_raw_parts(key, 7)
    };
    // Safety: asks for what the seal forbids; a refusal changes nothing.
    let refused = unsafe { mprotect(key.as_ptr() as *mut c_void, PAGE, PROT_READ_WRITE) } == -1;
    println!(
        "{} {}",
        std::str::from_utf8(key).unwrap(),
        if refused { "is sealed" } else { "is NOT sealed" }
    );
}
