//! Which columns a log and a reference sample have, and how rows go in and come out.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, Float64Array, LargeStringArray, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use plumb_data::read::{ReadOptions, read_bytes};
use plumb_data::{Column, Kind, Predictions, Table, Values};
use plumb_ledger::Limits;

use super::rows::{Embeddings, Rows};
use crate::Signature;
use crate::signature::Input;

/// Columns that every log has beside those of the model.
pub(super) const STAMPS: [(&str, Kind); 6] = [
    ("unix_ms", Kind::Number),
    ("id", Kind::Category),
    ("model", Kind::Category),
    ("version", Kind::Category),
    ("role", Kind::Category),
    ("weight", Kind::Number),
];
/// The true values of a reference sample.
pub(super) const TARGET: &str = "target";
const PREDICTION: &str = "prediction";
/// In front of the name of an input that would be mistaken for another column.
const INPUT: &str = "input.";
/// Bytes of the table of one file in memory. 1 GiB: a segment has thousands of rows.
const TABLE_BYTES: usize = 1 << 30;

/// The columns of a model's rows in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The inputs that stand there as they came: numbers, categories, times.
    pub inputs: Vec<Input>,
    /// The classes in the order of the probabilities; empty for regression.
    pub classes: Vec<String>,
    /// Whether there are inputs that stand there as what the model's last layer shows of them: pictures and texts.
    pub is_embedded: bool,
}

impl Layout {
    /// That of a model.
    pub fn of(signature: &Signature) -> Self {
        Self::new(&signature.inputs, &signature.classes)
    }

    /// That of a model with these inputs and classes.
    pub fn new(inputs: &[Input], classes: &[String]) -> Self {
        let is_plain = |input: &&Input| !matches!(input.kind, Kind::Image | Kind::Text);
        Self {
            inputs: inputs.iter().filter(is_plain).cloned().collect(),
            classes: classes.to_vec(),
            is_embedded: inputs.iter().any(|input| !is_plain(&input)),
        }
    }

    /// The columns of what the model says.
    fn answers(&self) -> Vec<String> {
        if self.classes.is_empty() {
            return vec![PREDICTION.to_owned()];
        }
        self.classes.iter().map(|class| format!("p_{class}")).collect()
    }
}

/// What an input is called in a file: its name, with `input.` in front where another column could be called so.
pub fn logged_name(input: &str) -> String {
    let is_stamp = STAMPS.iter().any(|(name, _)| *name == input);
    let is_own = is_stamp || [TARGET, PREDICTION].contains(&input);
    let is_embedding = input.strip_prefix('e').is_some_and(|place| place.parse::<u32>().is_ok());
    if is_own || is_embedding || input.starts_with("p_") || input.starts_with(INPUT) {
        format!("{INPUT}{input}")
    } else {
        input.to_owned()
    }
}

/// A Parquet file of rows, with these columns in front. The same rows give the same bytes.
pub(super) fn encode(
    front: Vec<(String, ArrayRef)>,
    rows: &Rows,
    layout: &Layout,
) -> Result<Vec<u8>, String> {
    let mut columns = front;
    for column in rows.table.columns() {
        columns.push((logged_name(&column.name), array(column)));
    }
    match &rows.predictions {
        Predictions::Numbers(numbers) => {
            columns.push((PREDICTION.to_owned(), Arc::new(Float64Array::from(numbers.clone()))));
        }
        Predictions::Probabilities { values, classes } => {
            for (place, class) in layout.classes.iter().enumerate() {
                let of_class = values.iter().skip(place).step_by((*classes).max(1)).copied();
                columns.push((format!("p_{class}"), Arc::new(Float64Array::from_iter_values(of_class))));
            }
        }
    }
    if let Some(Embeddings { values, width }) = &rows.embeddings {
        for place in 0..*width {
            let of_place = values.iter().skip(place).step_by(*width).copied();
            columns.push((format!("e{place}"), Arc::new(Float32Array::from_iter_values(of_place))));
        }
    }
    file(columns).map_err(|error| format!("cannot encode Parquet ({error})"))
}

fn array(column: &Column) -> ArrayRef {
    match &column.values {
        Values::Number(array) => Arc::new(array.clone()),
        Values::Time(array) => Arc::new(array.clone()),
        _ => Arc::new((0..column.len()).map(|row| column.text_at(row)).collect::<LargeStringArray>()),
    }
}

