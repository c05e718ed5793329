//! Input that is broken or meant to break: one sentence, a hint, the documented exit code, bounded memory.

use std::io::Write as _;

use plumb_data::read::read;
use proptest::prelude::*;

use crate::{column, folder, options, read_bytes, read_with, refusal};

#[test]
fn each_broken_table_gets_its_sentence() {
    let cases: [(&[u8], &str); 12] = [
        (b"", "empty file"),
        (b"\n\n\r\n", "empty file"),
        (b"a,b\n", "only a header, no rows"),
        (b"a,b,a\n1,2,3\n", "column name `a` stands twice"),
        (b"a,,c\n1,2,3\n", "column 2 has no name"),
        (b"a, \n1,2\n", "column 2 has no name"),
        (b"a,b\n1,\"2\n3,4\n5,6\n", "a quote in the record that begins on line 2 is never closed"),
        (
            b"a,b\n1\n2\n3,4\n",
            "2 of 3 rows cannot be used; the first, on line 2: 1 fields, the first record has 2",
        ),
        (b"PK\x03\x04rest", "a zip archive (.xlsx, .npz, .zip) is not a table format that Plumb reads"),
        (b"\x80\x04\x95rest", "a Python pickle is not a table format that Plumb reads"),
        (b"\x93NUMPY\x01\0", "a NumPy array (.npy) is not a table format that Plumb reads"),
        (b"\x00\x01\x02\x03\x04\x05\x06\x07", "unknown format: neither text nor Parquet nor Arrow"),
    ];
    for (bytes, sentence) in cases {
        assert_eq!(refusal(read_bytes("x.csv", bytes)), (format!("{sentence}: `x.csv`"), 4));
    }
    let parquet = refusal(read_bytes("x.parquet", b"PAR1 and no more"));
    assert_eq!(parquet.0, "damaged or cut short Parquet file: its footer is missing: `x.parquet`");
    assert!(refusal(read_bytes("x.parquet", b"a,b\n1,2\n")).0.contains("first bytes are not those"));
    assert_eq!(read_bytes("x.csv", b"a,b\n1,2\n").unwrap().table.rows(), 1, "one row is a table");
}

#[test]
fn a_path_that_leads_nowhere_is_wrong_usage() {
    let folder = folder(&[("empty/readme.md", b"#")]);
    let from = |name: &str| refusal(read(&options(folder.path(), &[name]), &|_| {}));
    assert_eq!(from("gone.csv"), ("no such file or folder: `gone.csv`".to_owned(), 2));
    assert_eq!(from("*.csv"), ("no file of a known table format: `*.csv`".to_owned(), 2));
    assert_eq!(from("empty"), ("no file of a known table format: `empty`".to_owned(), 2));
}

#[test]
fn limits_name_the_line() {
    let long = format!("a,b\n1,2\n3,\"{}\"\n", "x".repeat(5_000));
    let field = read_with("x.csv", long.as_bytes(), |options| options.limits.field_bytes = 1_000);
    assert_eq!(
        refusal(field).0,
        "a field longer than 1000 bytes in the record that begins on line 3: `x.csv`"
    );
    let record = read_with("x.csv", long.as_bytes(), |options| options.limits.record_bytes = 1_000);
    assert_eq!(refusal(record).0, "a record longer than 1000 bytes begins on line 3: `x.csv`");
    let wide = vec!["c"; 16_385].join(",");
    assert_eq!(refusal(read_bytes("x.csv", wide.as_bytes())).0, "16385 columns, the limit is 16384: `x.csv`");
    let name = format!("{},b\n1,2\n", "n".repeat(1_025));
    let sentence = "the name of column 1 has 1025 bytes, the limit is 1024: `x.csv`";
    assert_eq!(refusal(read_bytes("x.csv", name.as_bytes())).0, sentence);
    let rows = read_with("x.csv", b"a\n1\n2\n3\n", |options| options.limits.rows = 2);
    assert_eq!(refusal(rows).0, "more than 2 rows: `x.csv`");
}

#[test]
fn sixteen_thousand_columns_are_read() {
    let names: Vec<String> = (0..16_000).map(|column| format!("c{column}")).collect();
    let row: Vec<String> = (0..16_000).map(|column| column.to_string()).collect();
    let text = format!("{}\n{}\n", names.join(","), row.join(","));
    let read = read_bytes("x.csv", text.as_bytes()).unwrap();
    assert_eq!((read.table.columns().len(), column(&read, "c15999")), (16_000, vec!["15999".to_owned()]));
}

