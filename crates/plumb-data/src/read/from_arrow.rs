//! Arrow arrays to a typed column. The type of the file decides, unless the job does.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, TimestampMillisecondBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type, TimestampMillisecondType};
use arrow_array::{Array, ArrayRef, LargeStringArray};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType, SchemaRef, TimeUnit};

use super::arrow_ipc::ArrowFile;
use super::categories::CategoryBuilder;
use super::convert;
use super::error::{Fault, ReadError};
use super::from_text::{Built, Wish};
use super::parquet::ParquetFile;
use super::{BadRow, Faults, Inferred, infer, values};
use crate::{Column, Kind, Values};

/// A file whose columns are Arrow arrays.
pub(super) enum TypedFile {
    Parquet(ParquetFile),
    Arrow(ArrowFile),
}

impl TypedFile {
    pub(super) fn schema(&self) -> &SchemaRef {
        match self {
            Self::Parquet(file) => file.schema(),
            Self::Arrow(file) => &file.schema,
        }
    }

    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Parquet(file) => file.rows(),
            Self::Arrow(file) => file.rows(),
        }
    }

    fn each(&self, index: usize, mut take: impl FnMut(&ArrayRef) -> Result<(), Fault>) -> Result<(), Fault> {
        match self {
            Self::Parquet(file) => file.column(index)?.try_for_each(|array| take(&array?)),
            Self::Arrow(file) => file.batches.iter().try_for_each(|batch| take(batch.column(index))),
        }
    }
}

/// What the arrays of a type become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Number,
    /// Integers of 64 bits: numbers as long as each of them is one exactly.
    Integer,
    Time,
    Text,
}

fn shape(data_type: &DataType) -> Option<Shape> {
    match data_type {
        DataType::Int64 | DataType::UInt64 => Some(Shape::Integer),
        number if number.is_numeric() || number.is_null() || is_span(number) => Some(Shape::Number),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Some(Shape::Time),
        DataType::Dictionary(_, values) => shape(values),
        // Old writers leave texts as bytes; bytes that are none are refused when they are cast.
        DataType::Boolean
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView => Some(Shape::Text),
        _ => None,
    }
}

/// Whether it is a time of day or a length of time, either of which is a quantity.
fn is_span(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Time32(_) | DataType::Time64(_) | DataType::Duration(_))
}

/// A file, how it is named to the person, and the place in it of each column of the table.
pub(super) struct Placed {
    pub(super) file: TypedFile,
    pub(super) path: PathBuf,
    pub(super) places: Vec<usize>,
}

/// Builds column `index` of the table from all files. None for a column of a type that is no column, when the job
/// leaves it out.
pub(super) fn build(
    files: &[Placed],
    index: usize,
    name: &str,
    wish: Wish,
    listed: usize,
) -> Result<Option<Built>, ReadError> {
    let Some(first) = files.first() else { return Ok(None) };
    let data_type = first.file.schema().field(first.places[index]).data_type().clone();
    let Some(shape) = shape(&data_type) else {
        if wish.kind == Some(Kind::Ignore) {
            return Ok(None);
        }
        let (name, data_type) = (name.to_owned(), data_type.to_string());
        return Err(Fault::ColumnUnsupported { name, data_type }.at(&first.path));
    };
    let values = match grow(files, index, shape)? {
        Some(values) => values,
        None => grow(files, index, Shape::Text)?.unwrap_or(Values::Text(LargeStringArray::new_null(0))),
    };
    let mut faults = Faults::new(listed);
    let (values, kind, reason) = judge(files, name, values, &data_type, wish, &mut faults);
    let inferred = Inferred { name: name.to_owned(), kind, reason };
    Ok(Some(Built { column: Column { name: name.to_owned(), kind, values }, inferred, faults }))
}

fn judge(
    files: &[Placed],
    name: &str,
    values: Values,
    data_type: &DataType,
    wish: Wish,
    faults: &mut Faults,
) -> (Values, Kind, String) {
    if let Some(kind) = wish.kind {
        let (values, lost) = convert::as_kind(values, kind);
        for row in lost {
            faults.add_with(|| bad_value(files, row as usize, name, kind));
        }
        return (values, kind, "the job says so".to_owned());
    }
    let (kind, reason) = match &values {
        Values::Number(numbers) => infer::of_numbers(name, numbers),
        Values::Time(_) => (Kind::Time, format!("its type is {data_type}")),
        Values::Category(_) if *data_type == DataType::Boolean => {
            (Kind::Category, "true or false".to_owned())
        }
        Values::Category(array) => infer::of_texts(name, array),
        Values::Text(_) | Values::Image(_) => (Kind::Text, "its values are texts".to_owned()),
    };
    let (values, kind, reason) =
        if wish.target { convert::as_target(values, kind, reason) } else { (values, kind, reason) };
    let values = if matches!(kind, Kind::Text) || kind == Kind::Id && matches!(values, Values::Category(_)) {
        convert::as_kind(values, Kind::Text).0
    } else {
        values
    };
    (values, kind, reason)
}

