//! Learned vectors for categories with many levels (RealMLP, ingredient 2).

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plumb_kernels::embedding;
use plumb_ledger::Stream;
use plumb_onnx::{GraphWriter, Name};

use crate::batches::Batch;
use crate::layers::{normal, parameter};
use crate::parameters::host;

/// One table of vectors for each category column. Code 0, an unknown or missing level, starts at zero, so that
/// it says nothing until training gives it a meaning.
///
/// # Shapes
/// `[rows, columns]` codes to `[rows, columns * width]`.
#[derive(Module, Debug)]
pub struct CategoryEncoder {
    /// For each column `[levels, width]`, started as N(0, 1).
    pub tables: Vec<Param<Tensor<2>>>,
}

impl CategoryEncoder {
    /// Tables for columns with these numbers of codes, 0 included.
    pub fn new(levels: &[usize], width: usize, stream: Stream, device: &Device) -> Self {
        let table = |(column, &levels): (usize, &usize)| {
            let start = normal(stream.at(column as u64));
            let value = |i| if i < width as u64 { 0.0 } else { start(i) };
            parameter([levels.max(1), width], device, value)
        };
        Self { tables: levels.iter().enumerate().map(table).collect() }
    }

    /// Looks each code up, unless the batch brings the vectors. A code past the table's end counts as unknown.
    pub fn forward(&self, batch: &Batch) -> Vec<Tensor<2>> {
        if let Some(vectors) = &batch.embedded.codes {
            return vec![vectors.clone()];
        }
        let [rows, columns] = batch.codes.dims();
        let codes = batch.codes.clone().into_data_as::<u32>().try_into_vec::<u32>().unwrap_or_default();
        let look_up = |(column, table): (usize, &Param<Tensor<2>>)| {
            let codes: Vec<u32> = (0..rows).map(|row| codes[row * columns + column]).collect();
            embedding(table.val(), &codes)
        };
        self.tables.iter().enumerate().map(look_up).collect()
    }
}

impl CategoryEncoder {
    /// The vectors of each column of codes, `[rows, 1]` each; `at` is its path.
    pub(crate) fn write(&self, graph: &mut GraphWriter, at: &str, codes: &[Name]) -> Vec<Name> {
        let mut vectors = Vec::new();
        for (column, (table, codes)) in self.tables.iter().zip(codes).enumerate() {
            let [levels, width] = table.dims();
            let table =
                graph.floats(&format!("{at}.tables.{column}"), &[levels, width], &host(table.val().inner()));
            let found = graph.node("Gather", &[&table, codes], &[]);
            vectors.push(graph.node("Flatten", &[&found], &[]));
        }
        vectors
    }
}
