//! The page of a monitored model, whatever its names are.

use plumb_ledger::Ledger;
use plumb_serve::monitor::practices::PRACTICES;

use super::sample::figures;
use super::*;

fn page(figures: &Figures) -> String {
    let mut ledger = Ledger::new(&figures.model);
    ledger.judge_all(PRACTICES, figures, |_| {});
    render(figures, &ledger).unwrap()
}

/// Every tag without its quoted values, but `code`, of which a pair of backticks makes one.
fn tags(page: &str) -> Vec<String> {
    let tags = page.split('<').skip(1).filter_map(|rest| rest.split('>').next());
    let unquoted = tags.map(|tag| tag.split('"').step_by(2).collect::<Vec<_>>().join("\"\""));
    unquoted.filter(|tag| !matches!(tag.as_str(), "code" | "/code")).collect()
}

#[test]
fn hostile_names_stay_text() {
    let plain = page(&figures("x"));
    assert!(plain.contains("<h1>The model is worse than it was</h1>"));
    assert!(plain.matches("<svg").count() >= 4, "two charts of drift, two of quality");
    for payload in include_str!("../templates/xss_payloads.txt").lines() {
        let foreign = tags(&page(&figures(payload))).into_iter().find(|tag| !tags(&plain).contains(tag));
        assert!(foreign.is_none(), "{payload} makes markup: {foreign:?}");
    }
}

#[test]
fn an_empty_log_has_a_page() {
    let empty = Figures { windows: Vec::new(), skew: None, labels: None, ..figures("x") };
    assert!(page(&empty).contains("No window is complete yet"));
}
