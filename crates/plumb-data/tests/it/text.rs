//! Delimited text and JSON Lines as users have them.

use std::io::Write as _;

use plumb_data::read::{ReadOptions, read};
use plumb_data::{Kind, Values};
use plumb_ledger::Sha256;
use proptest::prelude::*;

use crate::{column, folder, options, read_bytes, read_with};

#[test]
fn quotes_line_ends_and_blank_lines() {
    let text = "name,note\r\n\"a, b\",\"he said \"\"no\"\"\"\r\n\r\nc,\"two\nlines\"\n";
    let read = read_bytes("x.csv", text.as_bytes()).unwrap();
    assert_eq!(column(&read, "name"), ["a, b", "c"]);
    assert_eq!(column(&read, "note"), ["he said \"no\"", "two\nlines"]);
    let report = &read.report.files[0];
    assert_eq!((report.format, report.rows, report.bytes), ("csv", 2, text.len() as u64));
    assert_eq!(report.digest, Sha256::of(text.as_bytes()));
}

#[test]
fn every_encoding_gives_the_same_table() {
    let text = "stadt,zahl\nKöln,1\nZürich,2\n";
    let utf16 = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let (little, big) = (utf16(u16::to_le_bytes), utf16(u16::to_be_bytes));
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let with = |mark: &[u8], body: &[u8]| [mark, body].concat();
    for bytes in [
        text.as_bytes().to_vec(),
        with(b"\xEF\xBB\xBF", text.as_bytes()),
        little.clone(),
        with(b"\xFF\xFE", &little),
        big.clone(),
        with(b"\xFE\xFF", &big),
        latin,
    ] {
        let read = read_bytes("x.csv", &bytes).unwrap();
        assert_eq!(column(&read, "stadt"), ["Köln", "Zürich"], "{bytes:?}");
        assert_eq!(column(&read, "zahl"), ["1", "2"]);
        assert_eq!(read.report.bad_rows_total, 0);
    }
}

#[test]
fn packed_files_are_unpacked() {
    let text = b"a,b\n1,x\n2,y\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text).unwrap();
    for (name, bytes) in
        [("x.csv.gz", gzip.finish().unwrap()), ("x.csv.zst", zstd::encode_all(&text[..], 3).unwrap())]
    {
        let read = read_bytes(name, &bytes).unwrap();
        assert_eq!(column(&read, "a"), ["1", "2"], "{name}");
        assert_eq!(read.report.files[0].digest, Sha256::of(&bytes), "the digest is that of the file on disk");
    }
}

#[test]
fn a_file_without_header_gets_names_and_a_note() {
    let read =
        read_bytes("adult.data", b"39, State-gov, 77516\n50, ?, 83311\n38, Private, 215646\n").unwrap();
    assert_eq!(read.table.names().collect::<Vec<_>>(), ["column_1", "column_2", "column_3"]);
    assert_eq!(
        column(&read, "column_2"),
        ["State-gov", "", "Private"],
        "the blank is notation, ? is missing"
    );
    assert!(read.report.notes[0].contains("taken as a row"), "{:?}", read.report.notes);
}

#[test]
fn semicolons_free_the_comma_for_decimals() {
    let read = read_bytes("x.csv", b"a;b\n1,5;x\n-2,25;y\n").unwrap();
    assert_eq!(column(&read, "a"), ["1.5", "-2.25"]);
}

#[test]
fn blanks_that_are_not_notation_stay() {
    let read = read_bytes("x.csv", b"a,sex\n1,Male\n2,Male \n3, Male\n").unwrap();
    assert_eq!(column(&read, "sex"), ["Male", "Male ", " Male"]);
}

#[test]
fn bad_rows_are_left_out_and_listed_with_their_lines() {
    let text = b"a,b\n1,x\n2\n3,z,z\n\xFFbad,w\n5,\"two\nlines\"\n6\n7,v\n8,u\n9,t\n";
    let read = read_bytes("x.csv", text).unwrap();
    assert_eq!(column(&read, "a"), ["1", "5", "7", "8", "9"]);
    let bad: Vec<_> = read.report.bad_rows.iter().map(|bad| (bad.line, bad.reason.as_str())).collect();
    let narrow = "1 fields, the first record has 2";
    assert_eq!(
        bad,
        [(3, narrow), (4, "3 fields, the first record has 2"), (8, narrow), (5, "a byte that is no UTF-8")]
    );
    assert_eq!(read.report.bad_rows[3].column.as_deref(), Some("a"));
    assert_eq!(read.report.bad_rows_total, 4);
}

