//! Rows on their way to a model: the values of each of its columns, as requests bring them and before they are a table.

use std::sync::Arc;

use arrow_array::LargeStringArray;
use bytes::Bytes;
use plumb_data::pictures::{Channels, Picture, PictureLimits, PictureSet, decode};
use plumb_data::read::time_of;
use plumb_data::{Column, Images, Kind, Table, Values};
use plumb_ledger::from_base64;

use crate::signature::Input;
use crate::tensor::{Data, Datatype, Tensor};
use crate::{ApiError, Limits, Signature};

/// Pictures of requests: as large as those of data, with less memory for the decoder.
const PICTURES: PictureLimits = PictureLimits { bytes: 256 << 20, ..PictureLimits::DEFAULT };
/// What stands in front of a picture as a web page has it.
const DATA_URI: &str = "data:";

/// The values of a column. Missing is a NaN, or none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cells {
    /// Of numbers.
    Numbers(Vec<f64>),
    /// Of categories and texts.
    Texts(Vec<Option<String>>),
    /// Of times, in milliseconds since 1970 UTC.
    Times(Vec<Option<i64>>),
    /// Of pictures as files, or as Base64 or `data:` URIs of files.
    Files(Vec<Option<Bytes>>),
    /// Of pictures.
    Pictures(Vec<Option<Picture>>),
}

impl Cells {
    /// No values of a kind of column.
    pub(crate) fn empty(kind: Kind, rows: usize) -> Self {
        match kind {
            Kind::Number => Self::Numbers(Vec::with_capacity(rows)),
            Kind::Time => Self::Times(Vec::with_capacity(rows)),
            Kind::Image => Self::Files(Vec::with_capacity(rows)),
            _ => Self::Texts(Vec::with_capacity(rows)),
        }
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Texts(values) => values.len(),
            Self::Times(values) => values.len(),
            Self::Files(values) => values.len(),
            Self::Pictures(values) => values.len(),
        }
    }

    /// Adds a missing value.
    pub(crate) fn push_missing(&mut self) {
        match self {
            Self::Numbers(values) => values.push(f64::NAN),
            Self::Texts(values) => values.push(None),
            Self::Times(values) => values.push(None),
            Self::Files(values) => values.push(None),
            Self::Pictures(values) => values.push(None),
        }
    }

    /// Lets the values of another of its kind follow its own.
    pub(crate) fn append(&mut self, other: &Self) {
        match (self, other) {
            (Self::Numbers(own), Self::Numbers(more)) => own.extend_from_slice(more),
            (Self::Texts(own), Self::Texts(more)) => own.extend_from_slice(more),
            (Self::Times(own), Self::Times(more)) => own.extend_from_slice(more),
            (Self::Files(own), Self::Files(more)) => own.extend_from_slice(more),
            (Self::Pictures(own), Self::Pictures(more)) => own.extend_from_slice(more),
            _ => {}
        }
    }

    /// Whether a picture must be decoded before it can be used.
    pub(crate) fn are_files(&self) -> bool {
        matches!(self, Self::Files(_))
    }

    /// Decodes pictures; how many bytes they have then.
    pub(crate) fn decode(&mut self, name: &str) -> Result<usize, ApiError> {
        let Self::Files(files) = self else { return Ok(0) };
        let mut pictures = Vec::with_capacity(files.len());
        for (row, file) in files.iter().enumerate() {
            let picture = file.as_ref().map(|file| picture(file)).transpose();
            let picture =
                picture.map_err(|why| ApiError::bad(format!("row {row}, column `{name}`: {why}")))?;
            pictures.push(picture);
        }
        let bytes = pictures.iter().flatten().map(|picture| picture.pixels().len()).sum();
        *self = Self::Pictures(pictures);
        Ok(bytes)
    }

    /// The column.
    fn into_column(self, input: &Input) -> Column {
        let (name, kind) = (input.name.as_str(), input.kind);
        match self {
            Self::Numbers(values) => Column::number(name, kind, values.into_iter().map(Some)),
            Self::Texts(values) if kind == Kind::Text => Column::text(name, kind, values),
            Self::Texts(values) => Column::category(name, kind, values),
            Self::Times(values) => Column::time(name, kind, values),
            Self::Files(values) => pictures(name, values.into_iter().map(|_| None)),
            Self::Pictures(values) => pictures(name, values),
        }
    }
}

/// The picture of a file, of its Base64, or of a `data:` URI.
fn picture(file: &[u8]) -> Result<Picture, String> {
    let said = |fault: plumb_data::pictures::PictureFault| fault.to_string();
    let Some(text) = std::str::from_utf8(file).ok() else { return decode(file, &PICTURES).map_err(said) };
    let text = text.trim();
    let text = match text.strip_prefix(DATA_URI) {
        Some(uri) => {
            uri.split_once(";base64,").map(|(_, text)| text).ok_or("a `data:` URI without `;base64,`")?
        }
        None => text,
    };
    let bytes = from_base64(text).ok_or("neither a picture file nor the Base64 of one")?;
    decode(&bytes, &PICTURES).map_err(said)
}

