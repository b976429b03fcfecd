// SPDX-License-Identifier: Apache-2.0
//! Attacks on sealed values, each beside the same attack on memory that is not
//! sealed. Whatever seals runs in a process of its own.
use memseal::{Arena, Engine, ErrorKind, Sealed, Types};
use std::io::Error;
use std::os::raw::{c_int, c_void};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::ptr::null_mut;

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
    fn mprotect(at: *mut c_void, size: usize, prot: c_int) -> c_int;
    fn mremap(
        at: *mut c_void,
        old: usize,
        new: usize,
        flags: c_int,
        to: *mut c_void,
    ) -> *mut c_void;
    fn fork() -> c_int;
    fn waitpid(child: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn madvise(at: *mut c_void, size: usize, advice: c_int) -> c_int;
}

const PAGE: usize = 4096;
const EPERM: i32 = 1;

/// Runs this test again in a child process, which executes `act` and ends.
/// None: this is the child, and it is over.
fn in_child(name: &str, act: impl FnOnce()) -> ExitStatus {
    if std::env::var("MEMSEAL_CHILD").as_deref() == Ok(name) {
        act();
        std::process::exit(0);
    }
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env("MEMSEAL_CHILD", name)
        .status()
        .unwrap()
}

/// One read-only page with a byte in it, as a value's page before its seal.
fn twin() -> *mut c_void {
    unsafe {
        let at = mmap(null_mut(), PAGE, 3, 0x22, -1, 0);
        assert_ne!(at as isize, -1);
        *(at as *mut u8) = 7;
        assert_eq!(mprotect(at, PAGE, 1), 0);
        at
    }
}

fn judge(failed: bool) -> Result<(), i32> {
    match failed {
        false => Ok(()),
        true => Err(Error::last_os_error().raw_os_error().unwrap()),
    }
}

type Attack = (&'static str, fn(*mut c_void) -> Result<(), i32>);

/// What a corrupted pointer may do to a page; from the mildest on.
const ATTACKS: [Attack; 5] = [
    ("mprotect", |at| {
        judge(unsafe { mprotect(at, PAGE, 3) } != 0)
    }),
    ("madvise", |at| judge(unsafe { madvise(at, PAGE, 4) } != 0)),
    ("mmap", |at| {
        judge(unsafe { mmap(at, PAGE, 3, 0x32, -1, 0) } as isize == -1)
    }),
    ("mremap", |at| {
        judge(unsafe { mremap(at, PAGE, PAGE, 3, at.wrapping_add(1 << 30)) } as isize == -1)
    }),
    ("munmap", |at| judge(unsafe { munmap(at, PAGE) } != 0)),
];

fn page_of<T: ?Sized>(value: &T) -> *mut c_void {
    (value as *const T as *const u8 as usize & !(PAGE - 1)) as *mut c_void
}

fn attack<T: ?Sized>(value: &T) {
    for (name, act) in ATTACKS {
        assert_eq!(act(twin()), Ok(()), "control: {} of an unsealed page", name);
        assert_eq!(act(page_of(value)), Err(EPERM), "{} of a sealed page", name);
    }
}

fn write_through<T>(value: *const T) {
    // By its number: what a corrupted pointer does is not Rust.
    let at = value as usize;
    unsafe { std::ptr::write_volatile(at as *mut u8, 0) };
}

fn sealed_value_stands(engine: Engine) {
    let value = match Sealed::new_by([7u8; 100], engine) {
        Err(error) if error.kind() == ErrorKind::Unsupported => return,
        value => value.unwrap(),
    };
    attack(&*value);
    assert_eq!(*value, [7; 100]);
    assert!(memseal::query(&*value).unwrap().is_sealed());
}

#[test]
fn a_sealed_value_refuses_every_attack_with_each_engine() {
    let name = "a_sealed_value_refuses_every_attack_with_each_engine";
    let status = in_child(name, || {
        for engine in [
            Engine::Automatic,
            Engine::Native,
            Engine::Filter,
            Engine::Strict,
        ] {
            sealed_value_stands(engine);
        }
    });
    assert!(status.success());
}

#[test]
fn a_sealed_arena_refuses_every_attack_with_each_engine() {
    let name = "a_sealed_arena_refuses_every_attack_with_each_engine";
    let status = in_child(name, || {
        for engine in [Engine::Automatic, Engine::Native, Engine::Filter] {
            let mut arena = match Arena::with_reservation(0, engine) {
                Err(error) if error.kind() == ErrorKind::Unsupported => continue,
                arena => arena.unwrap(),
            };
            let text = arena.put_str("kept").unwrap();
            let list = arena.put_slice(&[text; 9]).unwrap();
            let error = arena.require_sealed(list).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotSealed);
            arena.seal().unwrap();
            arena.seal().unwrap(); // twice is success
            arena.require_sealed(list).unwrap();
            attack(list);
            attack(text);
            assert_eq!(list, ["kept"; 9]);
            let later = arena.put(5u32).unwrap(); // the arena goes on
            assert!(!arena.is_sealed(later));
            arena.seal().unwrap();
            assert!(arena.is_sealed(later));
        }
    });
    assert!(status.success());
}

