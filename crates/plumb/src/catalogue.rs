//! Every practice of every crate: the only list of pages.

use plumb_ledger::Page;

/// The pages of all practices, in the order of the stages.
pub(crate) fn pages() -> Vec<&'static Page> {
    Vec::new()
}

/// The page of that id.
pub(crate) fn page(id: &str) -> Option<&'static Page> {
    pages().into_iter().find(|page| page.id == id)
}
