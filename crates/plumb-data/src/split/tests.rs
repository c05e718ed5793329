//! Each method as a whole.

use plumb_ledger::Seed;
use plumb_stats::Task;
use proptest::prelude::*;

use super::*;
use crate::{Column, Kind, Labels, Table, Target};

fn classes(codes: &[Option<u32>]) -> Target {
    let count = codes.iter().flatten().max().map_or(1, |most| most + 1);
    Target {
        name: "y".to_owned(),
        task: if count > 2 { Task::Multiclass } else { Task::Binary },
        classes: (0..count).map(|class| format!("c{class}")).collect(),
        labels: Labels::Classes(codes.to_vec()),
    }
}

fn numbers(rows: usize) -> Target {
    let labels = Labels::Numbers((0..rows).map(|row| Some(row as f64)).collect());
    Target { name: "y".to_owned(), task: Task::Regression, classes: Vec::new(), labels }
}

fn table(columns: Vec<Column>, rows: usize) -> Table {
    let x = Column::number("x", Kind::Number, (0..rows).map(|row| Some(row as f64)));
    Table::new([vec![x], columns].concat()).unwrap()
}

fn config(method: SplitMethod, column: Option<&str>) -> SplitConfig {
    let column = column.map(str::to_owned);
    SplitConfig { method, column, valid: 0.15, test: 0.15, folds: 0, repeats: 1, seed: Seed(1) }
}

fn counts(split: &Split) -> [usize; 4] {
    [Part::Train, Part::Valid, Part::Test, Part::Unused].map(|part| split.count(part))
}

#[test]
fn random_has_the_shares_and_depends_on_the_seed_alone() {
    let (table, target) = (table(vec![], 1000), numbers(1000));
    let made = |seed| {
        let config = SplitConfig { seed: Seed(seed), ..config(SplitMethod::Auto, None) };
        split(&table, &target, &config).unwrap()
    };
    assert_eq!(counts(&made(0)), [700, 150, 150, 0]);
    assert_eq!(made(0).parts(), made(0).parts());
    assert_ne!(made(0).parts(), made(1).parts());
}

#[test]
fn three_rows_make_three_parts_and_two_do_not() {
    let made = |rows| split(&table(vec![], rows), &numbers(rows), &config(SplitMethod::Auto, None));
    assert_eq!(counts(&made(3).unwrap()), [1, 1, 1, 0]);
    assert_eq!(made(2).unwrap_err(), SplitError::TooFewRows { rows: 2, parts: 3 });
    assert_eq!(made(0).unwrap_err(), SplitError::TooFewRows { rows: 0, parts: 3 });
}