fn file(columns: Vec<(String, ArrayRef)>) -> Result<Vec<u8>, parquet::errors::ParquetError> {
    let batch = RecordBatch::try_from_iter(columns)?;
    let compression = Compression::ZSTD(ZstdLevel::try_new(1)?);
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), Some(properties))?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(out)
}

/// The table of a file, read under limits, its columns in front of the given kinds, those of the layout of its own.
pub(super) fn table_of(
    name: &str,
    bytes: Vec<u8>,
    front: &[(&str, Kind)],
    layout: Option<&Layout>,
) -> Result<Table, String> {
    let mut kinds: BTreeMap<String, Kind> =
        front.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
    if let Some(layout) = layout {
        kinds.extend(layout.inputs.iter().map(|input| (logged_name(&input.name), input.kind)));
        kinds.extend(layout.answers().into_iter().map(|name| (name, Kind::Number)));
    }
    let options = ReadOptions {
        kinds,
        limits: Limits { table_bytes: TABLE_BYTES, ..Limits::DEFAULT },
        ..ReadOptions::default()
    };
    Ok(read_bytes(name, bytes, &options).map_err(|error| error.fault.to_string())?.table)
}

/// The rows of such a table.
pub(super) fn decode(table: &Table, layout: &Layout) -> Result<Rows, String> {
    let column = |name: &str| table.column(name).ok_or_else(|| format!("it has no column `{name}`"));
    let mut inputs = Vec::with_capacity(layout.inputs.len());
    for input in &layout.inputs {
        let found = column(&logged_name(&input.name))?;
        let is_it = match input.kind {
            Kind::Number => found.numbers().is_some(),
            Kind::Time => found.times().is_some(),
            _ => found.categories().is_some(),
        };
        // A column without any value has no type of its own.
        if !is_it && found.missing() < found.len() {
            return Err(format!("its column `{}` is no {}", input.name, input.kind.as_str()));
        }
        let found = if is_it { found.clone() } else { nothing(input, table.rows()) };
        inputs.push(Column { name: input.name.clone(), kind: input.kind, ..found });
    }
    let predictions = if layout.classes.is_empty() {
        Predictions::Numbers(numbers(column(PREDICTION)?)?)
    } else {
        let classes = layout.classes.len();
        let mut values = vec![0.0; table.rows() * classes];
        for (place, class) in layout.classes.iter().enumerate() {
            let of_class = numbers(column(&format!("p_{class}"))?)?;
            values.iter_mut().skip(place).step_by(classes).zip(of_class).for_each(|(to, from)| *to = from);
        }
        Predictions::Probabilities { values, classes }
    };
    let inputs = Table::new(inputs).map_err(|error| error.to_string())?;
    Ok(Rows { table: inputs, predictions, embeddings: embeddings(table, layout)? })
}

/// A column without a value in any row.
fn nothing(input: &Input, rows: usize) -> Column {
    match input.kind {
        Kind::Number => Column::number(&input.name, input.kind, std::iter::repeat_n(None, rows)),
        Kind::Time => Column::time(&input.name, input.kind, std::iter::repeat_n(None, rows)),
        _ => Column::category::<&str>(&input.name, input.kind, std::iter::repeat_n(None, rows)),
    }
}

fn embeddings(table: &Table, layout: &Layout) -> Result<Option<Embeddings>, String> {
    let width =
        (0..table.columns().len()).take_while(|place| table.column(&format!("e{place}")).is_some()).count();
    if width == 0 || !layout.is_embedded {
        return Ok(None);
    }
    let mut values = vec![0.0; table.rows() * width];
    for place in 0..width {
        let Some(column) = table.column(&format!("e{place}")) else { continue };
        let of_place = numbers(column)?;
        for (to, from) in values.iter_mut().skip(place).step_by(width).zip(of_place) {
            *to = from as f32;
        }
    }
    Ok(Some(Embeddings { values, width }))
}

/// The numbers of a column, NaN where one is missing.
pub(super) fn numbers(column: &Column) -> Result<Vec<f64>, String> {
    let numbers = column.numbers().ok_or_else(|| format!("its column `{}` is no number", column.name))?;
    Ok(numbers.iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_input_can_be_mistaken_for_another_column() {
        for name in ["id", "weight", "model", "prediction", "target", "p_yes", "e0", "e17", "input.id"] {
            assert_eq!(logged_name(name), format!("input.{name}"));
        }
        for name in ["age", "e", "export", "e1a", "price", "Weight"] {
            assert_eq!(logged_name(name), name);
        }
    }
}
