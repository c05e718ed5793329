//! `examples/rows.jsonl`: rows of the data as raw as the model reads them, one JSON object a line, with the answers that were recorded.
//!
//! Only the columns that the model reads go along: no id, no group, no target. A number is a JSON number (`"inf"` and `"-inf"` where it
//! is infinite), a time the milliseconds since 1970 UTC, a picture the bytes of a PNG file in Base64, anything missing `null`.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{Array as _, LargeStringArray};
use plumb_data::pictures::{PictureLimits, PictureSet, decode, png};
use plumb_data::{Column, Images, Kind, Table, Values};
use plumb_learn::predict::TrainedModel;
use plumb_ledger::{Seed, base64, from_base64};
use plumb_package::description::Input;
use plumb_package::practices::Agreement;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::comparison::{Outcomes, Predicted};

/// The path of the file.
pub(super) const EXAMPLES: &str = "examples/rows.jsonl";
/// Rows that are read at most: a hundred times as many as are written by default.
const MOST_ROWS: usize = 10_000;

/// Rows that go along.
#[derive(Debug)]
pub(super) struct Chosen {
    /// Their numbers in the data.
    pub(super) rows: Vec<u32>,
    /// The columns that the model reads, as they come back from the file.
    pub(super) table: Table,
    /// How what the model says of them agrees with what it said in the run.
    pub(super) as_in_run: Agreement,
    lines: Vec<Map<String, Value>>,
}

/// Rows as they stand in a bundle.
#[derive(Debug)]
pub(super) struct Recorded {
    /// The columns that the model reads.
    pub(super) table: Table,
    /// The answers of each way to the model, row-major.
    pub(super) outputs: BTreeMap<String, Vec<f64>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    row: u32,
    inputs: Map<String, Value>,
    outputs: BTreeMap<String, Vec<f64>>,
}

/// Places of `most` of these rows: as many of each class as there are, or evenly over the range of numbers; drawn by the seed.
pub(super) fn choose(predicted: &Predicted, places: &[usize], most: usize, seed: u64) -> Vec<usize> {
    let stream = Seed(seed).stream("examples");
    let mut order: Vec<usize> = places.to_vec();
    stream.shuffle(&mut order);
    let mut chosen: Vec<usize> = match &predicted.outcomes {
        Outcomes::Classes { truth, .. } => {
            let mut of_class: BTreeMap<Option<u32>, usize> = BTreeMap::new();
            // The n-th of its class comes before every n+1-th.
            let mut ranked: Vec<(usize, usize)> = Vec::with_capacity(order.len());
            for &place in &order {
                let rank = of_class.entry(truth.get(place).copied().flatten()).or_default();
                ranked.push((*rank, place));
                *rank += 1;
            }
            ranked.sort_by_key(|(rank, _)| *rank);
            ranked.into_iter().take(most).map(|(_, place)| place).collect()
        }
        Outcomes::Numbers { truth, .. } => {
            let value = |place: &usize| truth.get(*place).copied().unwrap_or(f64::NAN);
            order.sort_by(|a, b| value(a).total_cmp(&value(b)).then(a.cmp(b)));
            let (rows, parts) = (order.len(), most.min(order.len()).max(1));
            let drawn = (0..parts).filter_map(|part| {
                let (from, to) = (part * rows / parts, (part + 1) * rows / parts);
                order.get(from + stream.at(1).below(part as u64, (to - from).max(1))).copied()
            });
            drawn.collect()
        }
    };
    chosen.sort_unstable();
    chosen
}

impl Chosen {
    /// These rows of a table, as a bundle gives them back; how the model's answers agree is for the caller to find out.
    pub(super) fn of(table: &Table, rows: &[u32], model: &TrainedModel) -> Result<Self, String> {
        let columns: Vec<(&Column, Input)> = model
            .preparation()
            .columns
            .iter()
            .map(|prepared| {
                let column = table.column(&prepared.name);
                let column = column.ok_or_else(|| format!("the data has no column `{}`", prepared.name))?;
                Ok((column, Input { name: prepared.name.clone(), kind: prepared.kind.as_str().to_owned() }))
            })
            .collect::<Result<_, String>>()?;
        let lines: Vec<Map<String, Value>> = rows
            .iter()
            .map(|&row| {
                columns
                    .iter()
                    .map(|(column, input)| Ok((input.name.clone(), written(column, row as usize)?)))
                    .collect()
            })
            .collect::<Result<_, String>>()?;
        let inputs: Vec<Input> = columns.into_iter().map(|(_, input)| input).collect();
        let table = table_of(&lines, &inputs)?;
        let as_in_run = Agreement { rows: 0, difference: f64::NAN, tolerance: 0.0, flipped: 0 };
        Ok(Self { rows: rows.to_vec(), table, as_in_run, lines })
    }

    /// The file, with the answers of each way, row-major.
    pub(super) fn file(&self, outputs: &BTreeMap<String, Vec<f64>>) -> Result<Vec<u8>, String> {
        let mut file = Vec::new();
        for (at, (&row, inputs)) in self.rows.iter().zip(&self.lines).enumerate() {
            let of_row = |values: &Vec<f64>| {
                let width = values.len() / self.rows.len().max(1);
                values.iter().skip(at * width).take(width).copied().collect()
            };
            let outputs = outputs.iter().map(|(way, values)| (way.clone(), of_row(values))).collect();
            let line = Line { row, inputs: inputs.clone(), outputs };
            serde_json::to_writer(&mut file, &line).map_err(|error| error.to_string())?;
            file.push(b'\n');
        }
        Ok(file)
    }
}

