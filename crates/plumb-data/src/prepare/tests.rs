//! The preparation as a whole.

use proptest::prelude::*;

use super::*;
use crate::{Column, Labels, Table, Target};

fn numbers_target(labels: &[f64]) -> Target {
    Target {
        name: "y".to_owned(),
        task: Task::Regression,
        classes: Vec::new(),
        labels: Labels::Numbers(labels.iter().map(|&label| Some(label)).collect()),
    }
}

fn classes_target(classes: &[&str], codes: &[u32]) -> Target {
    Target {
        name: "y".to_owned(),
        task: Task::Multiclass,
        classes: classes.iter().map(|&class| class.to_owned()).collect(),
        labels: Labels::Classes(codes.iter().map(|&code| Some(code)).collect()),
    }
}

fn table(numbers: &[Option<f64>], texts: &[Option<&str>]) -> Table {
    let number = Column::number("n", Kind::Number, numbers.iter().copied());
    let category = Column::category("c", Kind::Category, texts.iter().copied());
    Table::new(vec![number, category]).unwrap()
}

#[test]
fn each_kind_has_its_encoding() {
    let texts = [Some("b"), Some("a"), None, Some("b"), Some("new")];
    let table = table(&[Some(1.0), Some(2.0), Some(3.0), None, Some(2.0)], &texts);
    let target = classes_target(&["x", "y", "z"], &[0, 1, 2, 0, 1]);
    let fitted = Preparation::fit(&table, &target, &[0, 1, 2, 3], &PrepareConfig::DEFAULT).unwrap();
    let all = fitted.apply(&table, &[0, 1, 2, 3, 4], Some(&target)).unwrap();
    assert_eq!((all.numbers_width, all.flags_width, all.codes_width), (1, 2, 0));
    let unit = 1.0 / (1.0f32 + 1.0 / 9.0).sqrt();
    assert_eq!(all.numbers, [-unit, 0.0, unit, 0.0, 0.0], "median 2, quartiles one apart");
    assert_eq!(
        all.flags,
        [0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
        "missing flag, then a -1, b +1"
    );
    assert_eq!(all.labels, PreparedLabels::Classes(vec![0, 1, 2, 0, 1]));
}

#[test]
fn many_levels_become_codes_and_rare_ones_share_zero() {
    let texts = ["d", "a", "b", "c", "a", "b", "c"].map(Some);
    let table = table(&[Some(0.0); 7], &texts);
    let target = numbers_target(&[0.0; 7]);
    let config = PrepareConfig { one_hot_max: 2, rare_below: 2, ..PrepareConfig::DEFAULT };
    let rows = [0, 1, 2, 3, 4, 5, 6];
    let fitted = Preparation::fit(&table, &target, &rows, &config).unwrap();
    assert_eq!(fitted.cardinalities(), [4]);
    assert_eq!(fitted.apply(&table, &rows, None).unwrap().codes, [0, 1, 2, 3, 1, 2, 3]);
}

#[test]
fn a_date_gets_no_hour() {
    let days = (0..400i64).map(|day| Some(day * 86_400_000));
    let table = Table::new(vec![Column::time("t", Kind::Time, days)]).unwrap();
    let rows: Vec<u32> = (0..400).collect();
    let fitted = Preparation::fit(&table, &numbers_target(&[1.0; 400]), &rows, &PrepareConfig::DEFAULT);
    assert_eq!(fitted.unwrap().numbers_width(), 5);
}

#[test]
fn regression_labels_go_there_and_back() {
    let table = table(&[Some(0.0), Some(1.0), Some(2.0)], &[None, None, None]);
    let target = numbers_target(&[10.0, 20.0, 30.0]);
    let fitted = Preparation::fit(&table, &target, &[0, 1, 2], &PrepareConfig::DEFAULT).unwrap();
    let scale = fitted.label_scale.unwrap();
    assert!((scale.deviation - (200f64 / 3.0).sqrt()).abs() < 1e-12);
    assert!((scale.restore(scale.standardise(12.5)) - 12.5).abs() < 1e-12);
    assert!((scale.restore(1e9) - 30.0).abs() < 1e-12, "held within the range of train");
}

#[test]
fn what_changed_since_the_fit_is_named() {
    let target = classes_target(&["x", "y"], &[0, 1]);
    let fitted_on = table(&[Some(0.0), Some(1.0)], &[Some("a"), Some("b")]);
    let fitted = Preparation::fit(&fitted_on, &target, &[0, 1], &PrepareConfig::DEFAULT).unwrap();
    let check = |columns: Vec<Column>, expected: &str| {
        let error = fitted.apply(&Table::new(columns).unwrap(), &[0], None).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    let number = Column::number("n", Kind::Number, [Some(1.0)]);
    let category = |name: &str| Column::category(name, Kind::Category, [Some("a")]);
    check(vec![number.clone()], "column `c` is missing; known: `n`");
    check(
        vec![category("n"), category("c")],
        "column `n` is of kind category, the model was fitted on kind number",
    );
    let other = classes_target(&["x", "z"], &[1, 1]);
    let error = fitted.apply(&fitted_on, &[0], Some(&other)).unwrap_err();
    assert_eq!(error.to_string(), "class `z` is not one that the model was fitted on");
    let swapped = Table::new(vec![category("c"), number]).unwrap();
    assert!(fitted.apply(&swapped, &[0], None).is_ok(), "columns are matched by name");
}

#[test]
fn stored_and_read_back_it_is_the_same() {
    let table = table(&[Some(0.1), Some(1e300)], &[Some("a"), Some("\u{202e}b")]);
    let fitted =
        Preparation::fit(&table, &numbers_target(&[0.1, 0.2]), &[0, 1], &PrepareConfig::DEFAULT).unwrap();
    let text = fitted.to_json().unwrap();
    assert_eq!(Preparation::from_json(&text).unwrap(), fitted);
    let newer = text.replacen("\"schema\": 1", "\"schema\": 2", 1);
    assert_eq!(Preparation::from_json(&newer), Err(PrepareError::Schema(2)));
    let unknown = text.replacen("\"schema\"", "\"extra\": 0, \"schema\"", 1);
    assert!(matches!(Preparation::from_json(&unknown), Err(PrepareError::Damaged(_))));
}

proptest! {
    #[test]
    fn rows_outside_train_change_nothing(
        train in prop::collection::vec(prop::option::of(-1e6..1e6), 2..40),
        one in prop::option::of(any::<f64>()),
        other in prop::option::of(any::<f64>()),
        text in "[a-c]",
    ) {
        let rows: Vec<u32> = (0..train.len() as u32).collect();
        let fitted = |last: Option<f64>, text: &str| {
            let numbers: Vec<_> = train.iter().copied().chain([last]).collect();
            let texts: Vec<_> = train.iter().map(|_| Some("a")).chain([Some(text)]).collect();
            let labels: Vec<f64> = (0..numbers.len()).map(|i| i as f64).collect();
            let target = numbers_target(&labels);
            Preparation::fit(&table(&numbers, &texts), &target, &rows, &PrepareConfig::DEFAULT)
                .unwrap().to_json().unwrap()
        };
        prop_assert_eq!(fitted(one, "a"), fitted(other, &text));
    }

    #[test]
    fn prepared_train_rows_have_median_zero(values in prop::collection::vec(-1e9..1e9, 1..50)) {
        let numbers: Vec<_> = values.iter().copied().map(Some).collect();
        let table = table(&numbers, &vec![None; values.len()]);
        let rows: Vec<u32> = (0..values.len() as u32).collect();
        let target = numbers_target(&values);
        let fitted = Preparation::fit(&table, &target, &rows, &PrepareConfig::DEFAULT).unwrap();
        let mut prepared = fitted.apply(&table, &rows, None).unwrap().numbers;
        prepared.sort_by(f32::total_cmp);
        let n = prepared.len();
        prop_assert!(prepared[(n - 1) / 2] <= 0.0 && prepared[n / 2] >= 0.0, "{prepared:?}");
    }
}
