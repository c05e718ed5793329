//! Parquet and Arrow, whose types decide.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float32Array, Int64Array, ListArray, RecordBatch, StringArray,
    TimestampMicrosecondArray, types::Int32Type,
};
use plumb_data::Kind::{Category, Ignore, Number, Text, Time};
use plumb_data::read::read;
use proptest::prelude::*;

use crate::{column, folder, options, read_bytes, read_with, refusal};

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn arrow_file(batch: &RecordBatch, packed: bool) -> Vec<u8> {
    let codec = packed.then_some(arrow_ipc::CompressionType::ZSTD);
    let options = arrow_ipc::writer::IpcWriteOptions::default().try_with_compression(codec).unwrap();
    let mut writer =
        arrow_ipc::writer::FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn arrow_stream(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = arrow_ipc::writer::StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn mixed() -> RecordBatch {
    batch(vec![
        ("size", Arc::new(Float32Array::from(vec![Some(0.5), Some(f32::NAN), None]))),
        ("big", Arc::new(Int64Array::from(vec![Some(9_007_199_254_740_993), None, Some(1)]))),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
        ("word", Arc::new(StringArray::from(vec![Some("b"), Some("?"), Some("a")]))),
        ("day", Arc::new(Date32Array::from(vec![Some(0), Some(1), None]))),
        (
            "when",
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(1_500_000), None, None]).with_timezone("+02:00"),
            ),
        ),
    ])
}

#[test]
fn all_binary_formats_give_the_same_table() {
    let batch = mixed();
    for (name, bytes) in [
        ("x.parquet", parquet(&batch)),
        ("x.arrow", arrow_file(&batch, false)),
        ("x.feather", arrow_file(&batch, true)),
        ("x.arrows", arrow_stream(&batch)),
    ] {
        let read = read_bytes(name, &bytes).unwrap();
        let kinds: Vec<_> = read.table.columns().iter().map(|column| column.kind).collect();
        assert_eq!(kinds, [Number, Category, Category, Category, Time, Time], "{name}");
        assert_eq!(column(&read, "size"), ["0.5", "", ""], "NaN is missing");
        assert_eq!(column(&read, "big"), ["9007199254740993", "", "1"], "no digit is lost");
        assert_eq!(column(&read, "flag"), ["true", "false", ""]);
        assert_eq!(column(&read, "word"), ["b", "", "a"]);
        assert_eq!(column(&read, "day"), ["1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z", ""]);
        assert_eq!(column(&read, "when"), ["1970-01-01T00:00:01.5Z", "", ""], "the instant stays");
    }
}

#[test]
fn several_files_need_the_same_columns_and_types() {
    let words = |name| batch(vec![(name, Arc::new(StringArray::from(vec!["a", "b"])) as ArrayRef)]);
    let numbers = batch(vec![("x", Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef)]);
    let (first, other, number) = (parquet(&words("x")), parquet(&words("y")), parquet(&numbers));
    let folder =
        folder(&[("1.parquet", &first), ("2.parquet", &other), ("3.parquet", &number), ("4.csv", b"x\n1\n")]);
    let both = |second| read(&options(folder.path(), &["1.parquet", second]), &|_| {});
    assert_eq!(refusal(both("2.parquet")).0, "column `y` is not in the first file: `2.parquet`");
    assert!(refusal(both("3.parquet")).0.starts_with("column `x` is Int64 here and "));
    assert_eq!(refusal(both("4.csv")).0, "csv file among parquet files: `4.csv`");
    std::fs::copy(folder.path().join("1.parquet"), folder.path().join("5.parquet")).unwrap();
    assert_eq!(column(&both("5.parquet").unwrap(), "x"), ["a", "b", "a", "b"]);
}

#[test]
fn a_nested_column_is_refused_unless_it_is_left_out() {
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)]), None]);
    let columns: Vec<(&str, ArrayRef)> =
        vec![("tags", Arc::new(list)), ("x", Arc::new(Int64Array::from(vec![1, 2])))];
    let bytes = parquet(&batch(columns));
    assert!(refusal(read_bytes("x.parquet", &bytes)).0.starts_with("column `tags` has type List"));
    let left_out =
        read_with("x.parquet", &bytes, |options| options.kinds = [("tags".to_owned(), Ignore)].into());
    assert_eq!(left_out.unwrap().table.names().collect::<Vec<_>>(), ["x"]);
}

#[test]
fn the_job_can_turn_types_into_kinds() {
    let bytes = parquet(&mixed());
    let read = read_with("x.parquet", &bytes, |options| {
        options.kinds =
            [("size", Category), ("word", Text), ("flag", Number)].map(|(n, k)| (n.to_owned(), k)).into();
    });
    let read = read.unwrap();
    assert_eq!(column(&read, "size"), ["0.5", "", ""]);
    assert_eq!(column(&read, "flag"), ["", "", ""]);
    assert_eq!(read.report.bad_values_total, 2, "true and false are no numbers");
    assert_eq!(read.report.bad_values[1].line, 2);
}

#[test]
fn a_torn_file_is_refused_wherever_it_is_cut() {
    let batch = mixed();
    for (name, bytes) in [
        ("x.parquet", parquet(&batch)),
        ("x.arrow", arrow_file(&batch, true)),
        ("x.arrows", arrow_stream(&batch)),
    ] {
        for cut in (4..bytes.len() - 8).step_by(37) {
            let (sentence, code) = refusal(read_bytes(name, &bytes[..cut]));
            assert_eq!(code, 4, "{name} cut at {cut}: {sentence}");
        }
    }
}

#[test]
fn declared_sizes_are_held_against_the_limits() {
    let text = "x".repeat(100_000);
    let bytes = parquet(&batch(vec![("x", Arc::new(StringArray::from(vec![text.as_str()])) as ArrayRef)]));
    let page = read_with("x.parquet", &bytes, |options| options.limits.parquet_page_bytes = 10_000);
    assert!(refusal(page).0.starts_with("a page declares 100"));
    let group = read_with("x.parquet", &bytes, |options| options.limits.parquet_row_group_bytes = 10_000);
    assert!(refusal(group).0.starts_with("row group 0 declares 100"));
    let packed =
        arrow_file(&batch(vec![("x", Arc::new(StringArray::from(vec![text.as_str()])) as ArrayRef)]), true);
    let ratio = read_with("x.arrow", &packed, |options| options.limits.compression_ratio = 10);
    assert_eq!(refusal(ratio).0, "decompresses to more than 10 times its size: `x.arrow`");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A damaged file is a table or a refusal, never a panic.
    #[test]
    fn damage_is_survived(format in 0..4_usize, place in any::<prop::sample::Index>(), value in any::<u8>()) {
        let batch = mixed();
        let mut bytes =
            [parquet(&batch), arrow_file(&batch, false), arrow_file(&batch, true), arrow_stream(&batch)][format].clone();
        let place = place.index(bytes.len());
        bytes[place] = value;
        let name = ["x.parquet", "x.arrow", "x.arrow", "x.arrows"][format];
        if let Ok(read) = read_bytes(name, &bytes) {
            prop_assert!(read.table.rows() <= 1 << 20);
        }
    }
}
