//! The probes as a whole.

use super::*;
use crate::{Column, Kind};

/// A table of `rows` with a number, a noise column, a category and gaps; the score decides the label.
fn planted(rows: usize) -> (Table, Vec<f64>) {
    let stream = Seed(1).stream("planted");
    let x: Vec<f64> = (0..rows as u64).map(|row| stream.at(0).normal(row)).collect();
    let noise = (0..rows as u64).map(|row| Some(stream.at(1).normal(row)));
    let level: Vec<usize> = (0..rows as u64).map(|row| stream.at(2).below(row, 3)).collect();
    let gaps = x.iter().enumerate().map(|(row, &x)| (row % 10 != 0).then_some(x));
    let columns = vec![
        Column::number("x", Kind::Number, gaps),
        Column::number("noise", Kind::Number, noise),
        Column::category("c", Kind::Category, level.iter().map(|&level| Some(["a", "b", "c"][level]))),
        Column::text("note", Kind::Text, x.iter().zip(&level).map(|(x, level)| Some(note(*x, *level)))),
    ];
    let score = x.iter().zip(&level).map(|(x, &level)| x + [0.0, 2.0, -2.0][level]).collect();
    (Table::new(columns).unwrap(), score)
}

/// A few words that tell most of the score.
fn note(x: f64, level: usize) -> String {
    let size = ["tiny", "small", "middling", "large", "huge"][(x + 2.5).clamp(0.0, 4.0) as usize];
    format!("a {size} thing, {} coloured", ["red", "green", "blue"][level])
}

fn classes(names: &[&str], codes: impl Iterator<Item = u32>) -> Target {
    Target {
        name: "y".to_owned(),
        task: if names.len() > 2 { Task::Multiclass } else { Task::Binary },
        classes: names.iter().map(|&name| name.to_owned()).collect(),
        labels: Labels::Classes(codes.map(Some).collect()),
    }
}

fn numbers(values: &[f64]) -> Target {
    let labels = Labels::Numbers(values.iter().map(|&value| Some(value)).collect());
    Target { name: "y".to_owned(), task: Task::Regression, classes: Vec::new(), labels }
}

fn accuracy(target: &Target, rows: &[u32], predictions: &Predictions) -> f64 {
    let right = predictions.classes().iter().zip(target.codes_of(rows)).filter(|&(p, c)| *p == c).count();
    right as f64 / rows.len() as f64
}

#[test]
fn what_was_planted_is_found_out_of_fold() {
    let (table, score) = planted(2000);
    let rows: Vec<u32> = (0..2000).collect();
    let two = classes(&["no", "yes"], score.iter().map(|&s| u32::from(s > 0.0)));
    let three = classes(&["a", "b", "c"], score.iter().map(|&s| u32::from(s > -1.0) + u32::from(s > 1.0)));
    for kind in [ProbeKind::Linear, ProbeKind::BoostedTrees] {
        let found = out_of_fold(kind, &table, &two, &rows, 4, Seed(0)).unwrap();
        assert!(accuracy(&two, &rows, &found) > 0.9, "{kind:?}");
        let found = out_of_fold(kind, &table, &three, &rows, 4, Seed(0)).unwrap();
        assert!(accuracy(&three, &rows, &found) > 0.85, "{kind:?}");
        let target = numbers(&score.iter().map(|s| 1e6 + 1e3 * s).collect::<Vec<_>>());
        let Predictions::Numbers(found) = out_of_fold(kind, &table, &target, &rows, 4, Seed(0)).unwrap()
        else {
            panic!("numbers are predicted")
        };
        let error =
            found.iter().zip(&score).map(|(f, s)| ((f - 1e6) / 1e3 - s).powi(2)).sum::<f64>() / 2000.0;
        assert!(error < 0.2, "{kind:?}: the variance is 3.7, the gaps alone cost 0.1: {error}");
    }
}

#[test]
fn probabilities_sum_to_one_and_rows_keep_their_order() {
    let (table, score) = planted(300);
    let target = classes(&["a", "b", "c"], score.iter().map(|&s| u32::from(s > -1.0) + u32::from(s > 1.0)));
    let rows: Vec<u32> = (0..300).collect();
    for kind in ProbeKind::ALL {
        let probe = fit(kind, &table, &target, &rows[..200], Seed(0)).unwrap();
        let Predictions::Probabilities { values, .. } = probe.predict(&table, &[250, 3]).unwrap() else {
            panic!("probabilities are predicted")
        };
        let Predictions::Probabilities { values: swapped, .. } = probe.predict(&table, &[3, 250]).unwrap()
        else {
            panic!("probabilities are predicted")
        };
        assert_eq!(values[..3], swapped[3..]);
        assert!(values.chunks(3).all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-12));
    }
}

