//! A clean synthetic table, and each fault planted into it, one at a time.

use plumb_ledger::{Seed, Stream, Verdict};
use plumb_stats::Task;

use super::{ask, context};
use crate::audit::{AuditContext, Embedding};
use crate::{Column, Kind, Labels, Table, Target};

const ROWS: usize = 3_000;

/// The columns of a clean table with a class that follows from them, up to a little honest doubt.
struct Clean {
    age: Vec<Option<f64>>,
    income: Vec<Option<f64>>,
    weight: Vec<Option<f64>>,
    height: Vec<Option<f64>>,
    city: Vec<Option<String>>,
    label: Vec<Option<u32>>,
    extra: Vec<Column>,
}

fn chance() -> Stream {
    Seed(11).stream("planted")
}

fn clean() -> Clean {
    let chance = chance();
    let draw = |purpose: u64, row: usize| chance.at(purpose).uniform(row as u64);
    let normal = |purpose: u64, row: usize| chance.at(purpose).normal(row as u64);
    let rows = 0..ROWS;
    let age: Vec<f64> = rows.clone().map(|row| (20.0 + 50.0 * draw(1, row)).floor()).collect();
    let income: Vec<f64> = rows.clone().map(|row| (10.0 + 0.8 * normal(2, row)).exp().floor()).collect();
    let city =
        |row: usize| ["Lisbon", "Oslo", "New York", "Quito"][chance.at(3).below(row as u64, 4)].to_owned();
    let label = |row: usize| {
        let score = (age[row] - 45.0) / 8.0 + (income[row].ln() - 10.0) * 2.0 + 0.3 * normal(4, row);
        Some(u32::from(score > 0.0))
    };
    Clean {
        label: rows.clone().map(label).collect(),
        city: rows.clone().map(|row| Some(city(row))).collect(),
        weight: rows.clone().map(|row| Some(70.0 + 10.0 * normal(5, row))).collect(),
        height: rows.map(|row| Some(170.0 + 10.0 * normal(6, row))).collect(),
        age: age.into_iter().map(Some).collect(),
        income: income.into_iter().map(Some).collect(),
        extra: Vec::new(),
    }
}

impl Clean {
    fn context(self) -> AuditContext {
        let mut columns = vec![
            Column::number("age", Kind::Number, self.age),
            Column::number("income", Kind::Number, self.income),
            Column::number("weight", Kind::Number, self.weight),
            Column::number("height", Kind::Number, self.height),
            Column::category("city", Kind::Category, self.city),
        ];
        columns.extend(self.extra);
        let mut context = context(Table::new(columns).unwrap());
        let classes = vec!["no".to_owned(), "yes".to_owned()];
        let labels = Labels::Classes(self.label);
        context.target = Some(Target { name: "bought".into(), task: Task::Binary, classes, labels });
        context
    }

    /// Appends copies of every twentieth row; `change` alters the copy at its place.
    fn with_copies(mut self, change: impl Fn(&mut Self, usize)) -> Self {
        for row in (0..ROWS).step_by(20) {
            self.age.push(self.age[row]);
            self.income.push(self.income[row]);
            self.weight.push(self.weight[row]);
            self.height.push(self.height[row]);
            self.city.push(self.city[row].clone());
            self.label.push(self.label[row]);
            let copy = self.age.len() - 1;
            change(&mut self, copy);
        }
        self
    }
}

#[track_caller]
fn caught(id: &str, faulty: &AuditContext) {
    let judged = ask(id, faulty);
    assert!(matches!(judged.verdict, Verdict::Warn | Verdict::Fail), "{id} missed it: {}", judged.summary);
}

#[track_caller]
fn passes(id: &str, context: &AuditContext) {
    let judged = ask(id, context);
    assert_eq!(judged.verdict, Verdict::Pass, "{id}: {}", judged.summary);
}

#[test]
fn the_clean_table_passes() {
    let mut context = clean().context();
    context.groups = vec!["city".into()];
    context.reference = Some(context.table.clone());
    // There are no pictures and no texts.
    let not_for_tables = ["data.source-shift", "data.damaged-texts", "data.language-mix"];
    for practice in crate::audit::PRACTICES.iter().filter(|of| !not_for_tables.contains(&of.page.id)) {
        passes(practice.page.id, &context);
    }
    for id in not_for_tables {
        assert_eq!(ask(id, &context).verdict, Verdict::Skipped, "{id}");
    }
}

#[test]
fn copies_are_caught() {
    caught("data.duplicates", &clean().with_copies(|_, _| ()).context());
}

#[test]
fn copies_with_a_tiny_change_of_numbers_are_caught() {
    let jitter = |table: &mut Clean, row: usize| {
        table.weight[row] = table.weight[row].map(|x| x + 0.01);
        table.income[row] = table.income[row].map(|x| x + 1.0);
    };
    caught("data.duplicates", &clean().with_copies(jitter).context());
}