proptest! {
    #[test]
    fn stratified_keeps_each_class_within_one_row_of_its_share(
        codes in prop::collection::vec(prop::option::weighted(0.9, 0u32..6), 40..300),
        seed in any::<u64>(),
        (valid, test) in (0.05..0.4, 0.05..0.4),
    ) {
        let target = classes(&codes);
        let config = SplitConfig { seed: Seed(seed), valid, test, ..config(SplitMethod::Auto, None) };
        let made = split(&table(vec![], codes.len()), &target, &config).unwrap();
        for class in 0..target.classes.len() as u32 {
            let total = codes.iter().filter(|&&code| code == Some(class)).count();
            for (part, share) in Part::USED.into_iter().zip(config.shares()) {
                let rows = (0..codes.len()).filter(|&row| codes[row] == Some(class) && made.parts()[row] == part);
                let off = rows.count() as f64 - total as f64 * share;
                prop_assert!(off.abs() < 1.0 + 1e-9, "class {class} {part:?} {off}");
            }
        }
        let unlabelled = codes.iter().filter(|code| code.is_none()).count();
        prop_assert_eq!(made.count(Part::Unused), unlabelled);
    }

    #[test]
    fn folds_test_each_row_once(
        codes in prop::collection::vec(0u32..3, 30..100),
        k in 2usize..6,
        method in prop::sample::select(vec![SplitMethod::Random, SplitMethod::Stratified, SplitMethod::Group]),
    ) {
        let codes: Vec<_> = codes.into_iter().chain([0, 0, 1, 1, 2, 2].repeat(6)).map(Some).collect();
        let groups = Column::category("g", Kind::Group, (0..codes.len()).map(|row| Some((row / 2).to_string())));
        let once = SplitConfig { folds: k, ..config(method, Some("g")) };
        let table = table(vec![groups], codes.len());
        let made = folds(&table, &classes(&codes), &SplitConfig { repeats: 3, ..once.clone() }).unwrap();
        prop_assert_eq!(made.len(), 3 * k);
        for row in 0..codes.len() {
            for repeat in made.chunks(k) {
                let tested = repeat.iter().filter(|split| split.parts()[row] == Part::Test).count();
                prop_assert_eq!(tested, 1);
            }
        }
        let parts = |splits: &[Split]| splits.iter().map(|split| split.parts().to_vec()).collect::<Vec<_>>();
        prop_assert_eq!(parts(&made[..k]), parts(&folds(&table, &classes(&codes), &once).unwrap()));
        prop_assert!(parts(&made[k..2 * k]) != parts(&made[2 * k..]), "drawn anew");
        for split in &made {
            prop_assert!(split.count(Part::Valid) > 0 && split.count(Part::Unused) == 0);
        }
    }

    #[test]
    fn a_group_is_in_one_part(sizes in prop::collection::vec(1usize..30, 3..60), seed in any::<u64>()) {
        let groups: Vec<usize> = sizes.iter().enumerate().flat_map(|(group, &size)| vec![group; size]).collect();
        let column = Column::category("g", Kind::Group, groups.iter().map(|group| Some(group.to_string())));
        let config = SplitConfig { seed: Seed(seed), ..config(SplitMethod::Group, Some("g")) };
        let made = split(&table(vec![column], groups.len()), &numbers(groups.len()), &config).unwrap();
        let mut part_of = std::collections::BTreeMap::new();
        for (row, group) in groups.iter().enumerate() {
            prop_assert_eq!(*part_of.entry(group).or_insert(made.parts()[row]), made.parts()[row]);
        }
        prop_assert!(Part::USED.iter().all(|&part| made.count(part) > 0));
        if sizes.len() >= 40 {
            let share = made.count(Part::Test) as f64 / groups.len() as f64;
            prop_assert!((share - 0.15).abs() < 0.05, "{share}");
        }
    }

    #[test]
    fn test_is_later_than_valid_is_later_than_train(days in prop::collection::vec(0i64..60, 60..200)) {
        let column = Column::time("t", Kind::Time, days.iter().map(|day| Some(day * 86_400_000)));
        let config = config(SplitMethod::Time, Some("t"));
        let made = split(&table(vec![column], days.len()), &numbers(days.len()), &config).unwrap();
        let parts = made.parts();
        let of = |part| (0..days.len()).filter(move |&row| parts[row] == part).map(|row| days[row]);
        let train = of(Part::Train).max();
        let valid = (of(Part::Valid).min(), of(Part::Valid).max());
        prop_assert!(train < valid.0 && valid.1 < of(Part::Test).min());
    }
}

#[test]
fn a_rare_class_stands_in_train() {
    let codes: Vec<_> = (0..100).map(|row| Some(if row < 97 { 0 } else { row - 96 })).collect();
    let target = classes(&codes);
    let made = split(&table(vec![], 100), &target, &config(SplitMethod::Auto, None)).unwrap();
    assert!((97..100).all(|row| made.parts()[row] == Part::Train));
    let config = SplitConfig { folds: 5, ..config(SplitMethod::Auto, None) };
    assert!(folds(&table(vec![], 100), &target, &config).is_ok());
}

#[test]
fn a_column_says_the_part_whatever_its_case() {
    let texts = ["Train", "TRAIN ", "valid", "test", "", "train"];
    let column =
        |texts: &[&str]| vec![Column::category("part", Kind::Ignore, texts.iter().map(|&text| Some(text)))];
    let target = classes(&[Some(0), Some(1), Some(0), Some(1), Some(0), Some(0)]);
    let config = config(SplitMethod::Column, Some("part"));
    let made = split(&table(column(&texts), 6), &target, &config).unwrap();
    assert_eq!(counts(&made), [3, 1, 1, 1]);

    let error =
        split(&table(column(&["train", "train", "vaild", "test", "", ""]), 6), &target, &config).unwrap_err();
    assert_eq!(
        error.to_string(),
        "split column `part` has the value `vaild` in row 2; did you mean `valid`?"
    );
    let without_valid = ["train", "train", "train", "train", "test", "test"];
    let made = split(&table(column(&without_valid), 6), &numbers(6), &config).unwrap();
    assert_eq!(counts(&made), [3, 1, 2, 0], "valid is taken from train");
}

#[test]
fn folds_by_time_move_forward() {
    let days = Column::time("t", Kind::Time, (0..100).map(|row| Some(row * 86_400_000)));
    let config = SplitConfig { folds: 4, ..config(SplitMethod::Time, Some("t")) };
    let made = folds(&table(vec![days], 100), &numbers(100), &config).unwrap();
    assert_eq!(made.iter().map(|split| counts(split)[2]).collect::<Vec<_>>(), [20; 4]);
    for split in &made {
        let last = split.train().into_iter().max().unwrap();
        assert!(split.valid().into_iter().all(|row| row > last));
        assert!(split.read_test("check").into_iter().all(|row| row > last));
    }
}

