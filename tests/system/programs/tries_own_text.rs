// SPDX-License-Identifier: Apache-2.0
// Works with threads, then exits with what mprotect over its own text answers.
use std::thread;

extern "C" {
    fn mprotect(address: *mut u8, size: usize, protection: i32) -> i32;
}

fn work() -> usize {
    let threads: Vec<_> = (0..8)
        .map(|i| thread::spawn(move || (0..2000).map(|n| vec![0u8; i + n].len()).sum::<usize>()))
        .collect();
    threads.into_iter().map(|t| t.join().unwrap()).sum()
}

fn main() {
    println!("worked {}", work());
    let text = (work as *const () as usize) & !4095;
    let done = unsafe { mprotect(text as *mut u8, 4096, 5) };
    let code = if done == 0 { 0 } else { std::io::Error::last_os_error().raw_os_error().unwrap() };
    std::process::exit(code);
}
