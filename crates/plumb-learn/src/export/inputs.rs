//! Rows of a table as the inputs of an exported file.

use plumb_data::prepare::{Encoding, ImageEncoding, Preparation};
use plumb_data::{Column, PredictError, Table};
use plumb_onnx::{OnnxError, Tensor, Values};

use super::tokens;
use crate::predict::TrainedModel;

impl TrainedModel {
    /// What [`TrainedModel::to_onnx`]'s file takes for these rows, input by input.
    pub fn onnx_inputs(&self, table: &Table, rows: &[u32]) -> Result<Vec<(String, Tensor)>, PredictError> {
        onnx_inputs(self.preparation(), table, rows)
    }
}

/// The same of a model whose preparation is known and whose network is not needed.
pub fn onnx_inputs(
    preparation: &Preparation,
    table: &Table,
    rows: &[u32],
) -> Result<Vec<(String, Tensor)>, PredictError> {
    let input = |column: &plumb_data::prepare::PreparedColumn| {
        let name = &column.name;
        let found = table
            .column(name)
            .ok_or_else(|| PredictError { message: format!("the data has no column `{name}`") })?;
        let tensor = tensor(&column.encoding, found, rows)
            .map_err(|error| PredictError { message: format!("column `{name}`: {error}") })?;
        Ok((name.clone(), tensor))
    };
    let columns = preparation.columns.iter().filter(|column| column.encoding != Encoding::Text);
    let mut inputs = columns.map(input).collect::<Result<Vec<_>, PredictError>>()?;
    inputs.extend(tokens::of_rows(preparation, table, rows)?.into_iter().flatten());
    Ok(inputs)
}

fn tensor(encoding: &Encoding, column: &Column, rows: &[u32]) -> Result<Tensor, OnnxError> {
    let known = |row: u32| (!column.is_missing(row as usize)).then_some(row as usize);
    let values = match encoding {
        Encoding::Number { .. } => {
            let number = |&row: &u32| {
                known(row).zip(column.numbers()).map_or(f32::NAN, |(row, numbers)| numbers.value(row) as f32)
            };
            Values::Floats(rows.iter().map(number).collect())
        }
        Encoding::Time { .. } => {
            let time =
                |&row: &u32| known(row).zip(column.times()).map_or(i64::MIN, |(row, times)| times.value(row));
            Values::Whole(rows.iter().map(time).collect())
        }
        Encoding::Image(encoding) => return pixels(encoding, column, rows),
        Encoding::OneHot(_) | Encoding::Embedding(_) | Encoding::Text => {
            let text = |&row: &u32| known(row).map_or_else(String::new, |row| column.display(row));
            Values::Texts(rows.iter().map(text).collect())
        }
    };
    Tensor::new(vec![rows.len(), 1], values)
}

/// Bytes, channel by channel; a row without a picture is black.
fn pixels(encoding: &ImageEncoding, column: &Column, rows: &[u32]) -> Result<Tensor, OnnxError> {
    let (side, channels) = (encoding.side, encoding.channels.count());
    let mut bytes = Vec::with_capacity(rows.len() * side * side * channels);
    for &row in rows {
        let picture = column.images().and_then(|images| images.set.get(row as usize));
        let seen = picture.map(|picture| encoding.picture(picture));
        for channel in 0..channels {
            match &seen {
                Some(seen) => {
                    let own = seen.pixels().iter().skip(channel).step_by(channels);
                    bytes.extend(own.map(|&byte| i64::from(byte)));
                }
                None => bytes.extend(std::iter::repeat_n(0i64, side * side)),
            }
        }
    }
    Tensor::new(vec![rows.len(), channels, side, side], Values::Whole(bytes))
}