#[test]
fn a_word_in_row_10_001_is_listed_and_missing() {
    let mut text = String::from("n,m\n");
    for row in 1..=10_500 {
        text += if row == 10_001 { "oops,1\n" } else { "3.5,1\n" };
    }
    let read = read_bytes("x.csv", text.as_bytes()).unwrap();
    let column = read.table.column("n").unwrap();
    assert_eq!((column.kind, column.missing(), column.is_missing(10_000)), (Kind::Number, 1, true));
    let bad = &read.report.bad_values[0];
    assert_eq!((bad.line, bad.column.as_deref()), (10_002, Some("n")));
    assert_eq!(bad.reason, "`oops` is no number");
    assert_eq!(read.report.bad_values_total, 1);
}

#[test]
fn a_folder_is_read_in_order_of_names_and_columns_are_matched_by_name() {
    let files: [(&str, &[u8]); 4] = [
        ("d/2.csv", b"b,a\nx,3\n"),
        ("d/1.csv", b"a,b\n1,y\n2,z\n"),
        ("d/notes.md", b"#"),
        ("d/.hidden.csv", b"q\n"),
    ];
    let folder = folder(&files);
    for names in [&["d"][..], &["d/*.csv"], &["d/1.csv", "d/2.csv", "d/1.csv"]] {
        let read = read(&options(folder.path(), names), &|_| {}).unwrap();
        assert_eq!(column(&read, "a"), ["1", "2", "3"]);
        assert_eq!(column(&read, "b"), ["y", "z", "x"]);
        let shown: Vec<_> = read.report.files.iter().map(|file| file.path.display().to_string()).collect();
        assert_eq!(shown, ["d/1.csv", "d/2.csv"]);
    }
}

#[test]
fn json_lines_may_lack_keys_and_bring_new_ones() {
    let text = b"{\"a\": 1, \"b\": \"x\"}\n\n{\"a\": null, \"c\": true}\n{\"a\": [1]}\nno json\n{\"b\": \"y\", \"a\": 2.5}\n";
    let read = read_bytes("x.jsonl", text).unwrap();
    assert_eq!(column(&read, "a"), ["1", "", "2.5"]);
    assert_eq!(column(&read, "b"), ["x", "", "y"]);
    assert_eq!(column(&read, "c"), ["", "true", ""]);
    let bad: Vec<_> = read.report.bad_rows.iter().map(|bad| (bad.line, bad.reason.as_str())).collect();
    assert_eq!(bad, [(4, "a nested value"), (5, "no JSON object")]);
}

#[test]
fn progress_ends_with_all_bytes() {
    let folder = folder(&[("x.csv", b"a\n1\n")]);
    let last = std::sync::Mutex::new(None);
    let tell = |progress| *last.lock().unwrap() = Some(progress);
    read(&options(folder.path(), &["x.csv"]), &tell).unwrap();
    let last = last.into_inner().unwrap().unwrap();
    assert_eq!((last.bytes, last.total), (4, 4));
}

fn quoted(field: &str) -> String {
    format!("\"{}\"", field.replace('"', "\"\""))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What is written is what is read, whatever it holds.
    #[test]
    fn round_trip(rows in prop::collection::vec(prop::array::uniform3("[^\0]{0,12}"), 1..20)) {
        let names = ["first", "second", "third"];
        let mut text = names.join(",") + "\n";
        for row in &rows {
            text += &(row.iter().map(|field| quoted(field)).collect::<Vec<_>>().join(",") + "\n");
        }
        let read = read_with("x.csv", text.as_bytes(), |options: &mut ReadOptions| {
            (options.header, options.delimiter) = (Some(true), Some(b','));
            options.kinds = names.iter().map(|&name| (name.to_owned(), Kind::Text)).collect();
        });
        let read = read.unwrap();
        prop_assert_eq!(read.report.bad_rows_total, 0);
        for (index, column) in read.table.columns().iter().enumerate() {
            let Values::Text(texts) = &column.values else { panic!("not text") };
            for (row, text) in texts.iter().enumerate() {
                let written = rows[row][index].as_str();
                let missing = plumb_data::read::MISSING.contains(&written.trim_ascii());
                prop_assert_eq!(text, (!missing).then_some(written));
            }
        }
    }
}