#[test]
fn copies_with_another_city_are_caught() {
    let moved = |table: &mut Clean, row: usize| table.city[row] = Some("Bern".into());
    caught("data.duplicates", &clean().with_copies(moved).context());
}

#[test]
fn copies_with_another_label_are_caught() {
    let relabelled = |table: &mut Clean, row: usize| table.label[row] = table.label[row].map(|code| 1 - code);
    caught("data.conflicting-labels", &clean().with_copies(relabelled).context());
}

#[test]
fn a_noisy_copy_of_the_label_is_caught() {
    let mut table = clean();
    let chance = chance().at(9);
    let noisy = |(row, code): (usize, &Option<u32>)| {
        code.map(|code| if chance.uniform(row as u64) < 0.003 { 1.0 } else { f64::from(code) })
    };
    table.extra = vec![Column::number("bonus", Kind::Number, table.label.iter().enumerate().map(noisy))];
    caught("data.target-leakage", &table.context());
}

#[test]
fn rows_whose_order_goes_along_with_their_label_are_caught() {
    let mut table = clean();
    let chance = chance().at(10);
    let label = |row: usize| u32::from((row > ROWS / 3) != row.is_multiple_of(97));
    table.label = (0..ROWS).map(|row| Some(label(row))).collect();
    table.age = (0..ROWS).map(|row| Some(chance.uniform(row as u64))).collect();
    caught("data.target-leakage", &table.context());
}

#[test]
fn a_file_laid_out_class_after_class_is_told_and_passes() {
    let mut table = clean();
    let chance = chance().at(10);
    table.label = (0..ROWS).map(|row| Some(u32::from(row > ROWS / 3))).collect();
    table.age = (0..ROWS).map(|row| Some(chance.uniform(row as u64))).collect();
    let judged = ask("data.target-leakage", &table.context());
    assert_eq!(judged.verdict, Verdict::Pass, "{}", judged.summary);
    assert_eq!(judged.evidence["sorted_by_target"], true);
}

#[test]
fn wrong_labels_are_caught_and_found() {
    let mut table = clean();
    let chance = chance().at(12);
    let wrong: Vec<usize> = (0..ROWS).filter(|&row| chance.uniform(row as u64) < 0.1).collect();
    for &row in &wrong {
        table.label[row] = table.label[row].map(|code| 1 - code);
    }
    let judged = ask("data.label-noise", &table.context());
    assert!(matches!(judged.verdict, Verdict::Warn | Verdict::Fail), "{}", judged.summary);
    let first = judged.evidence["most_suspicious"].as_array().unwrap();
    let right =
        first.iter().filter(|entry| wrong.contains(&(entry["row"].as_u64().unwrap() as usize))).count();
    assert!(right * 10 >= first.len() * 9, "{right} of {}", first.len());
}

#[test]
fn wrong_labels_are_caught_by_what_a_network_sees() {
    let chance = chance().at(13);
    let truth = clean().label;
    let feature = |(row, column): (usize, usize)| {
        let class = f64::from(truth[row].unwrap());
        (if column < 2 { 3.0 * class } else { 0.0 }) + chance.at(column as u64).normal(row as u64)
    };
    let features: Vec<f32> = (0..ROWS * 8).map(|at| feature((at / 8, at % 8)) as f32).collect();
    let seen = |labels: Vec<Option<u32>>| {
        let mut context = Clean { label: labels, ..clean() }.context();
        let rows: Vec<u32> = context.rows_to_embed();
        assert!(rows.is_empty(), "there are no pictures to embed");
        let rows = (0..ROWS as u32).collect();
        context.embedding = Some(Embedding { network: "some".to_owned(), rows, features: features.clone() });
        ask("data.label-noise", &context)
    };
    let honest = seen(truth.clone());
    assert_eq!(honest.verdict, Verdict::Pass, "{}", honest.summary);
    let wrong = |row: usize| chance.at(99).uniform(row as u64) < 0.1;
    let labels = truth.iter().enumerate();
    let judged =
        seen(labels.map(|(row, label)| label.map(|code| if wrong(row) { 1 - code } else { code })).collect());
    assert!(matches!(judged.verdict, Verdict::Warn | Verdict::Fail), "{}", judged.summary);
    let first = judged.evidence["most_suspicious"].as_array().unwrap();
    assert!(first.iter().all(|entry| wrong(entry["row"].as_u64().unwrap() as usize)));
    assert_eq!(judged.evidence["predicted_by"], "logistic regression on what some sees");
}

#[test]
fn a_rare_class_and_a_single_class_are_caught() {
    let mut table = clean();
    table.label = (0..ROWS).map(|row| Some(u32::from(row % 20 == 0))).collect();
    caught("data.class-imbalance", &table.context());
    let mut table = clean();
    table.label = vec![Some(1); ROWS];
    assert_eq!(ask("data.class-imbalance", &table.context()).verdict, Verdict::Fail);
}

