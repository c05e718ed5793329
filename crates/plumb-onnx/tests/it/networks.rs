//! Networks in single precision and in 8 bits on the kernels of Plumb, against ONNX Runtime: the golden files of `oracles/onnx_networks.py`.

use plumb_onnx::{Embedded, OnnxError, OnnxModel, Tensor, Values};
use serde_json::Value;

use super::golden;

fn answers() -> Value {
    serde_json::from_str(&std::fs::read_to_string(golden("networks/answers.json")).unwrap()).unwrap()
}

fn tensor(value: &Value) -> Tensor {
    let shape = value["shape"].as_array().unwrap().iter().map(|x| x.as_u64().unwrap() as usize).collect();
    let values = value["values"].as_array().unwrap();
    let values = if value["whole"].as_bool().unwrap() {
        Values::Whole(values.iter().map(|x| x.as_i64().unwrap()).collect())
    } else {
        Values::Floats(values.iter().map(|x| x.as_f64().unwrap() as f32).collect())
    };
    Tensor::new(shape, values).unwrap()
}

fn inputs(answers: &Value, name: &str) -> Vec<(String, Tensor)> {
    let of = answers["inputs"][name].as_object().unwrap();
    of.iter().map(|(name, value)| (name.clone(), tensor(value))).collect()
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(golden(&format!("networks/{name}.onnx"))).unwrap()
}

fn floats(tensor: &Tensor) -> &[f32] {
    match tensor.values() {
        Values::Floats(values) => values,
        _ => panic!("no numbers"),
    }
}

/// The largest difference, beside the largest number.
fn off(found: &Tensor, wanted: &Tensor) -> f32 {
    assert_eq!(found.shape(), wanted.shape());
    let most = floats(wanted).iter().fold(0.0f32, |most, x| most.max(x.abs()));
    floats(found).iter().zip(floats(wanted)).fold(0.0f32, |off, (a, b)| off.max((a - b).abs())) / most
}

#[test]
fn networks_give_the_answers_of_onnx_runtime() {
    let answers = answers();
    let models = answers["models"].as_object().unwrap();
    assert!(models.len() >= 9, "{}", models.len());
    for (name, case) in models {
        let model = OnnxModel::read_on(bytes(name), Embedded::Own).unwrap_or_else(|e| panic!("{name}: {e}"));
        let family = case["inputs"].as_str().unwrap();
        let found = model.run(inputs(&answers, family), "y").unwrap_or_else(|e| panic!("{name}: {e}"));
        let expected = tensor(&case["expected"]);
        let is_float = name == family;
        // In 8 bits a sum that lies between two steps may fall to either side, and what follows moves with it.
        let bound = if is_float { 1e-5 } else { 1e-3 };
        assert!(off(&found, &expected) <= bound, "{name}: {found:?} instead of {expected:?}");
    }
}

#[test]
fn a_network_whose_operators_are_known_runs_on_own_kernels() {
    let model = OnnxModel::read(bytes("residual_static")).unwrap();
    assert_eq!(model.embedded(), Some(Embedded::Own));
    let other = OnnxModel::read_on(bytes("residual"), Embedded::Rten).unwrap();
    assert_eq!(other.embedded(), Some(Embedded::Rten));
    let answers = answers();
    let found = other.run(inputs(&answers, "residual"), "y").unwrap();
    assert!(off(&found, &tensor(&answers["models"]["residual"]["expected"])) <= 1e-5);
}

#[test]
fn inputs_that_do_not_fit_are_errors() {
    let pictures = |shape: &[usize]| {
        let values = Values::Floats(vec![0.5; shape.iter().product()]);
        vec![("x".to_owned(), Tensor::new(shape.to_vec(), values).unwrap())]
    };
    for name in ["residual", "residual_static"] {
        let model = OnnxModel::read_on(bytes(name), Embedded::Own).unwrap();
        assert!(model.run(pictures(&[1, 3, 40, 40]), "y").is_ok(), "{name}");
        assert_eq!(model.run(pictures(&[0, 3, 40, 40]), "y").unwrap().shape(), [0, 7], "{name}");
        for shape in [&[1, 4, 40, 40][..], &[1, 3, 40], &[40], &[1, 3, 0, 40]] {
            let refused = model.run(pictures(shape), "y");
            assert!(
                matches!(refused, Err(OnnxError::Network(_) | OnnxError::Node { .. })),
                "{name} {shape:?}: {refused:?}"
            );
        }
        assert!(matches!(model.run(vec![], "y"), Err(OnnxError::NoName(name)) if name == "x"), "{name}");
        assert!(matches!(model.run(pictures(&[1, 3, 40, 40]), "z"), Err(OnnxError::NoName(_))), "{name}");
    }
}

/// Bytes exchanged and files cut off: an error or another answer, never a panic.
#[test]
fn damaged_networks_never_panic() {
    let answers = answers();
    for (name, case) in answers["models"].as_object().unwrap() {
        let bytes = bytes(name);
        for step in 0..300usize {
            let mut damaged = bytes.clone();
            let at = step * 7919 * 31 % bytes.len();
            if step % 4 == 0 {
                damaged.truncate(at);
            } else {
                damaged[at] ^= (1 + step % 255) as u8;
            }
            if let Ok(model) = OnnxModel::read_on(damaged, Embedded::Own) {
                let _any = model.run(inputs(&answers, case["inputs"].as_str().unwrap()), "y");
            }
        }
    }
}

#[test]
fn one_thread_and_many_give_the_same_bits() {
    let answers = answers();
    for name in ["residual", "residual_static", "depthwise_static", "encoder", "encoder_dynamic"] {
        let model = OnnxModel::read_on(bytes(name), Embedded::Own).unwrap();
        let family = answers["models"][name]["inputs"].as_str().unwrap();
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let found = pool.install(|| model.run(inputs(&answers, family), "y")).unwrap();
            floats(&found).iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(3), "{name}");
    }
}