/// The row of the table as the row of the file that it came from.
fn bad_value(files: &[Placed], mut row: usize, name: &str, kind: Kind) -> BadRow {
    let mut path = PathBuf::new();
    for placed in files {
        path.clone_from(&placed.path);
        if row < placed.file.rows() {
            break;
        }
        row -= placed.file.rows();
    }
    let reason = format!("its value is no {}", kind.as_str());
    BadRow { path, line: row as u64 + 1, column: Some(name.to_owned()), reason }
}

/// A column under construction.
enum Growing {
    Number(Float64Builder),
    Time(TimestampMillisecondBuilder),
    Text(CategoryBuilder),
}

/// The values of all files. None when they are integers that no number can hold.
fn grow(files: &[Placed], index: usize, shape: Shape) -> Result<Option<Values>, ReadError> {
    // A file may declare rows that it does not have: room for the first 16 Mi is made, for more as they come.
    let rows = files.iter().map(|placed| placed.file.rows()).sum::<usize>().min(1 << 24);
    let mut growing = match shape {
        Shape::Number | Shape::Integer => Growing::Number(Float64Builder::with_capacity(rows)),
        Shape::Time => Growing::Time(TimestampMillisecondBuilder::with_capacity(rows)),
        Shape::Text => Growing::Text(CategoryBuilder::default()),
    };
    let mut exact = true;
    for placed in files {
        let taken = placed.file.each(placed.places[index], |array| {
            exact &= shape != Shape::Integer || is_exact(array);
            if exact { growing.take(array) } else { Ok(()) }
        });
        taken.map_err(|fault| fault.at(&placed.path))?;
    }
    let values = match growing {
        Growing::Number(mut builder) => Values::Number(builder.finish()),
        Growing::Time(mut builder) => Values::Time(builder.finish()),
        Growing::Text(builder) => Values::Category(builder.finish()),
    };
    Ok(exact.then_some(values))
}

/// Whether every integer is a number exactly: none is past 2^53.
fn is_exact(array: &ArrayRef) -> bool {
    const LAST: u64 = 1 << 53;
    match array.data_type() {
        DataType::Int64 => {
            array.as_primitive::<Int64Type>().iter().flatten().all(|x| x.unsigned_abs() <= LAST)
        }
        DataType::UInt64 => {
            array.as_primitive::<arrow_array::types::UInt64Type>().iter().flatten().all(|x| x <= LAST)
        }
        _ => true,
    }
}

impl Growing {
    fn take(&mut self, array: &ArrayRef) -> Result<(), Fault> {
        match self {
            Self::Number(builder) => {
                let numbers = to_numbers(array)?;
                for number in numbers.as_primitive::<Float64Type>() {
                    builder.append_option(number.filter(|x| !x.is_nan()));
                }
            }
            Self::Time(builder) => {
                let times = to_times(array)?;
                for time in times.as_primitive::<TimestampMillisecondType>() {
                    builder.append_option(time);
                }
            }
            Self::Text(builder) => take_texts(builder, array)?,
        }
        Ok(())
    }
}

fn to_numbers(array: &ArrayRef) -> Result<ArrayRef, Fault> {
    match array.data_type() {
        DataType::Time32(_) => cast(&cast(array, &DataType::Int32)?, &DataType::Float64),
        DataType::Time64(_) | DataType::Duration(_) => {
            cast(&cast(array, &DataType::Int64)?, &DataType::Float64)
        }
        _ => cast(array, &DataType::Float64),
    }
}

/// The instant is kept: a zone is only how it is shown.
fn to_times(array: &ArrayRef) -> Result<ArrayRef, Fault> {
    let zone = if let DataType::Timestamp(_, zone) = array.data_type() { zone.clone() } else { None };
    let array = cast(array, &DataType::Timestamp(TimeUnit::Millisecond, zone))?;
    Ok(Arc::new(array.as_primitive::<TimestampMillisecondType>().clone().with_timezone_opt::<&str>(None)))
}

/// A dictionary's texts are looked up once each, not once a row.
fn take_texts(builder: &mut CategoryBuilder, array: &ArrayRef) -> Result<(), Fault> {
    let Some(dictionary) = array.as_any().downcast_ref::<arrow_array::DictionaryArray<Int32Type>>() else {
        let texts = cast(array, &DataType::LargeUtf8)?;
        for text in texts.as_string::<i64>() {
            builder.push_text(text.filter(|text| !values::is_missing(text)));
        }
        return Ok(());
    };
    let texts = cast(dictionary.values(), &DataType::LargeUtf8)?;
    let texts = texts.as_string::<i64>();
    let mut codes: Vec<Option<Option<u32>>> = vec![None; texts.len()];
    for key in dictionary.keys() {
        let Some(key) = key.map(|key| key as usize) else {
            builder.push(None);
            continue;
        };
        let known = codes.get(key).copied().flatten();
        let code = known.unwrap_or_else(|| {
            let text = (key < texts.len() && texts.is_valid(key)).then(|| texts.value(key));
            text.filter(|text| !values::is_missing(text)).map(|text| builder.code(text))
        });
        if let Some(slot) = codes.get_mut(key) {
            *slot = Some(code);
        }
        builder.push(code);
    }
    Ok(())
}

/// A cast that never makes a value missing in silence.
fn cast(array: &dyn Array, to: &DataType) -> Result<ArrayRef, Fault> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, to, &strict)
        .map_err(|error| Fault::Torn { format: "Arrow", detail: error.to_string() })
}
