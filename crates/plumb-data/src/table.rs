//! The one data model: rows with typed columns, Arrow arrays inside.

use std::sync::Arc;

use arrow_array::types::UInt32Type;
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Float64Array, LargeStringArray, RecordBatch, TimestampMillisecondArray,
};
use arrow_schema::{DataType, Field, Schema};
use serde::{Deserialize, Serialize};

use crate::pictures::PictureSet;

/// What a column is to the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A quantity.
    Number,
    /// One of a limited set of values.
    Category,
    /// Free text.
    Text,
    /// A picture, by path.
    Image,
    /// A point in time.
    Time,
    /// The unit that rows belong to: a patient, a user. Never an input.
    Group,
    /// A name of the row itself. Never an input.
    Id,
    /// Left out.
    Ignore,
}

impl Kind {
    /// Every kind, for error messages and the manual.
    pub const ALL: [Self; 8] = [
        Self::Number,
        Self::Category,
        Self::Text,
        Self::Image,
        Self::Time,
        Self::Group,
        Self::Id,
        Self::Ignore,
    ];

    /// The word, as it stands in a job.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Category => "category",
            Self::Text => "text",
            Self::Image => "image",
            Self::Time => "time",
            Self::Group => "group",
            Self::Id => "id",
            Self::Ignore => "ignore",
        }
    }

    /// Whether a model can take the column in.
    pub fn is_table_input(self) -> bool {
        matches!(self, Self::Number | Self::Category | Self::Time | Self::Image)
    }
}

/// The values of a column. A missing value is an Arrow null in every variant.
#[derive(Debug, Clone)]
pub enum Values {
    /// Finite or infinite, never NaN: a NaN of the source is missing.
    Number(Float64Array),
    /// Dictionary codes; levels stand in the order of their first appearance, none is unused.
    Category(DictionaryArray<UInt32Type>),
    /// UTF-8 text.
    Text(LargeStringArray),
    /// Milliseconds since 1970-01-01 UTC.
    Time(TimestampMillisecondArray),
    /// Decoded pictures and where they came from.
    Image(Images),
}

/// The pictures of a column.
#[derive(Debug, Clone)]
pub struct Images {
    /// The path of each row's picture, as a person would write it.
    pub paths: LargeStringArray,
    /// The pictures, one for each row.
    pub set: Arc<PictureSet>,
}

impl Values {
    /// The Arrow array.
    pub fn array(&self) -> &dyn Array {
        match self {
            Self::Number(array) => array,
            Self::Category(array) => array,
            Self::Text(array) => array,
            Self::Time(array) => array,
            Self::Image(images) => &images.paths,
        }
    }

    fn array_ref(&self) -> ArrayRef {
        match self {
            Self::Number(array) => Arc::new(array.clone()),
            Self::Category(array) => Arc::new(array.clone()),
            Self::Text(array) => Arc::new(array.clone()),
            Self::Time(array) => Arc::new(array.clone()),
            Self::Image(images) => Arc::new(images.paths.clone()),
        }
    }
}

impl Images {
    fn keep(&self, rows: &[usize]) -> Self {
        let paths = rows.iter().map(|&row| self.paths.is_valid(row).then(|| self.paths.value(row))).collect();
        Self { paths, set: Arc::new(rows.iter().filter_map(|&row| self.set.get(row)).collect()) }
    }
}

/// A named column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name, byte for byte as in the file.
    pub name: String,
    /// What it is to the job.
    pub kind: Kind,
    /// Its values.
    pub values: Values,
}

/// A view of a category column: codes and the levels that they stand for.
#[derive(Debug, Clone, Copy)]
pub struct Categories<'a> {
    array: &'a DictionaryArray<UInt32Type>,
    levels: &'a LargeStringArray,
}

