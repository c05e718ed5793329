//! Columns of texts: split into tokens, learned by a Transformer, held against terms and their frequencies.

use serde_json::{Value, json};

use crate::context::TestContext;
use crate::serve::Server;

/// Sentences about one of two things, in words that the other has too.
fn reviews(rows: usize) -> String {
    let (food, work) = (["soup", "bread", "salt", "oven"], ["desk", "letter", "meeting", "office"]);
    let rest = ["the", "was", "very", "good", "and", "not", "so", "bad", "today", "again", "here"];
    let mut table = "review,stars,about\n".to_owned();
    for row in 0..rows {
        let stream = plumb_ledger::Seed(row as u64).stream("reviews");
        let (own, about) = if row % 2 == 0 { (food, "food") } else { (work, "work") };
        let mut words: Vec<&str> = (0..8).map(|at| rest[stream.below(at, rest.len())]).collect();
        words.insert(stream.below(20, words.len()), own[stream.below(21, own.len())]);
        let row = [format!("\"{}\"", words.join(" ")), stream.below(22, 5).to_string(), about.to_owned()];
        table.extend([row.join(","), "\n".to_owned()]);
    }
    table
}

#[test]
fn a_table_of_texts_is_learned_beside_its_terms() {
    let context = TestContext::new();
    context.write("reviews.csv", reviews(400));
    let settings = ["--set", "train.epochs=6", "--set", "data.kinds.review=text"];
    let run = |out: &'static str| {
        let arguments: Vec<&str> =
            ["run", "reviews.csv", "--target", "about", "--out", out].into_iter().chain(settings).collect();
        let answer = context.plumb(&arguments);
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        context.json(&format!("{out}/metrics.json"))
    };
    let metrics = run("a");
    let accuracy = metrics["test"]["accuracy"]["value"].as_f64().unwrap();
    assert!(accuracy > 0.9, "{accuracy}");
    assert!(metrics["baselines"].to_string().contains("tfidf"), "{}", metrics["baselines"]);
    assert!(context.read("a/job.toml").contains("preset = \"transformer\""));
    assert!(context.read("a/model/model.json").contains("\"vocabulary\""));
    assert_eq!(metrics["weights_sha256"], run("b")["weights_sha256"]);
    the_word_that_decides_is_the_strongest(&context);
    its_server_tells_the_word_that_decides(&context);
}