#[test]
fn constant_and_empty_columns_are_caught() {
    let mut table = clean();
    table.extra = vec![Column::category("source", Kind::Category, vec![Some("census"); ROWS])];
    caught("data.constant-columns", &table.context());
    let mut table = clean();
    table.extra = vec![Column::number("gone", Kind::Number, vec![None; ROWS])];
    caught("data.constant-columns", &table.context());
}

#[test]
fn identifiers_are_caught_unless_declared() {
    let order = chance().at(13).permutation(ROWS);
    let coded = order.iter().map(|i| Some(format!("p{i:06}")));
    let counted = order.iter().map(|&i| Some(f64::from(i)));
    let barcodes = order.iter().map(|&i| Some(f64::from(i).mul_add(131_071.0, 400_000_000.0)));
    let columns = [
        Column::category("person", Kind::Category, coded.clone()),
        Column::category("person", Kind::Id, coded),
        Column::number("person", Kind::Number, counted),
        Column::number("person", Kind::Number, barcodes),
    ];
    for column in columns {
        let mut table = clean();
        table.extra = vec![column];
        let mut context = table.context();
        caught("data.id-like-columns", &context);
        context.declared_kinds = vec!["person".into()];
        passes("data.id-like-columns", &context);
    }
}

#[test]
fn a_slip_of_units_is_caught() {
    let mut table = clean();
    table.age.iter_mut().step_by(100).for_each(|x| *x = x.map(|x| x * 1000.0));
    let judged = ask("data.outliers", &table.context());
    assert_eq!(judged.verdict, Verdict::Fail, "{}", judged.summary);
    assert_eq!(judged.evidence["columns"][0]["power_of_ten"], 3);
}

#[test]
fn one_city_spelled_three_ways_is_caught() {
    let mut table = clean();
    for (row, city) in
        table.city.iter_mut().enumerate().filter(|(_, city)| city.as_deref() == Some("New York"))
    {
        *city = Some(["New York", "new york", " New-York."][row % 3].to_owned());
    }
    caught("data.inconsistent-categories", &table.context());
    let mut table = clean();
    table.city[7] = Some("Lisbom".into());
    caught("data.inconsistent-categories", &table.context());
}

#[test]
fn too_few_rows_are_caught() {
    let mut table = clean();
    table.label = (0..ROWS).map(|row| (row < 30).then_some(u32::from(row % 2 == 0))).collect();
    caught("data.enough-examples", &table.context());
    let mut table = clean();
    table.label[5] = None;
    caught("data.readable", &table.context());
}

#[test]
fn missing_values_that_follow_the_target_are_caught() {
    let mut table = clean();
    let chance = chance().at(14);
    for row in (0..ROWS).filter(|&row| chance.uniform(row as u64) < 0.4 && table.label[row] == Some(1)) {
        table.weight[row] = None;
    }
    caught("data.missing-values", &table.context());
}

#[test]
fn missing_values_that_follow_nothing_pass() {
    let mut table = clean();
    table.weight.iter_mut().step_by(10).for_each(|x| *x = None);
    passes("data.missing-values", &table.context());
}

#[test]
fn missing_values_that_follow_a_numeric_target_are_caught() {
    let mut table = clean();
    let incomes = table.income.clone();
    table
        .weight
        .iter_mut()
        .zip(&incomes)
        .for_each(|(x, income)| *x = x.filter(|_| income.unwrap() < 30_000.0));
    let mut context = table.context();
    let target = Target {
        name: "y".into(),
        task: Task::Regression,
        classes: vec![],
        labels: Labels::Numbers(incomes),
    };
    context.target = Some(target);
    caught("data.missing-values", &context);
}

#[test]
fn a_rare_group_is_caught() {
    let mut table = clean();
    table.city.iter_mut().take(20).for_each(|city| *city = Some("Bern".into()));
    let mut context = table.context();
    context.groups = vec!["city".into()];
    caught("data.representation", &context);
}

#[test]
fn a_shifted_table_is_caught_and_a_rare_group_beside_the_reference() {
    let reference = clean().context().table;
    let mut table = clean();
    table.age.iter_mut().for_each(|age| *age = age.map(|age| age + 15.0));
    for (row, city) in table.city.iter_mut().enumerate().filter(|(row, _)| row % 4 != 0) {
        if city.as_deref() == Some("Oslo") {
            *city = Some(["Quito", "Lisbon"][row % 2].to_owned());
        }
    }
    let mut context = table.context();
    context.groups = vec!["city".into()];
    context.reference = Some(reference);
    caught("data.representative", &context);
    caught("data.representation", &context);
}
