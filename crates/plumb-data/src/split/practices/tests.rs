//! Each practice on a split that keeps it and on one that breaks it.

use plumb_ledger::{Judgement, Seed, Verdict, practice};
use plumb_stats::Task;

use super::*;
use crate::split::{SplitMethod, split};
use crate::{Column, Kind, Labels};

const ROWS: usize = 400;

fn context(columns: Vec<Column>, method: SplitMethod, column: Option<&str>) -> SplitContext {
    let table = Table::new(columns).unwrap();
    let target = Target {
        name: "target".to_owned(),
        task: Task::Binary,
        classes: vec!["no".to_owned(), "yes".to_owned()],
        labels: Labels::Classes((0..table.rows()).map(|row| Some(u32::from(row % 5 == 0))).collect()),
    };
    let column = column.map(str::to_owned);
    let config = SplitConfig { method, column, valid: 0.2, test: 0.2, folds: 0, repeats: 1, seed: Seed(3) };
    let split = Arc::new(split(&table, &target, &config).unwrap());
    SplitContext { table, target, split, config }
}

fn judge(id: &str, context: &SplitContext) -> Judgement {
    let practice = PRACTICES.iter().find(|practice| practice.page.id == id).unwrap();
    (practice.judge)(context)
}

fn verdict(id: &str, context: &SplitContext) -> Verdict {
    judge(id, context).verdict
}

fn normal(name: &str, copied: usize, jitter: f64) -> Column {
    let stream = Seed(1).stream(name);
    let value = |row: usize| {
        let original = if row < copied { row + ROWS / 2 } else { row };
        Some(stream.normal(original as u64) + if row < copied { jitter } else { 0.0 })
    };
    Column::number(name, Kind::Number, (0..ROWS).map(value))
}

fn with_parts(mut context: SplitContext, part: impl Fn(usize) -> Part) -> SplitContext {
    context.split = Arc::new(Split::new((0..context.table.rows()).map(part).collect()));
    context
}

#[test]
fn every_page_is_complete() {
    assert_eq!(practice::faults(PRACTICES.iter().map(|practice| &practice.page)), Vec::<String>::new());
}

#[test]
fn stratified() {
    let good = context(vec![normal("x", 0, 0.0)], SplitMethod::Auto, None);
    assert_eq!(verdict("split.stratified", &good), Verdict::Pass);
    // Every positive row goes to train.
    let others = [Part::Valid, Part::Test, Part::Train];
    let bad = with_parts(good, |row| if row % 5 == 0 { Part::Train } else { others[row % 3] });
    assert_eq!(verdict("split.stratified", &bad), Verdict::Warn);
    let bad =
        SplitContext { config: SplitConfig { method: SplitMethod::Column, ..bad.config.clone() }, ..bad };
    assert_eq!(verdict("split.stratified", &bad), Verdict::Fail);
}

#[test]
fn disjoint() {
    let table = |copied, jitter| ["x", "y", "z"].map(|name| normal(name, copied, jitter)).to_vec();
    let judged =
        |copied, jitter| judge("split.disjoint", &context(table(copied, jitter), SplitMethod::Auto, None));
    assert_eq!(judged(0, 0.0).verdict, Verdict::Pass);
    let exact = judged(60, 0.0);
    assert_eq!(exact.verdict, Verdict::Fail);
    assert_eq!(exact.evidence["near_twins"], 0);
    let near = judged(60, 1e-5);
    assert_eq!(near.verdict, Verdict::Fail);
    assert_eq!(near.evidence["exact_twins"], 0);
}

/// Whole numbers stand on the edges of a grid that starts at the median: their twins must not be parted there.
#[test]
fn near_twins_of_whole_numbers() {
    let columns = (0..30).map(|column| {
        let stream = Seed(2).stream("whole").at(column);
        let value = |row: usize| {
            let whole = stream.below((row % (ROWS / 2)) as u64, 17) as f64;
            Some(if row < ROWS / 2 { whole } else { whole * (1.0 + 1e-6) })
        };
        Column::number(&format!("x{column}"), Kind::Number, (0..ROWS).map(value))
    });
    let context = context(columns.collect(), SplitMethod::Auto, None);
    let judged = judge("split.disjoint", &context);
    let position = |row: usize| Part::USED.iter().position(|&part| part == context.split.parts()[row]);
    let parted = (0..ROWS / 2).filter(|&row| position(row) != position(row + ROWS / 2)).count();
    assert_eq!(
        judged.evidence["near_twins"].as_u64().unwrap() + judged.evidence["exact_twins"].as_u64().unwrap(),
        parted as u64
    );
}

