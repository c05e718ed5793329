//! Predictions for some rows of the table with their inputs changed.

use std::sync::Arc;

use plumb_data::pictures::Picture;
use plumb_data::{Column, Images, Kind, Labels, PredictError, Table, Target, Values};

use crate::{EvaluateContext, EvaluateError, Scored};

/// The predictions on a table of these columns, which stand for `rows` of the subject's table: the truth is that of the
/// rows.
pub(super) fn predict(
    context: &EvaluateContext<'_>,
    rows: &[u32],
    columns: Vec<Column>,
) -> Result<Scored, EvaluateError> {
    let subject = &context.subject;
    if subject.predictor.is_given() {
        return Err(
            PredictError { message: "predictions are given, there is no model to ask".to_owned() }.into()
        );
    }
    let table = Table::new(columns).map_err(|error| PredictError { message: error.to_string() })?;
    let labels = match &subject.target.labels {
        Labels::Classes(codes) => Labels::Classes(rows.iter().map(|&row| codes[row as usize]).collect()),
        Labels::Numbers(numbers) => Labels::Numbers(rows.iter().map(|&row| numbers[row as usize]).collect()),
    };
    let target = Target { labels, ..subject.target.clone() };
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    Scored::predict(subject.predictor, &table, &target, &all)
}

/// The same for rows whose pictures alone are changed; a row may stand several times.
pub(super) fn with_pictures(
    context: &EvaluateContext<'_>,
    rows: &[u32],
    change: impl Fn(usize, &Picture) -> Picture,
) -> Result<Scored, EvaluateError> {
    let target = &context.subject.target.name;
    let column = |column: &Column| match column.images() {
        Some(images) if column.name != *target => changed_pictures(column, images, rows, &change),
        _ => taken(column, rows, |_| true),
    };
    predict(context, rows, context.subject.table.columns().iter().map(column).collect())
}

/// The pictures of some rows, each changed.
pub(super) fn changed_pictures(
    column: &Column,
    images: &Images,
    rows: &[u32],
    change: impl Fn(usize, &Picture) -> Picture,
) -> Column {
    let picture = |(place, &row): (usize, &u32)| Some(change(place, &images.set.get(row as usize)?));
    let paths =
        rows.iter().map(|&row| (!column.is_missing(row as usize)).then(|| column.display(row as usize)));
    let set = rows.iter().enumerate().filter_map(picture).collect();
    let values = Values::Image(Images { paths: paths.collect(), set: Arc::new(set) });
    Column { name: column.name.clone(), kind: column.kind, values }
}

/// The rows of a column; those that `keep` refuses are missing.
pub(super) fn taken(column: &Column, rows: &[u32], keep: impl Fn(usize) -> bool) -> Column {
    let places = rows
        .iter()
        .enumerate()
        .map(|(place, &row)| (!column.is_missing(row as usize) && keep(place)).then_some(row as usize));
    let (name, kind): (&str, Kind) = (&column.name, column.kind);
    match &column.values {
        Values::Number(numbers) => {
            Column::number(name, kind, places.map(|row| row.map(|row| numbers.value(row))))
        }
        Values::Image(images) => changed_pictures(column, images, rows, |_, picture| picture.clone()),
        Values::Time(times) => Column::time(name, kind, places.map(|row| row.map(|row| times.value(row)))),
        Values::Text(texts) => Column::text(name, kind, places.map(|row| row.map(|row| texts.value(row)))),
        Values::Category(_) => {
            Column::category(name, kind, places.map(|row| column.categories()?.text(row?)))
        }
    }
}
