//! The names of the files in a run folder.

/// The resolved job; there from the first moment.
pub(crate) const JOB: &str = "job.toml";
/// All verdicts.
pub(crate) const LEDGER: &str = "ledger.json";
/// The profile of the table.
pub(crate) const DATA: &str = "data.json";
/// The part of each row.
pub(crate) const SPLIT: &str = "split.parquet";
/// The split in short.
pub(crate) const SPLIT_SUMMARY: &str = "split.json";
/// What was measured before training.
pub(crate) const PREFLIGHT: &str = "preflight.json";
/// One event a line.
pub(crate) const HISTORY: &str = "history.jsonl";
/// The digests of the rows that it was trained on or chosen by.
pub(crate) const TRAINED_ROWS: &str = plumb_package::TRAINED_ROWS;
/// What was predicted for the valid and the test rows.
pub(crate) const PREDICTIONS: &str = "predictions.parquet";
/// The rows that were predicted worst.
pub(crate) const WORST: &str = "worst.json";
/// The pictures that a person should see.
pub(crate) const PICTURES: &str = "pictures.json";
/// What the network reads in some texts.
pub(crate) const TEXTS: &str = "texts.json";
/// The evaluation as a section for a model card.
pub(crate) const EVALUATION: &str = "evaluation.md";
/// Why the model says what it says.
pub(crate) const EXPLANATION: &str = "explanation.json";
/// What each column adds to each explained row.
pub(crate) const EXPLANATIONS: &str = "explanations.parquet";
/// The page for people.
pub(crate) const REPORT: &str = "report.html";
/// The scores; written last, so that it stands only in a finished run.
pub(crate) const METRICS: &str = "metrics.json";
/// Digests, seed, commit, toolchain.
pub(crate) const PROVENANCE: &str = "provenance.json";
/// Checkpoints, one folder each.
pub(crate) const CHECKPOINTS: &str = "checkpoints";
/// TensorBoard event files.
pub(crate) const TENSORBOARD: &str = "tensorboard";
/// What a smaller model was made from, and what it saves and costs.
pub(crate) const COMPRESSION: &str = "compress.json";
/// What can be deployed.
pub(crate) const MODEL: &str = "model";
/// In it, the network as a graph.
pub(crate) const ONNX: &str = "model/model.onnx";
/// The same with numbers of 8 bits.
pub(crate) const INT8: &str = "model/int8.onnx";
/// With weights of 4 bits.
pub(crate) const INT4: &str = "model/int4.onnx";
/// With weights of half precision.
pub(crate) const F16: &str = "model/f16.onnx";
/// With weights of brain floating point.
pub(crate) const BF16: &str = "model/bf16.onnx";
/// Graphs that answer in the network's place where one of them is there.
pub(crate) const SMALLER: [&str; 4] = [INT8, INT4, F16, BF16];