impl<'a> Categories<'a> {
    /// The code of a row, none when it is missing.
    #[inline]
    pub fn code(&self, row: usize) -> Option<u32> {
        self.array.keys().is_valid(row).then(|| self.array.keys().value(row))
    }

    /// How many levels there are.
    pub fn len(&self) -> usize {
        self.levels.len()
    }

    /// Whether there is no level: every row is missing.
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// The text of a level.
    pub fn level(&self, code: u32) -> &'a str {
        self.levels.value(code as usize)
    }

    /// The text of a row, none when it is missing.
    pub fn text(&self, row: usize) -> Option<&'a str> {
        self.code(row).map(|code| self.level(code))
    }
}

impl Column {
    /// Some of its rows, which must be there.
    fn keep(&self, rows: &[usize]) -> Self {
        let present = |row: usize| (!self.is_missing(row)).then_some(row);
        let present = rows.iter().map(|&row| present(row));
        let (name, kind) = (self.name.as_str(), self.kind);
        match &self.values {
            Values::Number(array) => {
                Self::number(name, kind, present.map(|row| row.map(|row| array.value(row))))
            }
            Values::Time(array) => Self::time(name, kind, present.map(|row| row.map(|row| array.value(row)))),
            Values::Text(array) => Self::text(name, kind, present.map(|row| row.map(|row| array.value(row)))),
            Values::Category(_) => {
                let categories = self.categories();
                let text = |row: usize| categories.and_then(|categories| categories.text(row));
                Self::category(name, kind, present.map(|row| row.and_then(text)))
            }
            Values::Image(images) => {
                Self { name: name.to_owned(), kind, values: Values::Image(images.keep(rows)) }
            }
        }
    }

    /// Some of its rows, in this order; a row may stand several times. `None` where one is not there.
    fn gather(&self, rows: &[u32]) -> Option<Self> {
        let indices = arrow_array::UInt32Array::from(rows.to_vec());
        let options = arrow_select::take::TakeOptions { check_bounds: true };
        let taken = |array: &dyn Array| arrow_select::take::take(array, &indices, Some(options.clone())).ok();
        let values = match &self.values {
            Values::Number(array) => {
                Values::Number(taken(array)?.as_any().downcast_ref::<Float64Array>()?.clone())
            }
            Values::Category(array) => Values::Category(
                taken(array)?.as_any().downcast_ref::<DictionaryArray<UInt32Type>>()?.clone(),
            ),
            Values::Text(array) => {
                Values::Text(taken(array)?.as_any().downcast_ref::<LargeStringArray>()?.clone())
            }
            Values::Time(array) => {
                Values::Time(taken(array)?.as_any().downcast_ref::<TimestampMillisecondArray>()?.clone())
            }
            Values::Image(images) => Values::Image(Images {
                paths: taken(&images.paths)?.as_any().downcast_ref::<LargeStringArray>()?.clone(),
                set: Arc::new(rows.iter().map(|&row| images.set.get(row as usize)).collect::<Option<_>>()?),
            }),
        };
        Some(Self { name: self.name.clone(), kind: self.kind, values })
    }

    /// The numbers, when it holds numbers.
    pub fn numbers(&self) -> Option<&Float64Array> {
        if let Values::Number(array) = &self.values { Some(array) } else { None }
    }

