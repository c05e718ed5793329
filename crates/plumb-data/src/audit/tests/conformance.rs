//! Every practice, on hostile and on random tables: always a verdict, never a panic, the same one twice.

use plumb_ledger::Verdict;
use plumb_stats::Task;
use proptest::prelude::*;

use super::context;
use crate::audit::{AuditContext, PRACTICES, profile};
use crate::{Column, Kind, Labels, Table, Target};

fn classes(codes: Vec<Option<u32>>, count: u32) -> Target {
    let task = if count > 2 { Task::Multiclass } else { Task::Binary };
    let classes = (0..count).map(|class| class.to_string()).collect();
    Target { name: "y".into(), task, classes, labels: Labels::Classes(codes) }
}

fn numbers(numbers: Vec<Option<f64>>) -> Target {
    Target { name: "y".into(), task: Task::Regression, classes: Vec::new(), labels: Labels::Numbers(numbers) }
}

/// Asks everything twice; the second time on a fresh context.
fn judge(make: impl Fn() -> AuditContext) {
    let ask = || {
        let context = make();
        let judged: Vec<_> = PRACTICES.iter().map(|practice| (practice.judge)(&context)).collect();
        (judged, serde_json::to_string(&profile(&context)).unwrap())
    };
    let (first, second) = (ask(), ask());
    assert_eq!(first, second);
    for judged in &first.0 {
        assert!(!judged.summary.is_empty());
        assert_eq!(judged.verdict == Verdict::Skipped, judged.reason.is_some(), "{}", judged.summary);
    }
    assert!(serde_json::from_str::<crate::audit::Profile>(&first.1).is_ok());
}

fn with_targets(table: &Table) {
    let rows = table.rows();
    let targets = [
        None,
        Some(classes(vec![None; rows], 2)),
        Some(classes(vec![Some(0); rows], 1)),
        Some(classes((0..rows).map(|row| Some(row as u32 % 3)).collect(), 3)),
        Some(classes((0..rows).map(|row| Some(row as u32)).collect(), rows as u32)),
        Some(numbers((0..rows).map(|row| (row % 2 == 0).then_some(row as f64 * 1e307)).collect())),
        Some(numbers(vec![Some(5e-324); rows])),
        Some(numbers(vec![Some(1.0); rows + 1])),
    ];
    for target in targets {
        judge(|| {
            let mut context = context(table.clone());
            context.target.clone_from(&target);
            context.groups = vec!["c".into(), "absent".into(), "x".into()];
            context.reference = Some(table.clone());
            context
        });
    }
}

fn table(columns: Vec<Column>) -> Table {
    Table::new(columns).unwrap()
}

#[test]
fn pages_are_whole() {
    assert_eq!(
        plumb_ledger::practice::faults(PRACTICES.iter().map(|practice| &practice.page)),
        Vec::<String>::new()
    );
}

#[test]
fn no_columns_no_rows_one_row() {
    with_targets(&table(Vec::new()));
    for rows in [0, 1, 2] {
        with_targets(&table(vec![
            Column::number("x", Kind::Number, vec![Some(1.0); rows]),
            Column::category("c", Kind::Category, vec![Some("a"); rows]),
            Column::text("t", Kind::Text, vec![Some("a b"); rows]),
            Column::time("w", Kind::Time, vec![Some(i64::MAX); rows]),
        ]));
    }
}

#[test]
fn everything_missing_or_the_same() {
    with_targets(&table(vec![
        Column::number("x", Kind::Number, vec![None; 120]),
        Column::category("c", Kind::Category, vec![None::<&str>; 120]),
        Column::text("t", Kind::Text, vec![None::<&str>; 120]),
        Column::time("w", Kind::Time, vec![None; 120]),
    ]));
    with_targets(&table(vec![
        Column::number("x", Kind::Number, vec![Some(-0.0); 120]),
        Column::category("c", Kind::Category, vec![Some(""); 120]),
    ]));
}

#[test]
fn extreme_numbers_and_times() {
    let extremes =
        [f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, f64::MAX, f64::MIN, 5e-324, -0.0, 0.0, f64::NAN];
    let cycle = |shift: usize| (0..150).map(move |row| Some(extremes[(row * 7 + shift) % extremes.len()]));
    let times = [i64::MIN, i64::MAX, 0, -1, 1 << 53];
    with_targets(&table(vec![
        Column::number("x", Kind::Number, cycle(0)),
        Column::number("z", Kind::Number, cycle(3)),
        Column::number("i", Kind::Number, vec![Some(f64::INFINITY); 150]),
        Column::time("w", Kind::Time, (0..150).map(|row| Some(times[row % times.len()]))),
        Column::category("c", Kind::Group, (0..150).map(|row| Some((row % 2).to_string()))),
    ]));
}

#[test]
fn hostile_names_and_levels() {
    let long = "n".repeat(10_000);
    let levels =
        ["\u{202e}abc", "abc", "\0", "=cmd()", "<script>", "\u{ff41}bc", "", " ", ".", "'", "-", "e\u{301}"];
    with_targets(&table(vec![
        Column::category(&long, Kind::Category, (0..240).map(|row| Some(levels[row % levels.len()]))),
        Column::category("\u{202e}c", Kind::Category, (0..240).map(|row| Some(format!("{long}{}", row % 3)))),
        Column::text("", Kind::Text, (0..240).map(|row| Some(levels[row % 5]))),
        Column::category("c", Kind::Image, (0..240).map(|row| Some(format!("../{row}.png")))),
    ]));
}

#[test]
fn every_row_its_own_level() {
    with_targets(&table(vec![
        Column::category("c", Kind::Category, (0..1_500).map(|row| Some(format!("level number {row}")))),
        Column::number("x", Kind::Id, (0..1_500).map(|row| Some(f64::from(row)))),
    ]));
}

fn cell() -> impl Strategy<Value = Option<f64>> {
    let finite = prop_oneof![Just(0.0), -3.0..3.0f64, any::<f64>(), Just(f64::INFINITY), Just(1e308)];
    proptest::option::weighted(0.8, finite)
}

fn level() -> impl Strategy<Value = Option<String>> {
    proptest::option::weighted(0.8, prop_oneof!["[ab]{1,2}", "\\PC{0,6}", Just("common".to_owned())])
}

prop_compose! {
    fn random_table()(rows in 0usize..160)(
        x in prop::collection::vec(cell(), rows),
        z in prop::collection::vec(cell(), rows),
        c in prop::collection::vec(level(), rows),
        w in prop::collection::vec(proptest::option::of(any::<i64>()), rows),
        y in prop::collection::vec(proptest::option::of(0u32..3), rows),
        by_number in any::<bool>(),
    ) -> (Table, Target) {
        let target = if by_number { numbers(x.iter().map(|x| x.filter(|x| x.is_finite())).collect()) } else { classes(y, 3) };
        let columns = vec![
            Column::number("x", Kind::Number, x),
            Column::number("z", Kind::Number, z),
            Column::category("c", Kind::Category, c.clone()),
            Column::text("t", Kind::Text, c),
            Column::time("w", Kind::Time, w),
        ];
        (table(columns), target)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn random_tables((table, target) in random_table(), (reference, _) in random_table()) {
        judge(|| {
            let mut context = context(table.clone());
            context.target = Some(target.clone());
            context.reference = Some(reference.clone());
            context.groups = vec!["c".into()];
            context
        });
    }
}