#[test]
fn a_write_to_a_draft_succeeds_and_to_a_sealed_value_is_sigsegv() {
    let name = "a_write_to_a_draft_succeeds_and_to_a_sealed_value_is_sigsegv";
    let status = in_child(name, || {
        let mut arena = Arena::new().unwrap();
        let mut draft = arena.draft(1u8).unwrap();
        *draft = 2;
        let value = draft.finish();
        write_through(value); // control: writable memory
        arena.seal().unwrap();
        write_through(value);
    });
    assert_eq!(status.signal(), Some(11));
}

memseal::ro_after_init! {
    static LIMIT: u32 = 1;
    pub static NAMES: [&str; 2] = ["", ""];
}
static ORDINARY: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);

#[test]
fn statics_are_written_before_their_seal_only() {
    let name = "statics_are_written_before_their_seal_only";
    let status = in_child(name, || {
        assert_eq!(LIMIT.get().unwrap_err().kind(), ErrorKind::NotSealed);
        LIMIT.edit(|limit| *limit = 7).unwrap();
        NAMES.edit(|names| names[1] = "second").unwrap();
        assert_eq!((LIMIT.read(), NAMES.read()[1]), (7, "second"));
        assert!(!memseal::query(&LIMIT).unwrap().is_sealed());
        memseal::seal_ro_after_init().unwrap();
        memseal::seal_ro_after_init().unwrap(); // twice is success
        assert_eq!((*LIMIT, NAMES[1]), (7, "second"));
        let error = LIMIT.edit(|limit| *limit = 8).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadySealed);
        attack(&*LIMIT);
        attack(&*NAMES);
        assert_eq!((*LIMIT, NAMES[1]), (7, "second"));
        // What lies beside them can still be written.
        ORDINARY.store(2, std::sync::atomic::Ordering::Relaxed);
        write_through(&*LIMIT);
    });
    assert_eq!(status.signal(), Some(11));
}

#[test]
fn the_program_seals_its_own_code() {
    let status = in_child("the_program_seals_its_own_code", || {
        let code = page_of(unsafe { &*(page_of as fn(&u8) -> *mut c_void as *const u8) });
        // Control: the same call, changing nothing, before the seal.
        assert_eq!(judge(unsafe { mprotect(code, PAGE, 5) } != 0), Ok(()));
        memseal::seal_self(Engine::Automatic).unwrap();
        assert_eq!(judge(unsafe { mprotect(code, PAGE, 5) } != 0), Err(EPERM));
        assert_eq!(judge(unsafe { munmap(code, PAGE) } != 0), Err(EPERM));
    });
    assert!(status.success());
}