#[test]
fn group_disjoint() {
    let patient =
        || Column::category("patient", Kind::Group, (0..ROWS).map(|row| Some((row / 8).to_string())));
    let columns = || vec![normal("x", 0, 0.0), patient()];
    let kept = context(columns(), SplitMethod::Group, Some("patient"));
    assert_eq!(verdict("split.group-disjoint", &kept), Verdict::Pass);
    let broken = context(columns(), SplitMethod::Auto, None);
    assert_eq!(verdict("split.group-disjoint", &broken), Verdict::Fail);
    let without = context(vec![normal("x", 0, 0.0)], SplitMethod::Auto, None);
    assert_eq!(verdict("split.group-disjoint", &without), Verdict::Skipped);
}

#[test]
fn time_ordered() {
    let day = Column::time("day", Kind::Time, (0..ROWS as i64).map(|row| Some(row * 37 % 400 * 86_400_000)));
    let ignored = context(vec![normal("x", 0, 0.0), day.clone()], SplitMethod::Stratified, None);
    assert_eq!(verdict("split.time-ordered", &ignored), Verdict::Warn);
    let other = Column { name: "other".to_owned(), ..day.clone() };
    let unclear = context(vec![day.clone(), other], SplitMethod::Stratified, None);
    assert_eq!(verdict("split.time-ordered", &unclear), Verdict::Skipped);
    let kept = context(vec![normal("x", 0, 0.0), day], SplitMethod::Time, Some("day"));
    assert_eq!(verdict("split.time-ordered", &kept), Verdict::Pass);
    let broken = with_parts(kept, |row| Part::USED[row % 3]);
    assert_eq!(verdict("split.time-ordered", &broken), Verdict::Fail);
}

#[test]
fn test_untouched() {
    let context = context(vec![normal("x", 0, 0.0)], SplitMethod::Auto, None);
    let read = |purpose| drop(context.split.read_test(purpose));
    assert_eq!(verdict("split.test-untouched", &context), Verdict::Pass);
    read("evaluate");
    assert_eq!(verdict("split.test-untouched", &context), Verdict::Pass);
    read("peek");
    assert_eq!(verdict("split.test-untouched", &context), Verdict::Fail);
}

/// Every practice answers on tables and splits that no pipeline would make.
#[test]
fn hostile_contexts_get_a_verdict() {
    let columns = |rows: usize| {
        vec![
            Column::number(
                "n",
                Kind::Number,
                (0..rows).map(|row| [None, Some(f64::INFINITY), Some(-0.0)][row % 3]),
            ),
            Column::category::<&str>("empty", Kind::Group, (0..rows).map(|_| None)),
            Column::text("text", Kind::Text, (0..rows).map(|row| Some("\u{202e}".repeat(row % 2)))),
            Column::time("time", Kind::Time, (0..rows).map(|row| [None, Some(i64::MIN)][row % 2])),
        ]
    };
    for rows in [0, 1, 2, 7] {
        for method in SplitMethod::ALL {
            for (lengths, target_rows) in [(rows, rows), (rows + 3, 0), (0, rows + 3)] {
                for column in [None, Some("time"), Some("text"), Some("absent")] {
                    let labels = (0..target_rows as u32).map(|row| (row % 2 == 0).then_some(row)).collect();
                    let target = Target {
                        name: "target".to_owned(),
                        task: Task::Binary,
                        classes: vec!["only".to_owned()],
                        labels: Labels::Classes(labels),
                    };
                    let parts =
                        (0..lengths).map(|row| [Part::Train, Part::Test, Part::Unused][row % 3]).collect();
                    let column = column.map(str::to_owned);
                    let context = SplitContext {
                        table: Table::new(columns(rows)).unwrap(),
                        target,
                        split: Arc::new(Split::new(parts)),
                        config: SplitConfig {
                            method,
                            column,
                            valid: 2.0,
                            test: f64::NAN,
                            folds: 0,
                            repeats: 0,
                            seed: Seed(0),
                        },
                    };
                    for practice in PRACTICES {
                        let judged = (practice.judge)(&context);
                        assert!(!judged.summary.is_empty(), "{}", practice.page.id);
                    }
                }
            }
        }
    }
}
