//! Models that scikit-learn, LightGBM, XGBoost and a hand have made, against ONNX Runtime: the golden files of `oracles/onnx_models.py`.
#![expect(clippy::unwrap_used, reason = "a golden file that cannot be read fails the test")]

mod networks;

use std::path::PathBuf;

use plumb_onnx::{Element, OnnxError, OnnxModel, Tensor, Values};
use serde_json::Value;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn answers() -> Value {
    serde_json::from_str(&std::fs::read_to_string(golden("answers.json")).unwrap()).unwrap()
}

fn tensor(value: &Value) -> Tensor {
    let shape = value["shape"].as_array().unwrap().iter().map(|x| x.as_u64().unwrap() as usize).collect();
    let values = value["values"].as_array().unwrap();
    let values = if values.iter().any(Value::is_string) {
        Values::Texts(values.iter().map(|x| x.as_str().unwrap().to_owned()).collect())
    } else {
        Values::Floats(values.iter().map(|x| x.as_f64().map_or(f32::NAN, |x| x as f32)).collect())
    };
    Tensor::new(shape, values).unwrap()
}

fn inputs(case: &Value) -> Vec<(String, Tensor)> {
    case["inputs"].as_object().unwrap().iter().map(|(name, value)| (name.clone(), tensor(value))).collect()
}

fn read(name: &str) -> OnnxModel {
    OnnxModel::read(std::fs::read(golden(&format!("{name}.onnx"))).unwrap()).unwrap()
}

#[test]
fn every_model_gives_the_answers_of_onnx_runtime() {
    let answers = answers();
    let models = answers["models"].as_object().unwrap();
    assert!(models.len() >= 18, "{}", models.len());
    for (name, case) in models {
        let model = read(name);
        let found = model
            .run(inputs(case), case["output"].as_str().unwrap())
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        let expected = tensor(&case["expected"]);
        assert_eq!(found.shape(), expected.shape(), "{name}");
        let (Values::Floats(found), Values::Floats(expected)) = (found.values(), expected.values()) else {
            panic!("{name}: no numbers")
        };
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() <= 1e-5 * b.abs().max(1.0), "{name}: {a} instead of {b}");
        }
        if let (Some(label), Some(labels)) = (case["label"].as_str(), case["labels"].as_array()) {
            let told = match model.run(inputs(case), label).unwrap().values() {
                Values::Texts(texts) => texts.clone(),
                Values::Whole(codes) => codes.iter().map(i64::to_string).collect(),
                Values::Floats(_) => panic!("{name}: labels are numbers"),
            };
            let wanted: Vec<String> =
                labels.iter().map(|x| x.as_str().map_or_else(|| x.to_string(), str::to_owned)).collect();
            assert_eq!(told, wanted, "{name}");
        }
    }
}

/// A field of a message that holds another one.
fn field(tag: u8, inner: &[u8]) -> Vec<u8> {
    [&[tag << 3 | 2, inner.len() as u8], inner].concat()
}

#[test]
fn a_length_beyond_the_file_is_refused_before_memory_is_reserved_for_it() {
    let file = std::fs::read(golden("network.onnx")).unwrap();
    // A text of 2^40 bytes, of which there is none.
    let text = |tag: u8| vec![tag << 3 | 2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20];
    let tensor_type = field(1, &field(2, &field(1, &text(2))));
    let of_value = |of: &[u8]| field(13, &field(2, of));
    for graph in [
        of_value(&tensor_type),
        of_value(&field(4, &field(1, &tensor_type))),
        field(11, &field(2, &tensor_type)),
        field(5, &field(13, &text(2))),
        field(1, &field(5, &field(6, &of_value(&tensor_type)))),
    ] {
        let damaged = [file.clone(), field(7, &graph)].concat();
        assert!(matches!(OnnxModel::read(damaged), Err(OnnxError::Damaged(_))), "{graph:?}");
    }
}

#[test]
fn a_model_says_what_goes_in_and_what_comes_out() {
    let model = read("columns");
    let names: Vec<(&str, Element)> =
        model.inputs().iter().map(|port| (port.name.as_str(), port.element)).collect();
    assert_eq!(names, [("a", Element::Float), ("b", Element::Float), ("c", Element::Text)]);
    assert_eq!(model.classes().unwrap(), ["high", "low", "middle"]);
    let last = model.outputs().last().unwrap();
    assert_eq!(
        (last.element, last.shape.as_slice()),
        (Element::Float, &[None, Some(3)][..]),
        "maps shown as a tensor"
    );
    let network = read("network");
    assert_eq!(network.inputs()[0].shape, [None, Some(4)]);
    assert!(network.classes().is_none());
}

#[test]
fn several_outputs_of_one_pass_are_those_of_one_each() {
    let answers = answers();
    for (name, outputs) in [("forest_three", &["label", "probabilities"][..]), ("network", &["logits"])] {
        let (model, case) = (read(name), &answers["models"][name]);
        let found = model.run_all(inputs(case), outputs).unwrap();
        let alone: Vec<Tensor> = outputs.iter().map(|one| model.run(inputs(case), one).unwrap()).collect();
        assert_eq!(found, alone, "{name}");
        assert!(matches!(model.run_all(inputs(case), &["nothing"]), Err(OnnxError::NoName(_))), "{name}");
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let row = |width: usize| Tensor::new(vec![2, width], Values::Floats(vec![0.5; 2 * width])).unwrap();
    let forest = read("forest_three");
    let run =
        |name: &str, width: usize, output: &str| forest.run(vec![(name.to_owned(), row(width))], output);
    assert!(matches!(run("X", 1, "probabilities"), Err(OnnxError::Node { .. })));
    assert!(matches!(run("Y", 4, "probabilities"), Err(OnnxError::NoName(name)) if name == "X"));
    assert!(matches!(run("X", 4, "nothing"), Err(OnnxError::NoName(_))));
    let network = read("network");
    assert!(matches!(network.run(vec![("x".to_owned(), row(7))], "logits"), Err(OnnxError::Network(_))));
    assert!(Tensor::new(vec![3], Values::Floats(vec![1.0])).is_err());
    assert!(OnnxModel::read(b"no model".to_vec()).is_err());
}

/// Bytes exchanged and files cut off: an error or another answer, never a panic.
#[test]
fn damaged_files_never_panic() {
    let answers = answers();
    for name in ["forest_three", "columns", "lightgbm_two", "vectors_three", "network"] {
        let bytes = std::fs::read(golden(&format!("{name}.onnx"))).unwrap();
        let case = &answers["models"][name];
        for step in 0..200usize {
            let mut damaged = bytes.clone();
            let at = step * 7919 % bytes.len();
            if step % 4 == 0 {
                damaged.truncate(at);
            } else {
                damaged[at] ^= (1 + step % 255) as u8;
            }
            if let Ok(model) = OnnxModel::read(damaged) {
                let _any = model.run(inputs(case), case["output"].as_str().unwrap());
            }
        }
    }
}