/// A column of pictures; a row without one has a white point, and is missing.
fn pictures(name: &str, values: impl IntoIterator<Item = Option<Picture>>) -> Column {
    let white = Picture::new(1, 1, Channels::Grey, vec![255]);
    let (mut set, mut paths) = (PictureSet::default(), Vec::new());
    for value in values {
        paths.push(value.is_some().then(|| format!("{}.png", paths.len())));
        if let Some(picture) = value.as_ref().or(white.as_ref()) {
            set.push(picture);
        }
    }
    let images = Images { paths: paths.into_iter().collect::<LargeStringArray>(), set: Arc::new(set) };
    Column { name: name.to_owned(), kind: Kind::Image, values: Values::Image(images) }
}

/// The table of a model's columns.
pub(crate) fn table(cells: Vec<Cells>, signature: &Signature) -> Result<Table, ApiError> {
    let columns = cells.into_iter().zip(&signature.inputs).map(|(cells, input)| cells.into_column(input));
    Table::new(columns.collect()).map_err(|error| ApiError::bad(error.to_string()))
}

/// One row of nothing in particular, to ask a model once before clients do.
pub(crate) fn blank(signature: &Signature) -> Vec<Cells> {
    let cells = |input: &Input| match input.kind {
        Kind::Number => Cells::Numbers(vec![0.0]),
        Kind::Time => Cells::Times(vec![Some(0)]),
        Kind::Image => Cells::Pictures(vec![Picture::new(64, 64, Channels::Rgb, vec![128; 64 * 64 * 3])]),
        // About as long as people write, so that buffers grow to their size.
        Kind::Text => Cells::Texts(vec![Some("a few words of nothing in particular, ".repeat(10))]),
        _ => Cells::Texts(vec![Some("a few words".to_owned())]),
    };
    signature.inputs.iter().map(cells).collect()
}

/// The columns that tensors of their names bring, `[rows]` or `[rows, 1]` each.
pub(crate) fn of_tensors(
    tensors: &[Tensor],
    signature: &Signature,
    limits: &Limits,
) -> Result<Vec<Cells>, ApiError> {
    let known = |name: &str| signature.inputs.iter().any(|input| input.name == name);
    if let Some(strange) = tensors.iter().find(|tensor| !known(tensor.name())) {
        return Err(ApiError::bad(format!("the model has no input `{}`", strange.name())));
    }
    let mut rows = None;
    let cells = |input: &Input| {
        let mut named = tensors.iter().filter(|tensor| tensor.name() == input.name);
        let tensor =
            named.next().ok_or_else(|| ApiError::bad(format!("the input `{}` is missing", input.name)))?;
        if named.next().is_some() {
            return Err(ApiError::bad(format!("the input `{}` stands twice", input.name)));
        }
        let [found] = tensor.shape() else {
            let [found, 1] = tensor.shape() else {
                let shape = tensor.shape();
                return Err(ApiError::bad(format!(
                    "the input `{}` is `[rows]` or `[rows, 1]`, not {shape:?}",
                    input.name
                )));
            };
            return column(tensor, input, *found, &mut rows, limits);
        };
        column(tensor, input, *found, &mut rows, limits)
    };
    signature.inputs.iter().map(cells).collect()
}

fn column(
    tensor: &Tensor,
    input: &Input,
    found: usize,
    rows: &mut Option<usize>,
    limits: &Limits,
) -> Result<Cells, ApiError> {
    let expected = *rows.get_or_insert(found);
    if found != expected {
        return Err(ApiError::bad(format!(
            "the input `{}` has {found} rows, the first one {expected}",
            input.name
        )));
    }
    if found > limits.rows {
        return Err(ApiError::bad(format!("{found} rows, the limit is {}", limits.rows)));
    }
    let datatype = tensor.data().datatype();
    let refuse = || {
        let wanted = datatype_of(input.kind).as_str();
        ApiError::bad(format!("the input `{}` is {wanted}, not {}", input.name, datatype.as_str()))
    };
    Ok(match (input.kind, tensor.data()) {
        (Kind::Number, data) => Cells::Numbers(data.numbers().ok_or_else(refuse)?),
        (Kind::Image, Data::Bytes(values)) => {
            Cells::Files(values.iter().map(|value| (!value.is_empty()).then(|| value.clone())).collect())
        }
        (Kind::Time, Data::Bytes(values)) => Cells::Times(of_texts(input, values, time_of)?),
        (Kind::Time, data) => {
            let times = data.whole().ok_or_else(refuse)?;
            Cells::Times(times.into_iter().map(|time| (time != i64::MIN).then_some(time)).collect())
        }
        (Kind::Image, _) => return Err(refuse()),
        (_, Data::Bytes(values)) => Cells::Texts(of_texts(input, values, |text| Some(text.to_owned()))?),
        (_, data) => {
            let texts =
                data.whole().map(|values| values.iter().map(|value| Some(value.to_string())).collect());
            Cells::Texts(texts.ok_or_else(refuse)?)
        }
    })
}

