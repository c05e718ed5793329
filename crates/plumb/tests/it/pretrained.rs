//! Weights that others have trained: kept, listed, fetched, refused.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use crate::context::TestContext;

/// A pickle that would run a command.
fn harmful() -> Vec<u8> {
    b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.".to_vec()
}

#[test]
fn what_is_no_weights_is_refused_with_a_hint() {
    let context = TestContext::new();
    context.write("harm.pth", harmful());
    context.write("text.safetensors", "no weights");
    for (file, words) in [
        ("harm.pth", "asks for `os.system`, which is not data"),
        ("text.safetensors", "neither safetensors nor PyTorch's"),
        ("missing.pth", "cannot read `missing.pth`"),
        ("hf:one", "`hf:one` names no model"),
        ("hf:../etc/passwd", "names no model"),
    ] {
        let answer = context.plumb(&["pretrained", "add", file]);
        assert!(answer.code.is_some_and(|code| code > 0), "{file}");
        assert!(answer.stderr.contains(words) && answer.stderr.contains("hint: "), "{}", answer.stderr);
    }
    let list = context.plumb(&["pretrained", "list"]);
    assert!(list.stdout.starts_with("none; "), "{}", list.stdout);
    context.write("photos/a/1.png", "x");
    let answer = context.plumb(&["check", "photos", "--set", "model.pretrained=resnet18"]);
    assert!(answer.code.is_some_and(|code| code > 0));
}

#[test]
fn a_model_of_the_hub_is_fetched_and_held_to_what_it_is() {
    let context = TestContext::new();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", server.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = server.accept().unwrap();
        let mut request = [0; 4096];
        let len = stream.read(&mut request).unwrap();
        let body = harmful();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
        String::from_utf8_lossy(&request[..len]).into_owned()
    });
    let mut command = context.command(&["pretrained", "add", "hf:some/net-1.0"]);
    let output = command.env("HF_ENDPOINT", &address).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    if told.contains("curl: ") {
        // No curl on this machine: the hint says what to do instead.
        assert!(told.contains("hint: fetch the file by other means"), "{told}");
        return;
    }
    assert!(serving.join().unwrap().starts_with("GET /some/net-1.0/resolve/main/model.safetensors "));
    assert!(told.contains("`os.system`, which is not data"), "{told}");
    let kept = std::fs::read_dir(context.path("cache/pretrained")).unwrap();
    assert_eq!(kept.count(), 0, "nothing of it is left");
}

/// Start values of SqueezeNet 1.1 as a file that torchvision would read.
fn squeezenet() -> Vec<u8> {
    use plumb_learn::model::{Inputs, training_device};
    use plumb_learn::models::pictures::{PictureNetwork, architectures};
    use plumb_learn::parameters::Arrays;

    let architecture = architectures::named("squeezenet1_1").unwrap();
    let stream = plumb_ledger::Seed(5).stream("start");
    let inputs = Inputs::pictures(224, 3);
    let network = PictureNetwork::new(&architecture.network(), &inputs, 7, stream, &training_device());
    Arrays::of(&network).to_safetensors().unwrap()
}

#[test]
fn weights_are_kept_and_fine_tuned_from_the_head_backwards() {
    let context = TestContext::new();
    crate::pictures::class_folders(&context, "photos", 24);
    context.write("net.safetensors", squeezenet());
    let added = context.plumb(&["pretrained", "add", "net.safetensors", "--name", "mine"]);
    assert!(added.stdout.starts_with("mine  squeezenet1_1, "), "{}{}", added.stdout, added.stderr);
    let settings = ["model.pretrained=mine", "train.epochs=2", "prepare.image_size=32"];
    let settings = settings.iter().flat_map(|setting| ["--set", *setting]);
    let arguments: Vec<&str> = ["run", "photos", "--out", "run"].into_iter().chain(settings).collect();
    let answer = context.plumb(&arguments);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let job = context.read("run/job.toml");
    assert!(job.contains("preset = \"squeezenet1_1\"") && job.contains("transfer = \"gradual\""), "{job}");
    let ledger = context.json("run/ledger.json");
    let verdict = |id: &str| {
        let entries = ledger["verdicts"].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["id"] == id).unwrap();
        (entry["verdict"].clone(), entry["summary"].clone())
    };
    assert_eq!(verdict("preflight.normalised").0, "pass");
    for id in ["transfer.beats-scratch", "transfer.forgetting"] {
        assert_ne!(verdict(id).0, "skipped", "{id}: {}", verdict(id).1);
    }
    let damaged = context.path("cache/pretrained/mine.safetensors");
    let mut bytes = std::fs::read(&damaged).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&damaged, bytes).unwrap();
    let answer = context.plumb(&["check", "photos", "--set", "model.pretrained=mine"]);
    assert!(answer.stderr.contains("are not those that were added"), "{}", answer.stderr);
}
