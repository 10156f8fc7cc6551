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
#[path = "data_path/world.rs"]
#[allow(dead_code, reason = "shared with the tests of the data path")]
mod world;

use ask::{Ask, Engine, ask};
use gslb_node::answer::{Verdict, answer};
use gslb_node::wire::code::rtype;
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

fn queries() -> Vec<(&'static str, Ask)> {
    let plain = |name: &str| ask(name, rtype::A);
    vec![
        ("static", plain("static.example.org")),
        ("static with EDNS and DO", plain("static.example.org").opt(1232, 0, 0x80)),
        ("0x20", plain("StAtIc.ExAmPlE.oRg")),
        ("by source", plain("www.example.org")),
        ("by subnet", plain("www.example.org").subnet("198.51.100.0/24")),
        ("weighted", plain("weighted.example.org")),
        ("steered alias", plain("x.apps.example.org").subnet("2001:db8:100::/48")),
        ("alias", plain("alias2.example.org")),
        ("wildcard", plain("x.star.example.org")),
        ("nodata", ask("static.example.org", rtype::HTTPS)),
        ("nxdomain", plain("random.label.deep.nothing.example.org")),
        ("referral", plain("x.sub.example.org")),
        ("refused", plain("example.net").opt(1232, 0, 0)),
        ("any", ask("static.example.org", rtype::ANY)),
        ("truncated", plain("many.example.org")),
        ("badvers", plain("static.example.org").opt(1232, 1, 0)),
        ("formerr", plain("static.example.org").option(8, &[1])),
        ("chaos", ask("id.server", rtype::TXT).class(3)),
        ("nsid", plain("static.example.org").option(3, &[])),
        ("slow", ask("example.org", rtype::AXFR)),
        ("response", plain("static.example.org").byte(2, 0x80)),
    ]
}

#[test]
fn no_query_of_any_kind_allocates() {
    let mut engine = Engine::new();
    let mut buffer = vec![0; 65_535];
    for (what, query) in queries() {
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
