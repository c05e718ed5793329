//! Decisions and verdicts on made-up rows.

use plumb_data::{Column, Kind, Table};
use plumb_ledger::{Seed, Verdict, practice};
use plumb_stats::{Bootstrap, metric};

use super::*;
use crate::scored::{Scored, Truth};

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

fn compared(name: &str, champion: &Scored, challenger: &Scored) -> Compared {
    let rows = champion.rows.len() as u32;
    let group = (0..rows).map(|row| Some(if row < 100 { "few" } else { "many" }));
    let table = Table::new(vec![Column::category("group", Kind::Category, group)]).unwrap();
    let columns = ["group".to_owned()];
    let bootstrap = Bootstrap::new(Seed(0));
    Compared::new((champion, challenger), metric(name).unwrap(), &bootstrap, (&table, &columns)).unwrap()
}

fn context(compared: Compared) -> RetrainContext {
    RetrainContext {
        compared: Ok(compared),
        untouched: Some(Untouched { test: 1000, left_out: 0, known: Known::Rows }),
        rule: Rule { least: 0.0, not_worse: None },
        lost_gates: Vec::new(),
        new_fails: Vec::new(),
        taken: None,
    }
}

fn better() -> RetrainContext {
    context(compared("accuracy", &scored(1000, |row| row % 10 > 1), &scored(1000, |row| row % 10 > 0)))
}

fn verdict(context: &RetrainContext) -> (Decision, Verdict) {
    (context.decision().0, (PRACTICES[0].judge)(context).verdict)
}

#[test]
fn the_page_is_whole_and_the_practice_answers_whatever_is_missing() {
    let pages: Vec<_> = PRACTICES.iter().map(|practice| practice.page).collect();
    assert_eq!(practice::faults(&pages), Vec::<String>::new());
    let nothing = RetrainContext { compared: Err("no rows".to_owned()), untouched: None, ..better() };
    assert_eq!(verdict(&nothing), (Decision::Refuse, Verdict::Fail));
    let mut strange = better();
    if let Ok(of) = &mut strange.compared {
        (of.low, of.gain, of.high) = (f64::NAN, f64::NAN, f64::NAN);
    }
    assert_eq!(verdict(&strange), (Decision::Refuse, Verdict::Fail));
    strange.rule.not_worse = Some(f64::INFINITY);
    assert_eq!(verdict(&strange), (Decision::Refuse, Verdict::Fail));
}

#[test]
fn only_a_gain_beyond_chance_promotes() {
    assert_eq!(verdict(&better()), (Decision::Promote, Verdict::Pass));
    let worse = compared("accuracy", &scored(1000, |row| row % 10 > 0), &scored(1000, |row| row % 10 > 1));
    assert!((worse.gain + 0.1).abs() < 1e-9 && worse.only_right == Some([100, 0]), "{worse:?}");
    assert_eq!(verdict(&context(worse)), (Decision::Refuse, Verdict::Fail));
    let same = scored(1000, |row| row % 10 > 0);
    assert_eq!(verdict(&context(compared("accuracy", &same, &same))), (Decision::Refuse, Verdict::Fail));
    let few = compared("accuracy", &scored(40, |row| row > 1), &scored(40, |_| true));
    assert_eq!(verdict(&context(few)), (Decision::Refuse, Verdict::Fail), "two of forty rows");
}

#[test]
fn the_gain_is_one_whichever_way_the_metric_goes() {
    for name in ["accuracy", "log_loss"] {
        let found = compared(name, &scored(1000, |row| row % 10 > 1), &scored(1000, |row| row % 10 > 0));
        assert!(found.gain > 0.0 && found.low > 0.0 && found.low < found.high, "{found:?}");
        assert!((found.gain - (found.challenger - found.champion).abs()).abs() < 1e-12, "{found:?}");
    }
}

#[test]
fn least_and_margin_change_what_is_asked() {
    let mut of = better();
    of.rule.least = 0.2;
    assert_eq!(verdict(&of), (Decision::Refuse, Verdict::Fail));
    let slightly =
        compared("accuracy", &scored(1000, |row| row % 100 > 1), &scored(1000, |row| row % 100 > 2));
    let mut of = context(slightly);
    assert_eq!(of.decision().0, Decision::Refuse);
    of.rule.not_worse = Some(0.05);
    assert_eq!(of.decision().0, Decision::Promote);
    of.rule.not_worse = Some(0.001);
    assert_eq!(of.decision().0, Decision::Refuse);
}

#[test]
fn a_lost_gate_and_a_champion_that_moved_refuse() {
    let gate = RetrainContext { lost_gates: vec!["evaluate.baseline".to_owned()], ..better() };
    assert_eq!(verdict(&gate), (Decision::Refuse, Verdict::Fail));
    assert!(gate.decision().1.contains("evaluate.baseline"));
    let told = RetrainContext { new_fails: vec!["data.target-leakage".to_owned()], ..better() };
    assert_eq!(verdict(&told), (Decision::Promote, Verdict::Warn));
    let taken = RetrainContext { taken: Some("`a@champion` is version 3 by now".to_owned()), ..better() };
    assert_eq!(verdict(&taken), (Decision::Refuse, Verdict::Fail));
}

#[test]
fn a_group_that_loses_and_rows_of_unknown_past_are_told() {
    let hidden = compared("accuracy", &scored(4000, |row| row % 10 > 1), &scored(4000, |row| row >= 50));
    assert_eq!(verdict(&context(hidden)), (Decision::Promote, Verdict::Warn));
    for known in [Known::Files, Known::No] {
        let untouched = Some(Untouched { test: 1000, left_out: 0, known });
        assert_eq!(verdict(&RetrainContext { untouched, ..better() }), (Decision::Promote, Verdict::Warn));
    }
}

#[test]
fn numbers_are_compared_too() {
    let side = |error: f64| Scored {
        rows: (0..200).collect(),
        truth: Truth::Numbers((0..200).map(f64::from).collect()),
        predicted: (0..200).map(|row| f64::from(row) + error * f64::from(row % 7 - 3)).collect(),
        width: 1,
        labels_only: false,
    };
    let found = compared("rmse", &side(2.0), &side(0.1));
    assert!(found.only_right.is_none() && found.groups.len() == 2, "{found:?}");
    assert_eq!(verdict(&context(found)), (Decision::Promote, Verdict::Pass));
}