#[test]
fn a_bomb_stops_at_the_ratio() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let line = "1,2\n".repeat(1 << 16);
    (0..64).for_each(|_| gzip.write_all(line.as_bytes()).unwrap());
    let bytes = gzip.finish().unwrap();
    let stopped = read_with("x.csv.gz", &bytes, |options| options.limits.compression_ratio = 100);
    assert_eq!(refusal(stopped), ("decompresses to more than 100 times its size: `x.csv.gz`".to_owned(), 4));
}

#[test]
fn files_must_agree_on_their_columns() {
    let folder = folder(&[("1.csv", b"a,b\n1,2\n"), ("2.csv", b"a\n1\n"), ("3.csv", b"a,b,c\n1,2,3\n")]);
    let both = |second| refusal(read(&options(folder.path(), &["1.csv", second]), &|_| {})).0;
    assert_eq!(both("2.csv"), "column `b` of the first file is missing: `2.csv`");
    assert_eq!(both("3.csv"), "column `c` is not in the first file: `3.csv`");
}

#[test]
fn control_characters_in_names_are_shown_escaped() {
    let (sentence, _) = refusal(read_bytes("x.csv", "a\u{1b}[31m,a\u{1b}[31m\n1,2\n".as_bytes()));
    assert_eq!(sentence, "column name `a\\u{1b}[31m` stands twice: `x.csv`");
}

#[cfg(unix)]
#[test]
fn only_regular_files_are_read_and_loops_end() {
    let folder = folder(&[("d/1.csv", b"a\n1\n")]);
    std::os::unix::fs::symlink(folder.path().join("d"), folder.path().join("d/again")).unwrap();
    let pipe = folder.path().join("d/pipe.csv");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let all = read(&options(folder.path(), &["d"]), &|_| {}).unwrap();
    assert_eq!(column(&all, "a"), ["1"]);
    let named = refusal(read(&options(folder.path(), &["d/pipe.csv"]), &|_| {}));
    assert_eq!(named, ("not a regular file: `d/pipe.csv`".to_owned(), 2));
    assert_eq!(refusal(read(&options("/".as_ref(), &["dev/zero"]), &|_| {})).1, 2);
}

#[test]
fn a_file_that_grows_under_the_reader_is_noticed() {
    let text = "a,b\n".to_owned() + &"1,2\n".repeat(600_000);
    let folder = folder(&[("x.csv", text.as_bytes())]);
    let path = folder.path().join("x.csv");
    let grow = |_| {
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"3,4\n").unwrap();
    };
    let (sentence, code) = refusal(read(&options(folder.path(), &["x.csv"]), &grow));
    assert_eq!((sentence.as_str(), code), ("changed while it was being read: `x.csv`", 4));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Any bytes are a table or a refusal.
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400), name in "x\\.(csv|jsonl|parquet|arrow|gz)") {
        if let Ok(read) = read_bytes(&name, &bytes) {
            prop_assert!(read.table.rows() <= bytes.len());
        }
    }

    /// Text that looks like a table, with everything that a parser can trip over.
    #[test]
    fn any_text_is_survived(text in "([a-z0-9.\"';,|\t\r\n {}\\[\\]:\\-é]|NA|nan|\u{0}){0,300}") {
        if let Ok(read) = read_bytes("x.csv", text.as_bytes()) {
            prop_assert_eq!(read.inferred.len(), read.table.columns().len());
        }
    }

    /// Magic bytes with anything behind them.
    #[test]
    fn any_body_behind_a_magic_is_survived(which in 0..5_usize, body in prop::collection::vec(any::<u8>(), 0..200)) {
        let magic: &[u8] =
            [&b"PAR1"[..], b"ARROW1\0\0", b"\xFF\xFF\xFF\xFF", b"\x1F\x8B\x08\0", b"\x28\xB5\x2F\xFD"][which];
        let tail: &[u8] = [&b"PAR1"[..], b"ARROW1", b"", b"", b""][which];
        // Hardly anything random is valid; what matters is that nothing panics.
        prop_assert!(read_bytes("x.csv", &[magic, &body, tail].concat()).is_err() || !body.is_empty());
    }
}