    /// The categories, when it holds categories.
    pub fn categories(&self) -> Option<Categories<'_>> {
        let Values::Category(array) = &self.values else { return None };
        let levels = array.values().as_any().downcast_ref::<LargeStringArray>()?;
        Some(Categories { array, levels })
    }

    /// The texts, when it holds text.
    pub fn texts(&self) -> Option<&LargeStringArray> {
        if let Values::Text(array) = &self.values { Some(array) } else { None }
    }

    /// The text of a row; none when it is missing, or when the column holds neither text nor categories.
    pub fn text_at(&self, row: usize) -> Option<&str> {
        match &self.values {
            Values::Text(array) if !self.is_missing(row) => Some(array.value(row)),
            Values::Category(_) => self.categories()?.text(row),
            _ => None,
        }
    }

    /// The times in milliseconds, when it holds times.
    pub fn times(&self) -> Option<&TimestampMillisecondArray> {
        if let Values::Time(array) = &self.values { Some(array) } else { None }
    }

    /// The pictures, when it holds pictures.
    pub fn images(&self) -> Option<&Images> {
        if let Values::Image(images) = &self.values { Some(images) } else { None }
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.values.array().len()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values are missing.
    pub fn missing(&self) -> usize {
        self.values.array().null_count()
    }

    /// Whether the value of a row is missing.
    pub fn is_missing(&self, row: usize) -> bool {
        self.values.array().is_null(row)
    }

    /// Whether two rows have the same value, or both none. Numbers are compared bit by bit.
    pub fn same(&self, one: usize, other: usize) -> bool {
        if self.is_missing(one) || self.is_missing(other) {
            return self.is_missing(one) && self.is_missing(other);
        }
        match &self.values {
            Values::Number(array) => array.value(one).to_bits() == array.value(other).to_bits(),
            Values::Category(array) => array.keys().value(one) == array.keys().value(other),
            Values::Text(array) => array.value(one) == array.value(other),
            Values::Time(array) => array.value(one) == array.value(other),
            Values::Image(images) => images.paths.value(one) == images.paths.value(other),
        }
    }

    /// The value of a row as a person would write it; the empty string when it is missing.
    pub fn display(&self, row: usize) -> String {
        if self.is_missing(row) {
            return String::new();
        }
        match &self.values {
            Values::Number(array) => array.value(row).to_string(),
            Values::Category(_) => self.categories().and_then(|c| c.text(row)).unwrap_or_default().to_owned(),
            Values::Text(array) => array.value(row).to_owned(),
            Values::Image(images) => images.paths.value(row).to_owned(),
            Values::Time(array) => jiff::Timestamp::from_millisecond(array.value(row))
                .map_or_else(|_| array.value(row).to_string(), |time| time.to_string()),
        }
    }

    /// The same column with its values as categories; numbers and times become their text.
    #[must_use]
    pub fn to_category(&self) -> Self {
        if self.categories().is_some() {
            return self.clone();
        }
        let texts = (0..self.len()).map(|row| (!self.is_missing(row)).then(|| self.display(row)));
        Self::category(&self.name, self.kind, texts)
    }

    /// A category column from texts; levels in order of first appearance.
    pub fn category<S: AsRef<str>>(
        name: &str,
        kind: Kind,
        texts: impl IntoIterator<Item = Option<S>>,
    ) -> Self {
        let texts = texts.into_iter();
        // Without a hint it makes room for a thousand rows, of which a request to a server has one.
        let (rows, levels) = (texts.size_hint().0, texts.size_hint().0.min(64));
        let mut builder = arrow_array::builder::LargeStringDictionaryBuilder::<UInt32Type>::with_capacity(
            rows,
            levels,
            8 * levels,
        );
        for text in texts {
            builder.append_option(text);
        }
        Self { name: name.to_owned(), kind, values: Values::Category(builder.finish()) }
    }

    /// A number column; NaN becomes missing.
    pub fn number(name: &str, kind: Kind, numbers: impl IntoIterator<Item = Option<f64>>) -> Self {
        let numbers: Float64Array = numbers.into_iter().map(|x| x.filter(|x| !x.is_nan())).collect();
        Self { name: name.to_owned(), kind, values: Values::Number(numbers) }
    }

    /// A text column.
    pub fn text<S: AsRef<str>>(name: &str, kind: Kind, texts: impl IntoIterator<Item = Option<S>>) -> Self {
        let texts: LargeStringArray = texts.into_iter().collect();
        Self { name: name.to_owned(), kind, values: Values::Text(texts) }
    }

    /// A time column from milliseconds since 1970-01-01 UTC.
    pub fn time(name: &str, kind: Kind, times: impl IntoIterator<Item = Option<i64>>) -> Self {
        let times: TimestampMillisecondArray = times.into_iter().collect();
        Self { name: name.to_owned(), kind, values: Values::Time(times) }
    }
}

