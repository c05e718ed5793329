//! Which kind a column is found to be, and what the job can say about it.

use std::fmt::Write as _;

use plumb_data::Kind::{self, Category, Id, Number, Text, Time};
use plumb_data::Target;
use plumb_stats::Task;

use crate::{column, read_bytes, read_with, refusal};

/// The kind of a column named `name` whose value in each of 100 rows is `value(row)`.
fn kind(name: &str, value: impl Fn(usize) -> String) -> Kind {
    let mut text = format!("{name},other\n");
    for row in 0..100 {
        writeln!(text, "{},{}", value(row), row % 7).unwrap();
    }
    read_bytes("x.csv", text.as_bytes()).unwrap().inferred[0].kind
}

#[test]
fn kinds_follow_from_values_and_names() {
    assert_eq!(kind("x", |row| (row % 2).to_string()), Number, "two values are still numbers");
    assert_eq!(kind("x", |row| format!("{}.5e3", row * 7 % 13)), Number);
    assert_eq!(kind("zip", |row| format!("{:05}", row * 37 % 999)), Category, "leading zeros make a code");
    assert_eq!(kind("x", |row| ["yes", "no"][row % 2].to_owned()), Category);
    assert_eq!(
        kind("x", |row| if row % 20 == 0 { "many".to_owned() } else { row.to_string() }),
        Text,
        "5 % words"
    );
    assert_eq!(kind("n", |row| (row + 1).to_string()), Id, "counts the rows");
    assert_eq!(kind("customer_id", |row| (row * 7919 % 10_007).to_string()), Id);
    assert_eq!(kind("customer_id", |row| (row % 9).to_string()), Number, "repeats: no id");
    assert_eq!(kind("ticket", |row| format!("A{}", row * 7919 % 10_007)), Id);
    assert_eq!(kind("code", |row| format!("90071992547409{:02}", row % 50 + 50)), Category, "past 2^53");
    assert_eq!(kind("when", |row| format!("2013-01-{:02}T05:00:00Z", row % 28 + 1)), Time);
    assert_eq!(kind("when", |row| format!("{}/1/2013", row % 28 + 1)), Time, "the day must come first");
    assert_eq!(kind("note", |row| format!("the patient came in on day {row}")), Text);
    assert_eq!(kind("city", |row| format!("New {}", ["York", "Ark", "Delhi"][row % 3])), Category);
}

#[test]
fn the_job_overrules_what_is_found() {
    let mut text = String::from("zip,when,x\n");
    for row in 0..30 {
        writeln!(text, "{},{},{row}", 501 + row % 3, 1_385_208_000 + row).unwrap();
    }
    let read = read_with("x.csv", text.as_bytes(), |options| {
        options.kinds =
            [("zip", Category), ("when", Time), ("x", Kind::Ignore)].map(|(n, k)| (n.to_owned(), k)).into();
    });
    let read = read.unwrap();
    let kinds: Vec<_> = read.table.columns().iter().map(|column| column.kind).collect();
    assert_eq!(kinds, [Category, Time, Kind::Ignore]);
    assert_eq!(column(&read, "when")[0], "2013-11-23T12:00:00Z");
    assert_eq!(read.inferred[0].reason, "the job says so");
}

#[test]
fn a_kind_for_an_unknown_column_is_refused_with_the_near_miss() {
    let result = read_with("x.csv", b"age,y\n1,2\n", |options| {
        options.kinds = [("agee".to_owned(), Category)].into();
    });
    let error = result.as_ref().unwrap_err();
    assert_eq!(plumb_ledger::Explain::hint(error).unwrap(), "did you mean `age`?");
    assert_eq!(
        refusal(result),
        ("`kinds` names column `agee`, which is not in the data: `x.csv`".to_owned(), 2)
    );
}

#[test]
fn a_number_column_by_order_lists_what_is_none() {
    let read = read_with("x.csv", b"a,b\n1,x\nlow,y\n3,z\n", |options| {
        options.kinds = [("a".to_owned(), Number)].into();
    });
    let read = read.unwrap();
    assert_eq!(column(&read, "a"), ["1", "", "3"]);
    assert_eq!((read.report.bad_values_total, read.report.bad_values[0].line), (1, 3));
}

#[test]
fn a_target_is_a_number_or_a_category_whatever_it_looks_like() {
    let mut text = String::from("id,note\n");
    for row in 0..30 {
        writeln!(text, "{row},A{row}").unwrap();
    }
    let with = |target: &str| {
        let read =
            read_with("x.csv", text.as_bytes(), |options| options.target = Some(target.to_owned())).unwrap();
        let task = Target::of(&read.table, target, None).unwrap().task;
        (read.table.column(target).unwrap().kind, task)
    };
    assert_eq!(with("id"), (Number, Task::Regression));
    assert_eq!(with("note"), (Category, Task::Multiclass));
}

#[test]
fn missing_labels_are_left_unlabelled() {
    let read = read_bytes("x.csv", b"x,y\n1,a\n2,NaN\n3,b\n4,\n").unwrap();
    let target = Target::of(&read.table, "y", None).unwrap();
    assert_eq!((target.task, target.unlabelled(), target.labelled_rows()), (Task::Binary, 2, vec![0, 2]));
}