#[test]
fn the_bits_do_not_depend_on_the_threads() {
    let (table, score) = planted(20_000);
    let target = classes(&["no", "yes"], score.iter().map(|&s| u32::from(s > 0.3)));
    let rows: Vec<u32> = (0..20_000).collect();
    for kind in ProbeKind::ALL {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| out_of_fold(kind, &table, &target, &rows, 2, Seed(5)).unwrap())
        };
        assert_eq!(with(1), with(3), "{kind:?}");
    }
}

#[test]
fn rows_outside_the_fit_change_nothing() {
    let (table, score) = planted(400);
    let target = |last: u32| {
        classes(
            &["no", "yes"],
            score.iter().enumerate().map(move |(row, &s)| if row < 300 { u32::from(s > 0.0) } else { last }),
        )
    };
    let rows: Vec<u32> = (0..300).collect();
    for kind in ProbeKind::ALL {
        let with =
            |last| fit(kind, &table, &target(last), &rows, Seed(0)).unwrap().predict(&table, &rows).unwrap();
        assert_eq!(with(0), with(1));
    }
}

#[test]
fn hostile_tables_get_an_answer_or_an_error() {
    let stream = Seed(9).stream("hostile");
    let odd = [None, Some(f64::INFINITY), Some(f64::MIN), Some(f64::MAX), Some(-0.0), Some(1e-310)];
    for rows in [1usize, 2, 3, 50] {
        let number = |row: usize| odd[stream.below(row as u64, odd.len())];
        let table = Table::new(vec![
            Column::number("n", Kind::Number, (0..rows).map(number)),
            Column::number("empty", Kind::Number, (0..rows).map(|_| None)),
            Column::category::<&str>("no level", Kind::Category, (0..rows).map(|_| None)),
            Column::category("id", Kind::Category, (0..rows).map(|row| Some(row.to_string()))),
            Column::time("t", Kind::Time, (0..rows).map(|row| [None, Some(i64::MAX), Some(0)][row % 3])),
            Column::text(
                "s",
                Kind::Text,
                (0..rows).map(|row| [Some("\u{0}ab \u{301}\u{1f980}ab"), Some("ab ab")][row % 2]),
            ),
        ])
        .unwrap();
        let all: Vec<u32> = (0..rows as u32).collect();
        let extreme: Vec<f64> = (0..rows).map(|row| [f64::MAX, f64::MIN, 0.0][row % 3]).collect();
        let one_class = classes(&["only"], (0..rows).map(|_| 0));
        let absent_class = classes(&["a", "never", "b"], (0..rows as u32).map(|row| row % 2 * 2));
        for target in [numbers(&extreme), one_class, absent_class, numbers(&vec![1.0; rows])] {
            for kind in ProbeKind::ALL {
                let fitted = fit(kind, &table, &target, &all, Seed(0));
                if kind == ProbeKind::TfIdf && rows == 1 {
                    assert_eq!(fitted.unwrap_err(), ProbeError::NoTexts);
                    continue;
                }
                let probe = fitted.unwrap();
                let (Predictions::Probabilities { values, .. } | Predictions::Numbers(values)) =
                    probe.predict(&table, &all).unwrap();
                assert!(values.iter().all(|value| value.is_finite()), "{kind:?} {rows} {:?}", target.task);
                // Terms must stand in two of the rows outside a fold.
                let least = if kind == ProbeKind::TfIdf { 4 } else { 2 };
                assert_eq!(out_of_fold(kind, &table, &target, &all, 2, Seed(0)).is_ok(), rows >= least);
            }
        }
        assert!(fit(ProbeKind::Linear, &table, &numbers(&extreme), &[], Seed(0)).is_err());
    }
}

#[test]
fn two_samples_are_told_apart_only_when_they_differ() {
    let (table, _) = planted(2000);
    let half = |keep: usize, shift: f64| {
        let rows = (0..2000).filter(|row| row % 2 == keep);
        let x = table.columns()[1].numbers().unwrap();
        Table::new(vec![Column::number("x", Kind::Number, rows.map(|row| Some(x.value(row) + shift)))])
            .unwrap()
    };
    let same = separates(&half(0, 0.0), &half(1, 0.0), Seed(0));
    assert!((same - 0.5).abs() < 0.06, "{same}");
    assert!(separates(&half(0, 0.0), &half(1, 2.0), Seed(0)) > 0.85);
}
