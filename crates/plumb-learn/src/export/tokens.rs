//! Texts as they go into an exported file: the numbers of their tokens, and which of them are real.
//!
//! No operator of ONNX splits texts, so the tokenizer stays outside, as it does in the files of Hugging Face's `optimum`, whose names the inputs
//! have. All texts of a row are one sequence, so there is one pair of inputs however many columns they come from.

use plumb_data::prepare::{Encoding, Preparation, TextEncoding};
use plumb_data::{PredictError, Table};
use plumb_onnx::{ElementType, Extent, GraphWriter, Name, Setting, Tensor, Values};
use serde_json::json;

use super::ROWS;
use crate::batches::Tokens;

/// The input of the numbers of tokens, `[rows, tokens]`.
pub const INPUT_IDS: &str = "input_ids";
/// The input that tells real tokens (1) from those that fill a row up (0), `[rows, tokens]`.
pub const ATTENTION_MASK: &str = "attention_mask";
/// The key of the file's metadata under which stands what tokens are made by.
pub const TEXTS: &str = "plumb.texts";

/// Added to a score of a token that fills up: its share becomes 0.
const HIDDEN: f32 = -1e30;

/// The inputs as values of the graph.
#[derive(Debug, Clone)]
pub(crate) struct WrittenTokens {
    /// `[rows, tokens]`.
    pub(crate) ids: Name,
    mask: Name,
    /// Tokens of a row at most.
    pub(crate) longest: usize,
}

impl WrittenTokens {
    /// Declares the inputs.
    pub(super) fn new(graph: &mut GraphWriter, longest: usize) -> Self {
        let shape = [ROWS, Extent::Free("tokens")];
        let [ids, mask] =
            [INPUT_IDS, ATTENTION_MASK].map(|name| graph.input(name, ElementType::Whole, &shape));
        Self { ids, mask, longest }
    }

    /// How many tokens a row has, those that fill up included, `[1]`.
    pub(crate) fn count(&self, graph: &mut GraphWriter) -> Name {
        let (shape, second) = (graph.node("Shape", &[&self.ids], &[]), graph.wholes("second", &[1], &[1]));
        graph.node("Gather", &[&shape, &second], &[])
    }

    /// 1 for real tokens and 0 for others, `[rows, tokens]`.
    pub(crate) fn real(&self, graph: &mut GraphWriter) -> Name {
        graph.node("Cast", &[&self.mask], &[("to", Setting::Int(ElementType::Float as i64))])
    }

    /// What is added to scores so that nothing goes to tokens that fill up: `[rows, tokens]` with extents of 1 put in at these places.
    pub(crate) fn hidden(&self, graph: &mut GraphWriter, places: &[i64]) -> Name {
        let (none, hidden, seen) = (
            graph.wholes("none", &[], &[0]),
            graph.floats("hidden", &[], &[HIDDEN]),
            graph.floats("seen", &[], &[0.0]),
        );
        let fills = graph.node("Equal", &[&self.mask, &none], &[]);
        let added = graph.node("Where", &[&fills, &hidden, &seen], &[]);
        let places = graph.wholes("places", &[places.len()], places);
        graph.node("Unsqueeze", &[&added, &places], &[])
    }
}

/// What a caller needs to make tokens: the columns, whose texts follow each other, the limit, the token that fills up, and where the tokenizer
/// stands in the run's folder.
pub(super) fn described(preparation: &Preparation, encoding: &TextEncoding) -> String {
    let columns = preparation.columns.iter().filter(|column| column.encoding == Encoding::Text);
    let columns: Vec<&str> = columns.map(|column| column.name.as_str()).collect();
    json!({
        "columns": columns,
        "length": encoding.length,
        "padding": encoding.tokenizer.padding(),
        "tokenizer": "preparation.json#/texts/tokenizer",
    })
    .to_string()
}

/// The tokens of rows, each filled up to the longest; none where no text is read. A row without any has one, as networks see it.
pub(super) fn of_rows(
    preparation: &Preparation,
    table: &Table,
    rows: &[u32],
) -> Result<Option<[(String, Tensor); 2]>, PredictError> {
    let failed = |error: &dyn std::fmt::Display| PredictError { message: error.to_string() };
    if preparation.texts.is_none() {
        return Ok(None);
    }
    let prepared = preparation.apply(table, rows, None).map_err(|error| failed(&error))?;
    let Some(texts) = &prepared.texts else { return Ok(None) };
    let of_rows: Vec<&[u32]> = (0..rows.len() as u32).map(|row| texts.row(row)).collect();
    let tokens = Tokens::filled(&of_rows, texts.padding);
    let ids = tokens.ids.iter().map(|&id| i64::from(id)).collect();
    let real = |&length: &usize| (0..tokens.longest).map(move |at| i64::from(at < length.max(1)));
    let mask = tokens.lengths.iter().flat_map(real).collect();
    let tensor = |name: &str, values: Vec<i64>| {
        let tensor = Tensor::new(vec![rows.len(), tokens.longest], Values::Whole(values));
        tensor.map(|tensor| (name.to_owned(), tensor)).map_err(|error| failed(&error))
    };
    Ok(Some([tensor(INPUT_IDS, ids)?, tensor(ATTENTION_MASK, mask)?]))
}
