//! Folders of pictures: read, audited, learned from, reported.

use plumb_data::pictures::{Channels, Picture, PictureLimits, decode, png};

use crate::context::TestContext;

const SIDE: usize = 12;

/// Upright or level bars with noise, different in each picture.
pub(crate) fn bars(upright: bool, number: usize) -> Vec<u8> {
    let stream = plumb_ledger::Seed(number as u64).stream(if upright { "upright" } else { "level" });
    let pixel = |at: usize| {
        let along = if upright { at % SIDE } else { at / SIDE };
        let bar = if (along / 2).is_multiple_of(2) { 160.0 } else { 80.0 };
        (bar + 25.0 * stream.normal(at as u64)).clamp(0.0, 255.0) as u8
    };
    png(&Picture::new(SIDE, SIDE, Channels::Grey, (0..SIDE * SIDE).map(pixel).collect()).unwrap(), SIDE)
}

pub(crate) fn class_folders(context: &TestContext, folder: &str, each: usize) {
    for number in 0..each {
        context.write(&format!("{folder}/upright/{number}.png"), bars(true, number));
        context.write(&format!("{folder}/level/{number}.png"), bars(false, number));
    }
}

#[test]
fn a_folder_of_class_folders_is_learned_and_bad_files_are_listed() {
    let context = TestContext::new();
    class_folders(&context, "photos", 60);
    context.write("photos/level/empty.png", "");
    context.write("photos/level/text.jpg", "no picture");
    #[cfg(unix)]
    std::os::unix::fs::symlink("/dev/zero", context.path("photos/level/zero.png")).unwrap();
    let whole = bars(true, 999);
    context.write("photos/upright/cut.png", &whole[..whole.len() / 2]);
    let answer = context.plumb(&["run", "photos", "--out", "run", "--set", "train.epochs=4"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let metrics = context.json("run/metrics.json");
    let accuracy = metrics["test"]["accuracy"]["value"].as_f64().unwrap();
    assert!(accuracy > 0.9, "{accuracy}");
    let ledger = context.json("run/ledger.json");
    let verdicts = ledger["verdicts"].as_array().unwrap();
    let readable = verdicts.iter().find(|entry| entry["id"] == "data.readable").unwrap().to_string();
    for reason in ["empty.png", "empty file", "text.jpg", "no picture", "cut.png", "cut short PNG"] {
        assert!(readable.contains(reason), "{reason} is not in {readable}");
    }
    assert!(context.read("run/job.toml").contains("preset = \"resnet14\""));
    let gallery = context.json("run/pictures.json");
    let groups = gallery["groups"].as_array().unwrap();
    let film = groups.iter().find(|group| group["title"] == "Filters, epoch by epoch").unwrap();
    assert_eq!((film["pictures"].as_array().unwrap().len(), &film["across"]), (4, &4.into()));
    assert!(context.read("run/report.html").contains("data:image/png;base64,"));
    assert!(context.read("run/model/model.json").contains("\"side\": 12"));
}

#[test]
fn a_film_goes_on_from_the_checkpoint() {
    let context = TestContext::new();
    class_folders(&context, "photos", 40);
    let settings = ["--set", "train.epochs=3", "--set", "train.checkpoint_seconds=0"];
    let whole: Vec<&str> = ["run", "photos", "--out", "whole"].into_iter().chain(settings).collect();
    assert_eq!(context.plumb(&whole).code, Some(0));
    // The checkpoint before the newest is from within the last epoch.
    context.write("whole/checkpoints/last/model.safetensors", "torn");
    let answer = context.plumb(&["run", "--resume", "whole"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let groups = context.json("whole/pictures.json")["groups"].clone();
    let film =
        groups.as_array().unwrap().iter().find(|group| group["title"] == "Activations, epoch by epoch");
    assert_eq!(film.unwrap()["across"], 3);
    assert!(answer.stderr.contains("the checkpoint before the newest"), "{}", answer.stderr);
}

#[test]
fn a_table_may_name_its_pictures_and_other_columns() {
    let context = TestContext::new();
    class_folders(&context, "files", 40);
    let mut table = "file,weight,kind\n".to_owned();
    for number in 0..40 {
        let weight = number % 7;
        table.extend([
            format!("files/upright/{number}.png,{weight}.5,a\n"),
            format!("files/level/{number}.png,{number},b\n"),
        ]);
    }
    table += "files/level/not-there.png,3,b\n";
    context.write("table.csv", table);
    let answer =
        context.plumb(&["run", "table.csv", "--target", "kind", "--out", "run", "--set", "train.epochs=4"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let model = context.json("run/model/model.json");
    assert_eq!((&model["inputs"]["numbers"], &model["inputs"]["image"]["channels"]), (&1.into(), &1.into()));
    assert!(context.read("run/ledger.json").contains("not-there.png"));
}

#[test]
fn folders_named_after_parts_split_the_pictures() {
    let context = TestContext::new();
    for (part, each) in [("train", 40), ("test", 10)] {
        class_folders(&context, &format!("photos/{part}"), each);
    }
    let answer = context.plumb(&["run", "photos", "--out", "run", "--set", "train.epochs=1"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(context.read("run/job.toml").contains("method = \"column\"\ncolumn = \"part\""));
    assert_eq!(context.json("run/metrics.json")["test"]["accuracy"]["n"], 20);
    let flat = context.write("flat/a.png", bars(true, 1));
    let answer = context.plumb(&["check", flat.parent().unwrap().to_str().unwrap()]);
    assert_eq!(answer.code, Some(4), "{}", answer.stderr);
    assert!(
        answer.stderr.contains("without class folders") && answer.stderr.contains("hint:"),
        "{}",
        answer.stderr
    );
}

#[test]
fn idx_files_are_read_with_their_parts() {
    let context = TestContext::new();
    for (name, each) in [("train", 40u32), ("t10k", 10)] {
        let pixels = |number: u32| {
            let upright = number.is_multiple_of(2);
            let picture = decode(&bars(upright, number as usize), &PictureLimits::DEFAULT).unwrap();
            picture.pixels().to_vec()
        };
        let extents = [2 * each, SIDE as u32, SIDE as u32].map(u32::to_be_bytes).concat();
        let images = [vec![0, 0, 8, 3], extents, (0..2 * each).flat_map(pixels).collect()].concat();
        let labels = (0..2 * each).map(|number| (number % 2) as u8).collect();
        let labels = [vec![0, 0, 8, 1], (2 * each).to_be_bytes().to_vec(), labels].concat();
        context.write(&format!("idx/{name}-images-idx3-ubyte"), images);
        context.write(&format!("idx/{name}-labels-idx1-ubyte"), labels);
    }
    let answer = context.plumb(&["run", "idx", "--out", "run", "--set", "train.epochs=1"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert_eq!(context.json("run/metrics.json")["test"]["accuracy"]["n"], 20);
    let missing = context.plumb(&["check", "idx", "--set", "data.kinds={lable=\"ignore\"}"]);
    assert_eq!(missing.code, Some(2), "{}", missing.stderr);
    assert!(missing.stderr.contains("did you mean `label`"), "{}", missing.stderr);
}

/// What the binary says to a job that it refuses.
fn refusal(context: &TestContext, settings: &[&str]) -> String {
    let settings = settings.iter().flat_map(|setting| ["--set", *setting]);
    let answer = context.plumb(&["check", "photos"].into_iter().chain(settings).collect::<Vec<_>>());
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    answer.stderr
}

#[test]
fn settings_that_pictures_cannot_follow_are_refused() {
    let context = TestContext::new();
    class_folders(&context, "photos", 12);
    let told = refusal(&context, &["model.preset=tabm"]);
    assert!(told.contains("preset `tabm` is for tables without pictures"), "{told}");
    assert!(refusal(&context, &["model.hidden=[64]"]).contains("no hidden layers"));
    assert!(refusal(&context, &["train.transfer=head"]).contains("trained before"));
    assert!(refusal(&context, &["prepare.operations=[\"spin=3\"]"]).contains("unknown operation `spin`"));
    assert!(refusal(&context, &["prepare.mixup=0.2", "prepare.cutmix=1"]).contains("both above 0"));
}

#[test]
fn a_run_of_its_own_job_file_has_the_same_weights() {
    let context = TestContext::new();
    class_folders(&context, "photos", 30);
    let first = context.plumb(&["run", "photos", "--out", "a", "--set", "train.epochs=2"]);
    let second = context.plumb(&["run", "a/job.toml", "--out", "b", "--set", "train.workers=3"]);
    assert_eq!((first.code, second.code), (Some(0), Some(0)), "{}", second.stderr);
    let weights = |run: &str| context.json(&format!("{run}/metrics.json"))["weights_sha256"].clone();
    assert!(weights("a").is_string());
    assert_eq!(weights("a"), weights("b"));
}

#[test]
fn large_pictures_are_kept_reduced_and_looked_at_in_several_ways() {
    let context = TestContext::new();
    let stripes = |upright: bool, number: usize| {
        let level = |at: usize| {
            let along = if upright { at % 280 } else { at / 280 };
            if (along / 35 + number).is_multiple_of(2) { 250 } else { 5 }
        };
        png(&Picture::new(280, 280, Channels::Grey, (0..280 * 280).map(level).collect()).unwrap(), 280)
    };
    for number in 0..40 {
        let class = if number % 2 == 0 { "level" } else { "upright" };
        context.write(&format!("photos/{class}/{number}.png"), stripes(number % 2 == 1, number / 2));
    }
    let settings = ["train.epochs=1", "prepare.image_size=16", "model.preset=resnet14", "evaluate.views=3"];
    let settings = settings.iter().flat_map(|setting| ["--set", *setting]);
    let run = |out: &'static str| {
        let arguments: Vec<&str> =
            ["run", "photos", "--out", out].into_iter().chain(settings.clone()).collect();
        let answer = context.plumb(&arguments);
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        context.json(&format!("{out}/metrics.json"))["weights_sha256"].clone()
    };
    let first = run("a");
    let kept = || walk(&context.path("cache/pictures"));
    // Pictures that are equal have one file.
    assert!(!kept().is_empty() && kept().len() <= 40, "{:?}", kept());
    assert_eq!(first, run("b"));
    std::fs::remove_dir_all(context.path("cache")).unwrap();
    assert_eq!(first, run("c"));
    let views = context.json("a/model/model.json")["views"].clone();
    assert_eq!(views, serde_json::json!(["as it is", "shifted left", "shifted right"]));
}

/// The files of a folder and of those in it.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
