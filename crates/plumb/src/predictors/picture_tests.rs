//! Models of others for pictures against ONNX Runtime, and what explains them against `lime` and plain loops: the golden files of
//! `oracles/onnx_pictures.py`.

use std::path::PathBuf;
use std::sync::Arc;

use plumb_data::pictures::{Channels, Picture, PictureSet};
use plumb_data::{Column, Images, Kind, Predictions, Table, Target, Values};
use plumb_evaluate::explain::{Asked, Fill, Segments, Shown};
use serde_json::Value;

use super::onnx;
use super::{Opened, PixelOptions, Resize, WiringOptions};
use crate::fault::Fault;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pictures").join(name)
}

fn answers() -> Value {
    serde_json::from_str(&std::fs::read_to_string(golden("answers.json")).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn picture(value: &Value) -> Picture {
    let number = |name: &str| value[name].as_u64().unwrap() as usize;
    let channels = if number("channels") == 1 { Channels::Grey } else { Channels::Rgb };
    let hexadecimal = value["pixels"].as_str().unwrap();
    let level = |at: usize| u8::from_str_radix(&hexadecimal[2 * at..2 * at + 2], 16).unwrap();
    let pixels = (0..hexadecimal.len() / 2).map(level).collect();
    Picture::new(number("width"), number("height"), channels, pixels).unwrap()
}

/// The pictures with a label each.
fn table(pictures: &[Value], classes: &Value) -> Table {
    let set: PictureSet = pictures.iter().map(picture).collect();
    let count = set.len();
    let paths = (0..count).map(|at| Some(format!("{at}.png"))).collect();
    let values = Values::Image(Images { paths, set: Arc::new(set) });
    let label = |at: usize| Some(classes[at % 3].as_str().unwrap());
    Table::new(vec![
        Column { name: "image".to_owned(), kind: Kind::Image, values },
        Column::category("label", Kind::Category, (0..count).map(label)),
    ])
    .unwrap()
}

/// A model with `--pixels`, `--size` and `--resize`.
fn opened(name: &str, table: &Table, (scale, size, resize): (&str, &str, Resize)) -> Result<Opened, Fault> {
    let scaling = scale.parse().ok();
    let pixels = PixelOptions { scaling: scaling.as_ref(), size: size.parse().ok(), resize };
    let target = Target::of(table, "label", None).unwrap();
    let options = WiringOptions { pixels, ..WiringOptions::default() };
    onnx::open(&golden(&format!("{name}.onnx")), table, &target, &options)
}

fn predicted(name: &str, table: &Table, how: (&str, &str, Resize)) -> Vec<f64> {
    let opened = opened(name, table, how).unwrap();
    let rows: Vec<u32> = (0..table.rows() as u32).collect();
    let found = opened.predictor.predict(table, &rows).unwrap();
    let Predictions::Probabilities { values, classes: 3 } = found else { panic!("{name}") };
    values
}

fn gap(found: &[f64], wanted: &[f64]) -> f64 {
    assert_eq!(found.len(), wanted.len());
    found.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

const PLAIN: Resize = Resize::Stretch;
const HOW: [(&str, (&str, &str, Resize)); 4] = [
    ("first", ("imagenet", "", PLAIN)),
    ("last", ("", "", PLAIN)),
    ("open", ("0.1307:0.3081", "12x10", PLAIN)),
    ("flat", ("unit", "12x10", PLAIN)),
];

#[test]
fn every_layout_gives_the_probabilities_of_onnx_runtime() {
    let answers = answers();
    let table = table(answers["pictures"].as_array().unwrap(), &answers["classes"]);
    for (name, how) in HOW {
        let far = gap(&predicted(name, &table, how), &numbers(&answers["expected"][name]));
        assert!(far < 1e-5, "{name}: {far}");
    }
}

#[test]
fn pictures_of_other_extents_are_resized_as_pillow_does() {
    let answers = answers();
    let table = table(answers["others"].as_array().unwrap(), &answers["classes"]);
    let found = predicted("first", &table, HOW[0].1);
    // Resizing is Pillow's within one level of 255.
    let far = gap(&found, &numbers(&answers["stretched"]));
    assert!(far < 2e-3, "{far}");
    let [whole, middle] =
        [PLAIN, Resize::Crop].map(|resize| predicted("open", &table, ("unit", "12", resize)));
    assert!(gap(&whole, &middle) > 1e-4, "the middle is another picture");
}

#[test]
fn what_the_file_does_not_say_is_asked_for() {
    let answers = answers();
    let table = table(answers["pictures"].as_array().unwrap(), &answers["classes"]);
    let refused = |name: &str, how: (&str, &str, Resize), message: &str, hint: &str| {
        let fault = format!("{:?}", opened(name, &table, how).unwrap_err());
        assert!(fault.contains(message) && fault.contains(hint), "{fault}");
    };
    refused("first", ("", "", PLAIN), "how levels become the numbers", "--pixels unit");
    refused("open", ("unit", "", PLAIN), "takes pictures of any extents", "--size 224");
    refused("open", ("imagenet", "12", PLAIN), "has 3 means", "0.1307:0.3081");
    refused("first", ("unit", "", Resize::Crop), "cuts squares", "leave `--resize` out");
    let labels = table.columns()[1].clone();
    let alone = Table::new(vec![labels]).unwrap();
    let fault = format!("{:?}", opened("first", &alone, HOW[0].1).unwrap_err());
    assert!(fault.contains("has no column of them"), "{fault}");
}

#[test]
fn lime_and_occlusion_are_those_of_the_packages() {
    let answers = answers();
    for case in answers["explained"].as_array().unwrap() {
        let table = table(std::slice::from_ref(&case["picture"]), &answers["classes"]);
        // Three classes of which one occurs.
        let whole = self::table(answers["pictures"].as_array().unwrap(), &answers["classes"]);
        let opened = opened("first", &whole, HOW[0].1).unwrap();
        let asked = Asked { predictor: opened.predictor.as_ref(), table: &table, inputs: &[] };
        let labels: Vec<u32> = numbers(&case["segments"]).iter().map(|&label| label as u32).collect();
        let segments = Segments::given(10, &labels).unwrap();
        let fill = if case["fill"] == "grey" { Fill::Grey } else { Fill::Mean };
        let seen: Vec<bool> = case["seen"].as_str().unwrap().bytes().map(|seen| seen == b'1').collect();
        let shown = Shown::new(&asked, 0, 0, case["output"].as_u64().unwrap() as usize).unwrap();
        let found = shown.local(&segments, &seen, fill).unwrap();
        let far = gap(&found.coefficients, &numbers(&case["coefficients"]));
        let rest = [found.intercept, found.r2.unwrap(), found.answer];
        let wanted = ["intercept", "r2", "answer"].map(|name| case[name].as_f64().unwrap());
        assert!(far < 1e-5 && gap(&rest, &wanted) < 1e-4, "{far} {rest:?} {wanted:?}");
        let occlusion = shown.occlusion(found.answer, fill).unwrap();
        assert_eq!(occlusion.side, 8);
        assert_eq!(vec![occlusion.patch.0 as f64, occlusion.patch.1 as f64], numbers(&case["patch"]));
        let far = gap(&occlusion.drops, &numbers(&case["drops"]));
        assert!(far < 1e-5, "{far}");
    }
}