#[test]
fn every_wrong_use_names_its_cure() {
    let status = in_child("every_wrong_use_names_its_cure", || unsafe {
        let page = twin() as *mut u8;
        let refused = |at, types| memseal::seal(at, PAGE, types, Engine::Automatic).unwrap_err();

        let unaligned = refused(page.add(1), Types::ALL);
        assert_eq!(unaligned.kind(), ErrorKind::Unaligned);
        assert!(unaligned.to_string().contains("round the address down"));

        let gone = twin();
        assert_eq!(munmap(gone, PAGE), 0);
        let unmapped = refused(gone as *mut u8, Types::ALL);
        assert_eq!(unmapped.kind(), ErrorKind::NotMapped);
        assert!(unmapped.to_string().contains("map the whole range first"));

        memseal::seal(page, PAGE, Types::MUNMAP | Types::SEAL, Engine::Filter).unwrap();
        memseal::seal(page, PAGE, Types::MUNMAP, Engine::Filter).unwrap(); // nothing gained
        let closed = refused(page, Types::ALL);
        assert_eq!(closed.kind(), ErrorKind::AlreadySealed);
        assert!(closed.to_string().contains("there is no unseal"));

        let mut arena = Arena::with_reservation(1, Engine::Automatic).unwrap();
        let before = arena.put(1u8).unwrap();
        let full = arena.put_slice(&[0u64; 1 << 18]).unwrap_err(); // 2 MiB
        assert_eq!(full.kind(), ErrorKind::Exhausted);
        assert!(full.to_string().contains("larger arena"));
        arena.seal().unwrap(); // what was there before can be sealed
        assert!(arena.is_sealed(before));

        let strict = Arena::with_reservation(0, Engine::Strict).err().unwrap();
        assert_eq!(strict.kind(), ErrorKind::Unsupported);
        assert!(std::io::Error::from(full).kind() == std::io::ErrorKind::OutOfMemory);
    });
    assert!(status.success());
}

#[test]
fn values_of_every_shape_are_what_they_were() {
    #[derive(Clone, Copy, PartialEq, Debug)]
    #[repr(align(8192))]
    struct Large(u8);
    let status = in_child("values_of_every_shape_are_what_they_were", || {
        let large = Sealed::new(Large(3)).unwrap();
        assert_eq!(*large, Large(3));
        assert_eq!(&*large as *const Large as usize % 8192, 0);
        attack(&*large);
        Sealed::new(()).unwrap();
        assert_eq!(&*Sealed::<[u32]>::from_slice(&[]).unwrap(), &[]);
        assert_eq!(&*Sealed::<str>::from_str("é").unwrap(), "é");
        let many: Vec<u64> = (0..10_000).collect();
        let sealed = Sealed::<[u64]>::from_slice(&many).unwrap();
        attack(&sealed[9_999]);
        assert_eq!(&*sealed, &many[..]);
    });
    assert!(status.success());
}

#[test]
fn a_sealed_secret_refuses_every_attack_and_has_no_child() {
    let name = "a_sealed_secret_refuses_every_attack_and_has_no_child";
    let status = in_child(name, || {
        let mut secret = memseal::Secret::new(32).unwrap();
        secret.bytes_mut().unwrap().copy_from_slice(&[7; 32]);
        assert_eq!(format!("{:?}", secret), "Secret of 32 bytes");
        let key = secret.seal().unwrap();
        attack(key.bytes().unwrap());
        assert_eq!(key.bytes().unwrap(), [7; 32]);
        let child = unsafe { fork() };
        if child == 0 {
            let wiped = key.bytes().unwrap_err();
            let right = wiped.kind() == ErrorKind::AlreadyWiped
                && wiped.to_string().contains("make a new secret");
            std::process::exit(if right { 0 } else { 1 });
        }
        let mut status = -1;
        assert_eq!(unsafe { waitpid(child, &mut status, 0) }, child);
        assert_eq!(status, 0);
        assert_eq!(key.bytes().unwrap(), [7; 32]);
        assert_eq!(
            memseal::Secret::new(0).unwrap_err().kind(),
            ErrorKind::Invalid
        );
        write_through(key.bytes().unwrap().as_ptr());
    });
    assert_eq!(status.signal(), Some(11));
}
