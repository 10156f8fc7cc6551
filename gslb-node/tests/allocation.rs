//! Nothing is allocated between a query and its answer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected must fail"
)]
#![expect(unsafe_code, reason = "a counting allocator cannot be written without")]

#[path = "data_path/ask.rs"]
#[allow(dead_code, reason = "shared with the tests of the data path")]
mod ask;
#[path = "data_path/kinds.rs"]
mod kinds;
#[path = "data_path/world.rs"]
#[allow(dead_code, reason = "shared with the tests of the data path")]
mod world;

use ask::Engine;
use gslb_node::answer::{Verdict, answer};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn no_query_of_any_kind_allocates() {
    let mut engine = Engine::new();
    let mut buffer = vec![0; 65_535];
    for (what, query) in kinds::kinds() {
        let query = query.bytes();
        for tcp in [false, true] {
            engine.meta.tcp = tcp;
            buffer[..query.len()].copy_from_slice(&query);
            let before = ALLOCATIONS.get();
            let verdict = answer(
                &mut engine.worker,
                &engine.published,
                &mut buffer,
                query.len(),
                &engine.meta,
            );
            assert_eq!(ALLOCATIONS.get(), before, "{what}, {verdict:?}");
            let expected = matches!(
                (what, verdict),
                ("slow", Verdict::Slow) | ("response", Verdict::Drop) | (_, Verdict::Send(_))
            );
            assert!(expected, "{what}: {verdict:?}");
        }
    }
    let before = ALLOCATIONS.get();
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(ALLOCATIONS.get(), before + 1, "the count counts");
}