/// Of the run `a`: each text has one word that tells what it is about.
fn the_word_that_decides_is_the_strongest(context: &TestContext) {
    let answer = context.plumb(&["explain", "a", "--rows", "8", "--out", "explained", "--json"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let answer: Value = serde_json::from_str(&answer.stdout).unwrap();
    let texts = answer["explanation"]["texts"].as_array().unwrap();
    let tells = ["soup", "bread", "salt", "oven", "desk", "letter", "meeting", "office"];
    let strongest = |text: &Value| {
        let pieces = text["pieces"].as_array().unwrap();
        let loss = |piece: &&Value| piece["occlusion"].as_f64().unwrap_or(0.0);
        let best = pieces.iter().max_by(|a, b| loss(a).total_cmp(&loss(b))).unwrap();
        best["text"].as_str().unwrap().trim().to_owned()
    };
    let right = texts.iter().filter(|text| tells.contains(&strongest(text).as_str())).count();
    assert_eq!((texts.len(), right), (8, 8), "{texts:?}");
    let page = context.read("explained/report.html");
    assert!(page.contains("is left out wherever it"), "the page shows words");
    let refused = context.plumb(&["explain", "a", "--method", "expected-gradients"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("no gradients by its columns"), "{}", refused.stderr);
}

/// The run `a` as a bundle, asked for reasons.
fn its_server_tells_the_word_that_decides(context: &TestContext) {
    let packaged = context.plumb(&["package", "a", "--out", "a.plumb"]);
    assert_eq!(packaged.code, Some(0), "{}", packaged.stderr);
    let server = Server::start(context, &["a.plumb"]);
    let rows = [
        json!({"review": "the soup was not good today", "stars": 3}),
        json!({"review": "and so bad the meeting was again", "stars": 1}),
    ];
    let (status, said) =
        server.ask("POST", "/v2/models/a/rows", &json!({"rows": rows, "explain": true}).to_string());
    assert_eq!(status, 200, "{said}");
    let said: Value = serde_json::from_str(&said).unwrap();
    for (row, (about, word)) in [("food", "soup"), ("work", "meeting")].into_iter().enumerate() {
        let (answer, why) = (&said["predictions"][row], &said["predictions"][row]["explanation"]);
        assert_eq!((&answer["label"], &why["of"]), (&json!(about), &json!(about)), "{answer}");
        assert_eq!((&why["parts"][0]["name"], &why["base"]), (&json!(word), &Value::Null), "{answer}");
    }
}

#[test]
fn presets_and_texts_must_go_together() {
    let context = TestContext::new();
    context.write("reviews.csv", reviews(60));
    let check = |settings: &[&str]| {
        let settings = settings.iter().flat_map(|setting| ["--set", *setting]);
        let arguments = ["check", "reviews.csv", "--target", "about"].into_iter().chain(settings);
        context.plumb(&arguments.collect::<Vec<_>>())
    };
    let answer = check(&["data.kinds.review=ignore", "model.preset=transformer"]);
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    assert!(answer.stderr.contains("is for texts, the data has none"), "{}", answer.stderr);
    let answer = check(&["data.kinds.review=text", "prepare.tokens=4", "model.hidden=[8]"]);
    assert!(answer.stderr.contains("no hidden layers"), "{}", answer.stderr);
}

/// The folder of a small BERT with start values: weights under Hugging Face's names, settings, a tokenizer.
fn small_bert(context: &TestContext, folder: &str) {
    use plumb_data::tokens::{Pieces, train};
    use plumb_learn::model::{Inputs, TextInput, training_device};
    use plumb_learn::models::text::{Pooling, TextNetwork};
    use plumb_learn::parameters::Arrays;
    use plumb_learn::pretrained::PublishedEncoder;

    let texts = reviews(50);
    let lines: Vec<&str> = texts.lines().collect();
    let tokenizer = train(&lines, Pieces::Wordpiece, 300).unwrap();
    let config = serde_json::json!({
        "model_type": "bert", "vocab_size": 320, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 64, "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "max_position_embeddings": 40,
    });
    let encoder = PublishedEncoder::read(&config.to_string(), tokenizer.to_json()).unwrap();
    let text = TextInput { vocabulary: encoder.vocabulary, length: 16 };
    let inputs = Inputs { text: Some(text), ..Inputs::default() };
    let stream = plumb_ledger::Seed(3).stream("start");
    let network = TextNetwork::new(&encoder.network(Pooling::Cls), &inputs, 4, stream, &training_device());
    let weights = encoder.family.to_published(&Arrays::of(&network));
    context.write(&format!("{folder}/model.safetensors"), weights.to_safetensors().unwrap());
    context.write(&format!("{folder}/config.json"), config.to_string());
    context.write(&format!("{folder}/tokenizer.json"), tokenizer.to_json());
}

#[test]
fn an_encoder_is_kept_and_fine_tuned() {
    let context = TestContext::new();
    context.write("reviews.csv", reviews(240));
    small_bert(&context, "nets/tiny.bert");
    let alone = context.plumb(&["pretrained", "add", "nets/tiny.bert/model.safetensors"]);
    assert!(alone.stderr.contains("wants its whole folder"), "{}", alone.stderr);
    let added = context.plumb(&["pretrained", "add", "nets/tiny.bert"]);
    assert!(added.stdout.starts_with("tiny-bert  bert, "), "{}{}", added.stdout, added.stderr);
    let run = |weights: &str, out: &str, more: &[&str]| {
        let pretrained = format!("model.pretrained={weights}");
        let fixed = ["data.kinds.review=text", "train.epochs=4", "train.lr=0.003", &pretrained];
        let settings = fixed.iter().chain(more).flat_map(|setting| ["--set", *setting]);
        let arguments = ["run", "reviews.csv", "--target", "about", "--out", out].into_iter().chain(settings);
        context.plumb(&arguments.collect::<Vec<_>>())
    };
    let kept = run("tiny-bert", "kept", &["train.seeds=1"]);
    assert_eq!(kept.code, Some(0), "{}", kept.stderr);
    let job = context.read("kept/job.toml");
    for line in ["preset = \"bert\"", "transfer = \"full\"", "stage_decay = 0.9", "pooling = \"mean\""] {
        assert!(job.contains(line), "{line}: {job}");
    }
    let stored = std::fs::read(context.path("kept/model/model.safetensors")).unwrap();
    let names = String::from_utf8_lossy(&stored[..4000]).into_owned();
    assert!(names.contains("bert.encoder.layer.1.attention.self.query.weight"), "{names}");
    // The same weights by their folder: the same training, three times for so few rows.
    let given = run("nets/tiny.bert", "given", &["model.fresh_layers=1", "model.pooling=cls"]);
    assert_eq!(given.code, Some(0), "{}", given.stderr);
    assert_eq!(context.json("given/metrics.json")["seeds"].as_array().unwrap().len(), 3);
    // Trained beside the layers, then put into them: the stored weights have the same names.
    let beside = run("tiny-bert", "beside", &["train.seeds=1", "model.lora=4"]);
    assert_eq!(beside.code, Some(0), "{}", beside.stderr);
    let of_beside = std::fs::read(context.path("beside/model/model.safetensors")).unwrap();
    assert_eq!(stored.len(), of_beside.len());
    assert!(!context.read("beside/model/model.json").contains("lora"));
    let weights =
        |file: &str| plumb_learn::pretrained::read(&std::fs::read(context.path(file)).unwrap()).unwrap().0;
    let (given, tuned) =
        (weights("nets/tiny.bert/model.safetensors"), weights("beside/model/model.safetensors"));
    let rests = |name: &str| given[&format!("bert.{name}")] == tuned[&format!("bert.{name}")];
    assert!(rests("embeddings.word_embeddings.weight") && rests("encoder.layer.0.output.dense.bias"));
    assert!(
        !rests("encoder.layer.0.output.dense.weight")
            && !rests("encoder.layer.1.attention.self.query.weight")
    );
    let refused = [
        ("prepare.tokens=41", "the encoder has 40 places"),
        ("model.fresh_layers=3", "of 2 pretrained layers"),
        ("prepare.vocabulary=400", "made from the train texts"),
        ("model.preset=transformer", "are of `bert`, not of `transformer`"),
        ("model.positions=rotary", "which has its own"),
    ];
    for (number, (setting, words)) in refused.into_iter().enumerate() {
        let answer = run("tiny-bert", &format!("no-{number}"), &[setting]);
        assert!(answer.code == Some(2) && answer.stderr.contains(words), "{setting}: {}", answer.stderr);
    }
}

#[cfg(unix)]
#[test]
fn training_texts_are_changed_and_shown() {
    let context = TestContext::new();
    context.write("reviews.csv", reviews(400));
    let index = |word: &str| format!("{word} n 1 0 1 3 00000001\n");
    for kind in ["noun", "verb", "adj", "adv"] {
        let own = kind == "noun";
        context.write(&format!("dict/index.{kind}"), if own { index("soup") } else { String::new() });
        let set = "00000001 13 n 02 soup 0 broth 0 000 | food\n";
        context.write(&format!("dict/data.{kind}"), if own { set } else { "" });
    }
    let run = |out: &str, more: &[&str]| {
        let fixed = ["data.kinds.review=text", "train.epochs=3", "prepare.wordnet=dict"];
        let settings = fixed.iter().chain(more).flat_map(|setting| ["--set", *setting]);
        let arguments = ["run", "reviews.csv", "--target", "about", "--out", out].into_iter().chain(settings);
        context.plumb(&arguments.collect::<Vec<_>>())
    };
    let words = "prepare.words=[\"synonym=1\",\"swap\",\"delete=0.05\",\"insert=0.05\"]";
    let back = "prepare.back_translation=[\"sed s/good/fine/\", \"sed s/bad/poor/\"]";
    let answer = run("a", &[words, back]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let texts = context.json("a/texts.json");
    let changed = texts["changed"].to_string();
    assert!(changed.contains("broth") && (changed.contains("fine") || changed.contains("poor")), "{changed}");
    let ledger = context.json("a/ledger.json");
    let kept = "preflight.augmentation-preserves-labels";
    let entry = ledger["verdicts"].as_array().unwrap().iter().find(|entry| entry["id"] == kept).unwrap();
    assert_eq!(entry["verdict"], "pass", "{entry}");
    assert_eq!(
        entry["evidence"]["changes"],
        serde_json::json!(["synonym", "swap", "delete", "insert", "translated"])
    );
    assert!(context.read("a/report.html").contains("as the network saw them"));
    // Kept: the programs are not asked again.
    assert_eq!(std::fs::read_dir(context.path("cache/translations")).unwrap().count(), 1);
    assert_eq!(run("b", &[words, back]).code, Some(0));
    let hash = |out: &str| context.json(&format!("{out}/metrics.json"))["weights_sha256"].clone();
    assert_eq!(hash("a"), hash("b"));
    for (number, (setting, words)) in [
        ("prepare.words=[\"swop\"]", "did you mean `swap`?"),
        ("prepare.back_translation=[\"no-such-program\"]", "`no-such-program` failed"),
        ("prepare.back_translation=[\"false\"]", "`false` failed"),
        ("prepare.wordnet=nowhere", "WordNet's `index.noun`"),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = run(&format!("no-{number}"), &[setting]);
        assert!(answer.code != Some(0) && answer.stderr.contains(words), "{setting}: {}", answer.stderr);
    }
}
