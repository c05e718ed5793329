//! Every practice of every crate: the only list of pages.

use plumb_ledger::{Page, Practice};

/// The pages of all practices, in the order of the stages.
pub(crate) fn pages() -> Vec<Page> {
    let mut pages = of(plumb_data::audit::PRACTICES);
    pages.extend(of(plumb_data::split::PRACTICES));
    pages.extend(of(plumb_learn::preflight::PRACTICES));
    pages.extend(of(plumb_learn::watch::PRACTICES));
    pages.extend(of(&plumb_evaluate::practices()));
    pages.extend(of(plumb_evaluate::labels::PRACTICES));
    pages.extend(of(plumb_evaluate::explain::PRACTICES));
    pages.extend(of(plumb_evaluate::compress::PRACTICES));
    pages.extend(of(plumb_package::practices::PRACTICES));
    pages.extend(of(plumb_package::documented::PRACTICES));
    pages.extend(of(plumb_serve::monitor::practices::PRACTICES));
    pages.extend(of(plumb_evaluate::retrain::PRACTICES));
    pages
}

fn of<C>(practices: &[Practice<C>]) -> Vec<Page> {
    practices.iter().map(|practice| practice.page).collect()
}

/// The ids of all practices.
pub(crate) fn ids() -> Vec<&'static str> {
    pages().into_iter().map(|page| page.id).collect()
}

/// The page of that id.
pub(crate) fn page(id: &str) -> Option<Page> {
    pages().into_iter().find(|page| page.id == id)
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_practices_share_an_id_and_every_page_is_whole() {
        assert_eq!(plumb_ledger::practice::faults(&super::pages()), Vec::<String>::new());
    }
}
