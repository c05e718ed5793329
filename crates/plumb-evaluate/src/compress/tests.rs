//! Verdicts on made-up footprints and made-up rows.

use plumb_data::{Column, Kind, Table};
use plumb_ledger::{Seed, Verdict, practice};
use plumb_stats::{Bootstrap, metric};

use super::*;
use crate::scored::{Scored, Truth};

fn footprint(bytes: usize, ms: f64) -> Footprint {
    let latency = vec![Latency { batch: 1, median_ms: ms, p99_ms: 2.0 * ms }];
    Footprint { bytes, parameters: bytes / 4, latency }
}

/// Rows of two classes, right where `right` says so.
fn scored(rows: u32, right: impl Fn(u32) -> bool) -> Scored {
    let class = |row: u32| row % 2;
    let predicted = (0..rows)
        .flat_map(|row| if right(row) == (class(row) == 0) { [0.9, 0.1] } else { [0.1, 0.9] })
        .collect();
    Scored {
        rows: (0..rows).collect(),
        truth: Truth::Classes((0..rows).map(class).collect()),
        predicted,
        width: 2,
        labels_only: false,
    }
}

fn table(rows: u32) -> Table {
    let group = (0..rows).map(|row| Some(if row < 100 { "few" } else { "many" }));
    Table::new(vec![Column::category("group", Kind::Category, group)]).unwrap()
}

fn kept(rows: u32, before: impl Fn(u32) -> bool, after: impl Fn(u32) -> bool) -> Kept {
    let (before, after) = (scored(rows, before), scored(rows, after));
    let columns = ["group".to_owned()];
    let found = Kept::new(
        (&before, &after),
        metric("accuracy").unwrap(),
        0.01,
        &Bootstrap::new(Seed(0)),
        (&table(rows), &columns),
    );
    found.unwrap()
}

fn context(kept: Option<Kept>) -> CompressContext {
    CompressContext {
        before: footprint(4000, 2.0),
        after: footprint(1000, 1.0),
        same_arithmetic: None,
        kept,
        layers: Vec::new(),
    }
}

fn verdict(id: &str, context: &CompressContext) -> Verdict {
    let practice = PRACTICES.iter().find(|practice| practice.page.id == id).unwrap();
    (practice.judge)(context).verdict
}

#[test]
fn pages_are_whole_and_every_practice_answers_whatever_is_missing() {
    let pages: Vec<_> = PRACTICES.iter().map(|practice| practice.page).collect();
    assert_eq!(practice::faults(&pages), Vec::<String>::new());
    let empty = Footprint { bytes: 0, parameters: 0, latency: Vec::new() };
    let nothing = CompressContext { before: empty.clone(), after: empty, ..context(None) };
    for practice in PRACTICES {
        assert_eq!((practice.judge)(&nothing).verdict, Verdict::Skipped, "{}", practice.page.id);
    }
}

#[test]
fn a_loss_beyond_the_budget_fails_when_it_is_sure_and_warns_when_chance_can_do_it() {
    let id = "compress.accuracy-kept";
    assert_eq!(
        verdict(id, &context(Some(kept(1000, |row| row % 10 > 0, |row| row % 10 > 0)))),
        Verdict::Pass
    );
    let sure = kept(1000, |row| row % 10 > 0, |row| row % 10 > 1);
    assert!((sure.loss - 0.1).abs() < 1e-9 && sure.only_right == Some([100, 0]), "{sure:?}");
    assert_eq!(verdict(id, &context(Some(sure))), Verdict::Fail);
    // One of forty rows, one way and two the other.
    let few = kept(40, |row| row != 3, |row| row > 1 || row == 3);
    assert_eq!(verdict(id, &context(Some(few))), Verdict::Warn);
    let better = kept(1000, |row| row % 10 > 1, |row| row % 10 > 0);
    assert_eq!(verdict(id, &context(Some(better))), Verdict::Pass);
}

#[test]
fn a_loss_in_one_group_is_seen_behind_an_average_that_holds() {
    let hidden = kept(10_000, |_| true, |row| row >= 30);
    assert!(hidden.loss < 0.01);
    let context = context(Some(hidden));
    let judge = PRACTICES[0].judge;
    let found = judge(&context);
    assert_eq!(found.verdict, Verdict::Warn);
    assert!(
        found.summary.contains("`group` = `few`, 70.0 % are right instead of 100.0 %"),
        "{}",
        found.summary
    );
}

#[test]
fn what_is_not_faster_or_not_smaller_fails() {
    let mut of = context(None);
    assert_eq!(verdict("compress.faster", &of), Verdict::Pass);
    assert_eq!(verdict("compress.smaller", &of), Verdict::Pass);
    of.after = footprint(3990, 1.98);
    assert_eq!(verdict("compress.faster", &of), Verdict::Fail);
    assert_eq!(verdict("compress.smaller", &of), Verdict::Fail);
    of.same_arithmetic = Some("weights alone".to_owned());
    assert_eq!(verdict("compress.faster", &of), Verdict::Skipped);
}