/// What a table refuses to be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Columns differ in length.
    #[error("column `{name}` has {found} rows, the first column has {expected}")]
    Lengths {
        /// The column.
        name: String,
        /// Its rows.
        found: usize,
        /// The rows of the first column.
        expected: usize,
    },
    /// Two columns share a name.
    #[error("column name `{name}` stands twice")]
    Duplicate {
        /// The name.
        name: String,
    },
}

/// Rows with typed columns. Cloning is cheap: the values are shared.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Arc<[Column]>,
    rows: usize,
}

impl Table {
    /// A table of these columns.
    pub fn new(columns: Vec<Column>) -> Result<Self, TableError> {
        let rows = columns.first().map_or(0, Column::len);
        let mut names = std::collections::HashSet::new();
        for column in &columns {
            if column.len() != rows {
                let name = column.name.clone();
                return Err(TableError::Lengths { name, found: column.len(), expected: rows });
            }
            if !names.insert(column.name.as_str()) {
                return Err(TableError::Duplicate { name: column.name.clone() });
            }
        }
        Ok(Self { columns: columns.into(), rows })
    }

    /// Some of its rows, in this order; numbers past the end are left out.
    #[must_use]
    pub fn keep(&self, rows: &[usize]) -> Self {
        let rows: Vec<usize> = rows.iter().copied().filter(|&row| row < self.rows).collect();
        let columns: Vec<Column> = self.columns.iter().map(|column| column.keep(&rows)).collect();
        Self { columns: columns.into(), rows: rows.len() }
    }

    /// A table of the same columns, each of rows of its own: `rows_of(place)` names the rows of the column at a place, all equally
    /// many. Values are copied, levels of categories shared. `None` where a row is not there or lengths differ.
    pub fn gather<'r>(&self, rows_of: impl Fn(usize) -> &'r [u32]) -> Option<Self> {
        let columns: Option<Vec<Column>> =
            self.columns.iter().enumerate().map(|(place, column)| column.gather(rows_of(place))).collect();
        Self::new(columns?).ok()
    }

    /// The table with another column in this place, of the same length; unchanged otherwise.
    #[must_use]
    pub fn with_values(&self, place: usize, kind: Kind, values: Values) -> Self {
        let mut columns = self.columns.to_vec();
        if let Some(column) = columns.get_mut(place).filter(|column| column.len() == values.array().len()) {
            (column.kind, column.values) = (kind, values);
        }
        Self { columns: columns.into(), rows: self.rows }
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns, in the order of the file.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The names, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The columns that a model for tables may take in, without the target.
    pub fn inputs(&self, target: Option<&str>) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(move |c| c.kind.is_table_input() && Some(c.name.as_str()) != target)
    }

    /// The columns of texts, without the target.
    pub fn texts(&self, target: Option<&str>) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(move |c| c.kind == Kind::Text && Some(c.name.as_str()) != target)
    }

    /// The table as one Arrow record batch; the kind of each column stands in its field's metadata `plumb.kind`.
    pub fn record_batch(&self) -> Result<RecordBatch, arrow_schema::ArrowError> {
        let field = |column: &Column| {
            let array = column.values.array();
            let data_type: DataType = array.data_type().clone();
            Field::new(&column.name, data_type, true)
                .with_metadata([("plumb.kind".to_owned(), column.kind.as_str().to_owned())].into())
        };
        let schema = Schema::new(self.columns.iter().map(field).collect::<Vec<_>>());
        RecordBatch::try_new(Arc::new(schema), self.columns.iter().map(|c| c.values.array_ref()).collect())
    }
}