/// The rows of a file, whose columns are `inputs`.
pub(super) fn read(text: &str, inputs: &[Input]) -> Result<Recorded, String> {
    let mut lines = Vec::new();
    let mut outputs: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut widths: Option<BTreeMap<String, usize>> = None;
    for (number, text) in (1..).zip(text.lines()) {
        let line: Line = serde_json::from_str(text)
            .map_err(|error| format!("line {number}: {}", short(&error.to_string())))?;
        let of_line: BTreeMap<String, usize> =
            line.outputs.iter().map(|(way, values)| (way.clone(), values.len())).collect();
        if *widths.get_or_insert_with(|| of_line.clone()) != of_line {
            return Err(format!("line {number}: other answers than in the line before"));
        }
        for (way, values) in line.outputs {
            outputs.entry(way).or_default().extend(values);
        }
        lines.push(line.inputs);
        if lines.len() > MOST_ROWS {
            return Err(format!("over {MOST_ROWS} rows"));
        }
    }
    Ok(Recorded { table: table_of(&lines, inputs)?, outputs })
}

fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

fn written(column: &Column, row: usize) -> Result<Value, String> {
    if column.is_missing(row) {
        return Ok(Value::Null);
    }
    if let Some(numbers) = column.numbers() {
        let number = numbers.value(row);
        return Ok(if number.is_finite() { json!(number) } else { json!(number.to_string()) });
    }
    if let Some(times) = column.times() {
        return Ok(json!(times.value(row)));
    }
    if let Some(images) = column.images() {
        let picture = images.set.get(row).ok_or_else(|| format!("row {row} has no picture"))?;
        return Ok(json!({"png": base64(&png(&picture, usize::MAX))}));
    }
    Ok(json!(column.display(row)))
}

fn table_of(lines: &[Map<String, Value>], inputs: &[Input]) -> Result<Table, String> {
    if let Some(line) = lines.iter().position(|line| line.len() != inputs.len()) {
        return Err(format!("line {}: not the columns of the model", line + 1));
    }
    let columns = inputs.iter().map(|input| column(lines, input)).collect::<Result<_, String>>()?;
    Table::new(columns).map_err(|error| error.to_string())
}

fn column(lines: &[Map<String, Value>], input: &Input) -> Result<Column, String> {
    let name = input.name.as_str();
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == input.kind);
    let kind = kind.ok_or_else(|| format!("column `{name}` is of no known kind"))?;
    let values = lines
        .iter()
        .enumerate()
        .map(|(at, line)| line.get(name).ok_or_else(|| format!("line {}: no `{name}`", at + 1)));
    let values: Vec<&Value> = values.collect::<Result<_, String>>()?;
    let wrong = |at: usize| format!("line {}: `{name}` is no {}", at + 1, kind.as_str());
    let column = match kind {
        Kind::Number => Column::number(name, kind, each(&values, number, wrong)?),
        Kind::Time => Column::time(name, kind, each(&values, Value::as_i64, wrong)?),
        Kind::Image => pictures(name, &values)?,
        Kind::Text => Column::text(name, kind, each(&values, text, wrong)?),
        _ => Column::category(name, kind, each(&values, text, wrong)?),
    };
    Ok(column)
}

/// The values as `read` reads them, none for those that are missing; `wrong` is what is said of the place of one that it cannot read.
fn each<T>(
    values: &[&Value],
    read: impl Fn(&Value) -> Option<T>,
    wrong: impl Fn(usize) -> String,
) -> Result<Vec<Option<T>>, String> {
    let one = |(at, value): (usize, &&Value)| match value {
        Value::Null => Ok(None),
        value => read(value).map(Some).ok_or_else(|| wrong(at)),
    };
    values.iter().enumerate().map(one).collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn number(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("inf") => Some(f64::INFINITY),
        Some("-inf") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => value.as_f64(),
    }
}

fn pictures(name: &str, values: &[&Value]) -> Result<Column, String> {
    let mut set = PictureSet::default();
    let mut paths = Vec::with_capacity(values.len());
    for (at, value) in values.iter().enumerate() {
        let wrong = |why: &str| format!("line {}: `{name}` is no picture ({why})", at + 1);
        let text = value.get("png").and_then(Value::as_str).ok_or_else(|| wrong("no `png`"))?;
        let bytes = from_base64(text).ok_or_else(|| wrong("no Base64"))?;
        set.push(&decode(&bytes, &PictureLimits::DEFAULT).map_err(|fault| wrong(&fault.to_string()))?);
        paths.push(Some(format!("{at}.png")));
    }
    let images = Images { paths: paths.into_iter().collect::<LargeStringArray>(), set: Arc::new(set) };
    debug_assert_eq!(images.paths.len(), images.set.len(), "one path a picture");
    Ok(Column { name: name.to_owned(), kind: Kind::Image, values: Values::Image(images) })
}

#[cfg(test)]
mod tests;