/// Each text as what it means; an empty one is missing.
fn of_texts<T>(
    input: &Input,
    values: &[Bytes],
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<Option<T>>, ApiError> {
    let one = |(row, value): (usize, &Bytes)| {
        if value.is_empty() {
            return Ok(None);
        }
        let found = std::str::from_utf8(value).ok().and_then(&read);
        let what = if input.kind == Kind::Time { "a time" } else { "a text" };
        found.map(Some).ok_or_else(|| ApiError::bad(format!("row {row}, input `{}`: not {what}", input.name)))
    };
    values.iter().enumerate().map(one).collect()
}

/// The datatype in which clients are told to send a kind of column.
pub(crate) fn datatype_of(kind: Kind) -> Datatype {
    if kind == Kind::Number { Datatype::Fp64 } else { Datatype::Bytes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::signature;

    fn tensor(name: &str, data: Data) -> Tensor {
        Tensor::new(name, vec![data.len()], data).unwrap()
    }

    fn texts(values: &[&'static str]) -> Data {
        Data::Bytes(values.iter().map(|value| Bytes::from_static(value.as_bytes())).collect())
    }

    #[test]
    fn tensors_become_columns_whatever_their_order() {
        let tensors = [
            tensor("site", texts(&["north", ""])),
            tensor("length", Data::Fp64(vec![1.5, f64::NAN])),
            tensor("when", texts(&["1970-01-02", ""])),
        ];
        let cells = of_tensors(&tensors, &signature(), &Limits::DEFAULT).unwrap();
        let table = table(cells, &signature()).unwrap();
        assert_eq!(table.column("length").unwrap().display(0), "1.5");
        assert_eq!(table.column("site").unwrap().text_at(0), Some("north"));
        assert_eq!(table.column("when").unwrap().times().unwrap().value(0), 86_400_000);
        assert!(table.columns().iter().all(|column| column.is_missing(1) && !column.is_missing(0)));
    }

    #[test]
    fn what_goes_with_no_column_is_named() {
        let refused =
            |tensors: &[Tensor]| of_tensors(tensors, &signature(), &Limits::DEFAULT).unwrap_err().message;
        let number = tensor("length", Data::Fp64(vec![1.5]));
        let site = tensor("site", texts(&["north"]));
        assert_eq!(refused(std::slice::from_ref(&number)), "the input `site` is missing");
        assert_eq!(refused(&[tensor("x", texts(&["a"]))]), "the model has no input `x`");
        assert_eq!(
            refused(&[number.clone(), number.clone(), site.clone()]),
            "the input `length` stands twice"
        );
        assert_eq!(
            refused(&[tensor("length", texts(&["1"])), site.clone()]),
            "the input `length` is FP64, not BYTES"
        );
        let two = tensor("site", texts(&["north", "south"]));
        assert_eq!(refused(&[number.clone(), two]), "the input `site` has 2 rows, the first one 1");
        let when = tensor("when", texts(&["noon"]));
        assert_eq!(refused(&[number, site, when]), "row 0, input `when`: not a time");
        let wide = Tensor::new("length", vec![1, 2], Data::Fp64(vec![0.0; 2])).unwrap();
        assert!(refused(&[wide]).contains("`[rows]` or `[rows, 1]`, not [1, 2]"));
    }

    #[test]
    fn pictures_come_as_files_and_as_texts_of_files() {
        let pixels = Picture::new(2, 1, Channels::Grey, vec![0, 255]).unwrap();
        let file = plumb_data::pictures::png(&pixels, usize::MAX);
        let text = plumb_ledger::base64(&file);
        for way in [file, text.clone().into_bytes(), format!("data:image/png;base64,{text}").into_bytes()] {
            let mut cells = Cells::Files(vec![Some(way.into()), None]);
            assert_eq!(cells.decode("p"), Ok(2));
            assert_eq!(cells, Cells::Pictures(vec![Some(pixels.clone()), None]));
        }
        let wrong =
            Cells::Files(vec![Some(Bytes::from_static(b"data:text/plain,x"))]).decode("p").unwrap_err();
        assert_eq!(wrong.message, "row 0, column `p`: a `data:` URI without `;base64,`");
    }
}