#[test]
fn folds_that_chance_cannot_change_are_not_repeated() {
    let repeated = |method, column: &str, table: &Table, folds_of: usize| {
        let config = SplitConfig { folds: folds_of, repeats: 3, ..config(method, Some(column)) };
        folds(table, &numbers(64), &config).unwrap_err()
    };
    let days = Column::time("t", Kind::Time, (0..64).map(|row| Some(row * 86_400_000)));
    // Groups of 1, 1, 2, 4, ... 32 rows, and four of 16.
    let size = |row: usize| Some(row.checked_ilog2().map_or(0, |size| size + 1).to_string());
    let sizes = Column::category("g", Kind::Group, (0..64).map(size));
    let four = Column::category("f", Kind::Group, (0..64).map(|row| Some((row / 16).to_string())));
    let table = table(vec![days, sizes, four], 64);
    assert_eq!(repeated(SplitMethod::Time, "t", &table, 4), SplitError::RepeatsOfTime { repeats: 3 });
    let same = SplitError::SameFolds { repeats: 3, again: 2 };
    assert_eq!(repeated(SplitMethod::Group, "f", &table, 4), same, "each group is a fold");
    assert!(matches!(repeated(SplitMethod::Group, "g", &table, 3), SplitError::SameFolds { .. }));
    assert_eq!(repeated(SplitMethod::Random, "t", &table, 64), same, "each row is a fold");
}

#[test]
fn groups_of_uneven_sizes_fall_otherwise_when_drawn_again() {
    // Groups of 8 to 15 rows: largest first, they would have one order.
    let groups: Vec<usize> = (8..16).flat_map(|size| vec![size; size]).collect();
    let column = Column::category("g", Kind::Group, groups.iter().map(|group| Some(group.to_string())));
    let config = SplitConfig { folds: 3, repeats: 4, ..config(SplitMethod::Group, Some("g")) };
    let made = folds(&table(vec![column], groups.len()), &numbers(groups.len()), &config).unwrap();
    assert_eq!(made.len(), 12);
    for split in &made {
        let tested: Vec<usize> = split.read_test("check").iter().map(|&row| groups[row as usize]).collect();
        assert!(split.train().iter().all(|&row| !tested.contains(&groups[row as usize])));
    }
}

#[test]
fn what_cannot_be_split_is_named() {
    let codes: Vec<_> = (0..20).map(|row| Some(u32::from(row == 19))).collect();
    let day = Column::time("day", Kind::Time, (0..20).map(Some));
    let word = Column::text("word", Kind::Text, (0..20).map(|_| Some("w")));
    let table = table(vec![day, word], 20);
    let check = |config: SplitConfig, expected: &str| {
        let error = split(&table, &classes(&codes), &config).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(config(SplitMethod::Time, Some("day")), "class `c1` is in the test part but not in train");
    check(config(SplitMethod::Time, None), "split method `time` needs a column");
    check(config(SplitMethod::Time, Some("word")), "split column `word` holds neither times nor numbers");
    check(
        config(SplitMethod::Group, Some("dayy")),
        "split column `dayy` is not in the table; did you mean `day`?",
    );
    check(
        config(SplitMethod::Group, Some("word")),
        "column `word` has 1 groups, 3 parts need at least one each",
    );
    let none_left = SplitConfig { valid: 0.5, test: 0.5, ..config(SplitMethod::Auto, None) };
    check(none_left, "`split.valid` = 0.5 and `split.test` = 0.5 leave no share for training");
    let one_fold = SplitConfig { folds: 1, ..config(SplitMethod::Auto, None) };
    assert_eq!(folds(&table, &classes(&codes), &one_fold).unwrap_err(), SplitError::Folds { folds: 1 });
    let many = SplitConfig { folds: 21, ..config(SplitMethod::Auto, None) };
    let error = folds(&table, &classes(&codes), &many).unwrap_err();
    assert_eq!(error, SplitError::TooFewRows { rows: 20, parts: 21 });
}

#[test]
fn equal_rows_have_equal_digests() {
    let made = |first: f64, level: &str| {
        let columns = vec![
            Column::number("n", Kind::Number, [Some(first), Some(0.0), None]),
            Column::category("c", Kind::Category, [Some(level), Some("b"), Some("b")]),
        ];
        row_digests(&Table::new(columns).unwrap())
    };
    let digests = made(-0.0, "b");
    assert_eq!(digests[0], digests[1]);
    assert_ne!(digests[1], digests[2], "missing is not 0");
    assert_ne!(made(0.0, "a")[0], digests[0]);
    assert_eq!(made(1.0, "a")[1], digests[1], "codes do not count, texts do");
}
