//! Every format over bytes that no tool writes, and the table itself.

use std::path::Path;

use super::super::history;
use super::super::roles::{self, Chosen};
use super::{FORMATS, Source};

/// A small whole log of each format, to be cut and bent.
const WHOLE: [(&str, &str); 5] = [
    (
        "Plumb",
        "{\"event\":\"step\",\"step\":0,\"epoch\":0,\"loss\":null,\"lr\":0.1,\"grad_norm\":1}\n{\"event\":\"epoch\",\"epoch\":0,\"step\":1,\"train_loss\":0.5,\"valid\":{\"loss\":0.4},\"best\":true,\"seconds\":1}\n",
    ),
    ("MLflow", "1700000000000 0.5 0\n1700000000001 nan 1\n1700000000001 -Infinity 2 more\n"),
    (
        "Hugging Face Trainer",
        "{\"log_history\": [{\"loss\": 0.5, \"step\": 1, \"epoch\": 0.5}, {\"eval_loss\": NaN, \"step\": 2, \"epoch\": 1.0}, {\"train_runtime\": 1, \"train_loss\": 9}]}",
    ),
    ("CSV", "epoch,step,loss,val_loss\n0,1,0.5,\n0,2,nan,0.25\n"),
    (
        "JSON Lines",
        "{\"step\": 1, \"loss\": 0.5}\n{\"step\": 2, \"loss\": -Infinity, \"valid\": {\"loss\": 1}}\n",
    ),
];

/// What a reader makes of bytes goes the whole way to the practices.
fn swallow(format: &super::Format, part: &str, bytes: &[u8]) -> bool {
    let _whatever = (format.is)(Path::new("a.csv"), bytes);
    let source = Source { part: part.to_owned(), bytes: bytes.to_vec() };
    let Ok(log) = (format.read)(&[source]) else { return false };
    let log = log.settled();
    let any = !log.series.is_empty();
    let context = history::context(&log, &roles::of(&log, Chosen::default()).unwrap(), true);
    for practice in plumb_learn::watch::PRACTICES {
        assert!(!(practice.judge)(&context).summary.is_empty(), "{}", practice.page.id);
    }
    any
}

#[test]
fn the_table_is_whole() {
    let mut names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    assert!(FORMATS.iter().all(|format| !format.recognised.is_empty()));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FORMATS.len());
}

#[test]
fn every_format_reads_its_own_and_stands_every_cut_of_it() {
    for (name, text) in WHOLE {
        let format = FORMATS.iter().find(|format| format.name == name).unwrap();
        assert!(swallow(format, "loss", text.as_bytes()), "{name} reads its own");
        for end in 0..text.len() {
            swallow(format, "loss", &text.as_bytes()[..end]);
        }
        for at in 0..text.len() {
            let mut bent = text.as_bytes().to_vec();
            bent[at] ^= 0x55;
            swallow(format, "loss", &bent);
        }
    }
}

#[test]
fn hostile_bytes_are_refused_or_read_and_never_end_the_program() {
    let many = |text: &str, times: usize| text.repeat(times).into_bytes();
    let hostile: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"\n\n\n".to_vec(),
        b"\xff\xfe\x00\x01".to_vec(),
        b"\xef\xbb\xbf".to_vec(),
        vec![0; 4096],
        vec![0xff; 4096],
        many("[", 200_000),
        many("{\"a\":", 200_000),
        many("a,", 100_000),
        many("epoch,loss\n", 2),
        [b"epoch,loss\n".to_vec(), many("9", 2 << 20)].concat(),
        b"epoch,loss\n-1,1e999\nNaN,-1e999\n1e300,0\n".to_vec(),
        b"{\"step\":-1,\"epoch\":1e300,\"loss\":1e308}\n{\"step\":1e18,\"epoch\":-5,\"loss\":1}\n".to_vec(),
        b"{\"log_history\": 3}".to_vec(),
        b"{\"log_history\": [1, null, [], {\"loss\": {\"loss\": [1]}}]}".to_vec(),
        b"{\"event\":\"layers\",\"step\":1,\"layers\":{\"a\":1}}".to_vec(),
        b"99999999999999999999 1 1\n1 1 99999999999999999999\n1 x 1\n1\n".to_vec(),
    ];
    for format in &FORMATS {
        for bytes in &hostile {
            for part in ["", "loss", "\u{202e}"] {
                swallow(format, part, bytes);
            }
        }
    }
}

proptest::proptest! {
    #[test]
    fn random_bytes_are_read_by_none(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
        for format in &FORMATS {
            swallow(format, "loss", &bytes);
        }
    }

    #[test]
    fn random_records_with_their_checksums_are_stood(
        events in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..60), 0..5)
    ) {
        let bytes: Vec<u8> = events.iter().flat_map(|event| crate::tfrecord::record(event)).collect();
        let format = FORMATS.iter().find(|format| format.name == "TensorBoard").unwrap();
        swallow(format, "train", &bytes);
    }
}
