//! Panics of the product: tokio catches them in a task, so that nobody would hear of them.

use std::cell::RefCell;

thread_local! {
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Has every panic of a thread taken down instead of printed.
pub(crate) fn keep_count() {
    std::panic::set_hook(Box::new(|info| {
        SEEN.with_borrow_mut(|seen| seen.push(info.to_string()));
    }));
}

/// The panics of this thread since this was asked last; a seed has one thread.
pub(crate) fn take() -> Vec<String> {
    SEEN.take()
}
