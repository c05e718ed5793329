//! `split.parquet` and `predictions.parquet`: what each row was used for and what was predicted for it.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray, UInt32Array, UInt64Array};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use plumb_data::split::Part;
use plumb_data::{Labels, Predictions, Target};

use crate::fault::Fault;

/// The predictions for some rows of one part, by the model of one fold (0 without folds).
#[derive(Debug)]
pub(crate) struct PredictedRows {
    /// The part.
    pub(crate) part: Part,
    /// The fold, from 1, counting on over repeats of the folds; 0 for the split itself.
    pub(crate) fold: i32,
    /// Row numbers.
    pub(crate) rows: Vec<u32>,
    /// One prediction for each row.
    pub(crate) predictions: Predictions,
}

/// `split.parquet`: part, fold (the one that tests the row, from 1; 0 without folds) and digest of each row. Where folds are
/// drawn again, `fold_2` and so on are those of the further repeats, counting on.
pub(crate) fn split(parts: &[Part], folds: &[Vec<i32>], digests: &[u64]) -> Result<Vec<u8>, Fault> {
    let rows = 0..parts.len() as u32;
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("row".into(), Arc::new(UInt32Array::from_iter_values(rows))),
        ("part".into(), Arc::new(StringArray::from_iter_values(parts.iter().map(|part| part.as_str())))),
    ];
    for (repeat, folds) in (1..).zip(folds) {
        let name = if repeat == 1 { "fold".to_owned() } else { format!("fold_{repeat}") };
        columns.push((name, Arc::new(Int32Array::from(folds.clone()))));
    }
    columns.push(("digest".into(), Arc::new(UInt64Array::from(digests.to_vec()))));
    bytes(columns)
}

/// `predictions.parquet`: row, part, fold, target, prediction and, for classes, the probability of each.
pub(crate) fn predictions(target: &Target, predicted: &[PredictedRows]) -> Result<Vec<u8>, Fault> {
    let each = || predicted.iter().flat_map(|of| of.rows.iter().map(move |&row| (of, row)));
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("row".into(), Arc::new(UInt32Array::from_iter_values(each().map(|(_, row)| row)))),
        ("part".into(), Arc::new(each().map(|(of, _)| Some(of.part.as_str())).collect::<StringArray>())),
        ("fold".into(), Arc::new(Int32Array::from_iter_values(each().map(|(of, _)| of.fold)))),
    ];
    let rows: Vec<u32> = each().map(|(_, row)| row).collect();
    match &target.labels {
        Labels::Numbers(numbers) => {
            let targets = rows.iter().map(|&row| numbers.get(row as usize).copied().flatten());
            columns.push(("target".into(), Arc::new(targets.collect::<Float64Array>())));
            let values = predicted.iter().flat_map(|of| numbers_of(&of.predictions));
            columns.push(("prediction".into(), Arc::new(Float64Array::from_iter_values(values))));
        }
        Labels::Classes(codes) => {
            let name = |code: u32| target.classes.get(code as usize).map(String::as_str);
            let targets = rows.iter().map(|&row| codes.get(row as usize).copied().flatten().and_then(name));
            columns.push(("target".into(), Arc::new(targets.collect::<StringArray>())));
            let chosen = predicted.iter().flat_map(|of| of.predictions.classes()).map(name);
            columns.push(("prediction".into(), Arc::new(chosen.collect::<StringArray>())));
            for (code, class) in target.classes.iter().enumerate() {
                let values = predicted.iter().flat_map(|of| probabilities_of(&of.predictions, code));
                columns.push((format!("p_{class}"), Arc::new(Float64Array::from_iter_values(values))));
            }
        }
    }
    bytes(columns)
}

fn numbers_of(predictions: &Predictions) -> Vec<f64> {
    match predictions {
        Predictions::Numbers(numbers) => numbers.clone(),
        Predictions::Probabilities { .. } => Vec::new(),
    }
}

fn probabilities_of(predictions: &Predictions, code: usize) -> Vec<f64> {
    match predictions {
        Predictions::Probabilities { values, classes } => {
            values.iter().skip(code).step_by((*classes).max(1)).copied().collect()
        }
        Predictions::Numbers(_) => Vec::new(),
    }
}

/// A Parquet file of these columns.
pub(crate) fn bytes(columns: Vec<(impl Into<String>, ArrayRef)>) -> Result<Vec<u8>, Fault> {
    let failed = |e: &dyn std::fmt::Display| Fault::failed(format!("cannot encode Parquet ({e})"));
    let columns = columns.into_iter().map(|(name, array)| (name.into(), array));
    let batch = RecordBatch::try_from_iter::<_, String>(columns).map_err(|e| failed(&e))?;
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut out = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut out, batch.schema(), Some(properties)).map_err(|e| failed(&e))?;
    writer.write(&batch).map_err(|e| failed(&e))?;
    writer.close().map_err(|e| failed(&e))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plumb_stats::Task;

    fn target() -> Target {
        let labels = Labels::Classes(vec![Some(0), Some(1), None, Some(1)]);
        Target { name: "y".into(), task: Task::Binary, classes: vec!["no".into(), "yes".into()], labels }
    }

    #[test]
    fn probabilities_stand_beside_their_rows() {
        let predictions = Predictions::Probabilities { values: vec![0.9, 0.1, 0.2, 0.8], classes: 2 };
        let of = PredictedRows { part: Part::Test, fold: 0, rows: vec![1, 3], predictions };
        let bytes = super::predictions(&target(), &[of]).unwrap();
        let reader =
            parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(bytes::Bytes::from(bytes), 16);
        let batch = reader.unwrap().next().unwrap().unwrap();
        let names: Vec<String> = batch.schema().fields().iter().map(|f| f.name().clone()).collect();
        assert_eq!(names, ["row", "part", "fold", "target", "prediction", "p_no", "p_yes"]);
        let text = |name: &str| {
            let array = batch.column_by_name(name).unwrap();
            array
                .as_any()
                .downcast_ref::<StringArray>()
                .unwrap()
                .iter()
                .flatten()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (text("target"), text("prediction")),
            (vec!["yes".into(); 2], vec!["no".into(), "yes".into()])
        );
        let yes = batch.column_by_name("p_yes").unwrap();
        assert_eq!(yes.as_any().downcast_ref::<Float64Array>().unwrap().values().to_vec(), [0.1, 0.8]);
    }
}
