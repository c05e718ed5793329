//! Vocabularies, special tokens, what is cut and what is refused.

use super::*;

const TEXTS: [&str; 6] = [
    "The quick brown fox jumps over the lazy dog.",
    "the dog sleeps, the fox does not",
    "Der Fuchs springt über den Hund.",
    "Лиса прыгает через собаку",
    "foxes and dogs; dogs and foxes",
    "over and over and over",
];

fn shuffled() -> Vec<&'static str> {
    let mut texts = TEXTS.to_vec();
    texts.reverse();
    texts
}

#[test]
fn a_vocabulary_is_a_function_of_its_texts_alone() {
    for pieces in [Pieces::Bpe, Pieces::Wordpiece] {
        let first = train(&TEXTS, pieces, 400).unwrap();
        for _ in 0..3 {
            assert_eq!(first.to_json(), train(&shuffled(), pieces, 400).unwrap().to_json(), "{pieces:?}");
        }
        let read = Tokenizer::from_json(first.to_json()).unwrap();
        assert_eq!(read.encode(TEXTS[2], 99).unwrap(), first.encode(TEXTS[2], 99).unwrap());
        assert_eq!((first.padding(), first.id("[CLS]"), first.id("[SEP]")), (0, Some(2), Some(3)));
    }
}

#[test]
fn byte_pairs_know_every_text_and_word_pieces_say_what_they_do_not_know() {
    let bytes = train(&TEXTS, Pieces::Bpe, 400).unwrap();
    let ids = bytes.encode("汉字 \u{1f980}", 99).unwrap();
    assert!(ids.len() > 4 && !ids.contains(&1), "{ids:?}");
    let words = train(&TEXTS, Pieces::Wordpiece, 400).unwrap();
    assert_eq!(words.encode("汉", 99).unwrap(), [2, 1, 3]);
}

#[test]
fn texts_are_cut_between_their_special_tokens() {
    let tokenizer = train(&TEXTS, Pieces::Bpe, 400).unwrap();
    let whole = tokenizer.encode(TEXTS[0], 99).unwrap();
    let ids = tokenizer.encode(TEXTS[0], 6).unwrap();
    assert_eq!((ids.len(), ids[0], ids[5]), (6, 2, 3));
    assert_eq!(ids[..5], whole[..5]);
    let million = "over the fox ".repeat(100_000);
    assert_eq!(tokenizer.encode(&million, 6).unwrap().len(), 6);
    assert_eq!(tokenizer.check_length(2).unwrap_err(), TokenizerError::TooShort { length: 2, special: 2 });
    tokenizer.check_length(3).unwrap();
}

#[test]
fn special_tokens_in_a_text_are_text() {
    let tokenizer = train(&TEXTS, Pieces::Bpe, 400).unwrap();
    let ids = tokenizer.encode("[SEP] fox [PAD]", 99).unwrap();
    assert_eq!(ids.iter().filter(|&&id| id == 3 || id == 0).count(), 1, "{ids:?}");
}

#[test]
fn what_is_no_tokenizer_is_an_error() {
    for text in ["", "{}", "[1]", "{\"model\": {\"type\": \"BPE\", \"vocab\": 3, \"merges\": []}}"] {
        assert!(matches!(Tokenizer::from_json(text), Err(TokenizerError::Damaged(_))), "{text}");
    }
    assert!(matches!(train(&["", ""], Pieces::Bpe, 400), Err(TokenizerError::Untrained(_))));
}

#[test]
fn tokens_show_what_they_stand_for() {
    for pieces in [Pieces::Bpe, Pieces::Wordpiece] {
        let tokenizer = train(&TEXTS, pieces, 400).unwrap();
        let shown = tokenizer.pieces(TEXTS[2], 99).unwrap();
        assert_eq!(shown.len(), tokenizer.encode(TEXTS[2], 99).unwrap().len());
        assert_eq!((shown[0].as_str(), shown.last().unwrap().as_str()), (" [CLS] ", " [SEP] "));
        assert_eq!(shown[1..shown.len() - 1].concat(), TEXTS[2], "{pieces:?}");
        assert_eq!(tokenizer.pieces(TEXTS[2], 5).unwrap().len(), 5);
    }
}

#[test]
fn tokens_are_those_of_the_python_package_in_21_languages() {
    #[derive(Deserialize)]
    struct Golden {
        texts: Vec<String>,
        cases: Vec<Case>,
    }
    #[derive(Deserialize)]
    struct Case {
        name: String,
        file: serde_json::Value,
        ids: Vec<Vec<u32>>,
    }
    let golden: Golden = serde_json::from_str(include_str!("../../tests/golden/tokens.json")).unwrap();
    for case in &golden.cases {
        let tokenizer = Tokenizer::from_json(&case.file.to_string()).unwrap();
        for (text, ids) in golden.texts.iter().zip(&case.ids) {
            assert_eq!(&tokenizer.encode(text, usize::MAX).unwrap(), ids, "{}: {text}", case.name);
        }
    }
}
