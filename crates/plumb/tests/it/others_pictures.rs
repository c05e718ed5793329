//! Networks of others for pictures: judged and explained from their ONNX file, held to the golden files of `oracles/onnx_pictures.py`.

use plumb_data::pictures::{Channels, Picture, png};
use serde_json::Value;

use crate::context::TestContext;

fn golden(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pictures").join(name)
}

/// `photos/CLASS/NN.png` and the model of that name.
fn written(context: &TestContext, model: &str) -> Value {
    let answers: Value =
        serde_json::from_str(&std::fs::read_to_string(golden("answers.json")).unwrap()).unwrap();
    for (at, of) in answers["pictures"].as_array().unwrap().iter().enumerate() {
        let number = |name: &str| of[name].as_u64().unwrap() as usize;
        let channels = if number("channels") == 1 { Channels::Grey } else { Channels::Rgb };
        let hexadecimal = of["pixels"].as_str().unwrap();
        let level = |at: usize| u8::from_str_radix(&hexadecimal[2 * at..2 * at + 2], 16).unwrap();
        let pixels = (0..hexadecimal.len() / 2).map(level).collect();
        let picture = Picture::new(number("width"), number("height"), channels, pixels).unwrap();
        let class = answers["classes"][at % 3].as_str().unwrap();
        context.write(&format!("photos/{class}/{at:02}.png"), png(&picture, 64));
    }
    context.write("model.onnx", std::fs::read(golden(&format!("{model}.onnx"))).unwrap());
    answers
}

fn answered(context: &TestContext, arguments: &[&str]) -> Value {
    let answer = context.plumb(arguments);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap()
}

#[test]
fn a_folder_of_pictures_is_judged_as_onnx_runtime_predicts_it() {
    let context = TestContext::new();
    let wanted = written(&context, "first");
    let ask = ["evaluate", "model.onnx", "--data", "photos", "--json"];
    let refused = context.plumb(&ask);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("hint: say what it was trained on"), "{}", refused.stderr);
    let found = answered(&context, &[&ask[..], &["--pixels", "imagenet", "--out", "judged"]].concat());
    let loss = found["metrics"]["test"]["log_loss"]["value"].as_f64().unwrap();
    assert!((loss - wanted["log_loss"].as_f64().unwrap()).abs() < 1e-5, "{loss}");
    assert!(context.path("judged/report.html").is_file());
    // Classes in another order are other answers.
    let turned = [&ask[..], &["--pixels", "imagenet", "--classes", "red,green,blue"]].concat();
    let turned = answered(&context, &turned)["metrics"]["test"]["log_loss"]["value"].as_f64().unwrap();
    assert!((turned - loss).abs() > 0.1, "{turned} {loss}");
}

#[test]
fn pictures_are_explained_by_their_parts() {
    let context = TestContext::new();
    written(&context, "first");
    let ask = ["explain", "model.onnx", "--data", "photos", "--pixels", "imagenet", "--rows", "3"];
    let more = ["--budget", "400", "--json", "--out", "explained"];
    let found = answered(&context, &[&ask[..], &more].concat());
    let pictures = found["explanation"]["pictures"].as_array().unwrap();
    assert_eq!(pictures.len(), 3);
    for of in pictures {
        let runs = of["segments"].as_array().unwrap();
        let pixels: u64 = runs.iter().map(|run| run[1].as_u64().unwrap()).sum();
        assert_eq!(pixels, 120);
        let segments = of["adds"].as_array().unwrap().len();
        assert!((30..=60).contains(&segments), "{segments}");
        assert!(of["r2"].as_f64().unwrap() > 0.3, "{}", of["r2"]);
        assert_eq!(of["occlusion"]["drops"].as_array().unwrap().len(), 64);
    }
    let verdict = |id: &str| {
        let all = found["ledger"]["verdicts"].as_array().unwrap();
        all.iter().find(|entry| entry["id"] == id).unwrap()["verdict"].as_str().unwrap().to_owned()
    };
    assert_ne!(verdict("explain.stable"), "skipped");
    assert_eq!(verdict("explain.additive"), "skipped");
    let gallery = context.json("explained/pictures.json");
    assert_eq!(gallery["groups"][0]["pictures"].as_array().unwrap().len(), 9);
    let page = context.read("explained/report.html");
    assert!(page.contains("Why pictures are taken for what they are"), "the pictures are on the page");
    assert!(page.contains("3 pictures are explained by their parts"), "and the heading speaks of them");
    let said = context.plumb(&ask);
    assert!(said.stdout.contains("by parts of its picture"), "{}", said.stdout);
    let again = answered(&context, &[&ask[..], &["--budget", "400", "--json"]].concat());
    assert_eq!(again["explanation"]["pictures"], found["explanation"]["pictures"], "no chance in it");
    let grey = answered(&context, &[&ask[..], &["--budget", "400", "--json", "--cover", "grey"]].concat());
    assert_ne!(grey["explanation"]["pictures"], found["explanation"]["pictures"]);
}
