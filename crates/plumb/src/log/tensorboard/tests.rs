//! A run's notes, written and read back.

use std::collections::BTreeMap;

use plumb_learn::parameters::Declared;
use plumb_learn::train::{ActivationStats, Histogram, LayerStats};
use plumb_ledger::Verdict;

use super::*;
use crate::log::note::{ClassScores, Ended, Judged, Measured, Outcome, PictureGroup, Points};

/// Notes of every kind, with names and numbers that data may bring.
fn notes() -> Vec<Note> {
    let odd = "a\tb\n<img>|[x](y)\u{0}";
    let settings =
        vec![("train.lr".to_owned(), toml::Value::Float(0.1)), (format!("data.kinds.{odd}"), odd.into())];
    let histogram = Some(Histogram { low: 1.0, high: 1.0, counts: vec![7, 0] });
    let stats = LayerStats {
        grad_norm: f64::NAN,
        weight_norm: f64::INFINITY,
        update_ratio: 0.0,
        values: histogram.clone(),
        gradient: None,
    };
    let shown = ActivationStats { mean: 0.0, sd: 0.0, dead: 1.0, saturated: 0.0, values: histogram };
    let contents = [
        Content::Settled(Settled {
            job: format!("# {odd}\n"),
            settings: settings.clone(),
            network: vec![Declared { name: odd.to_owned(), layer: String::new(), shape: Vec::new() }],
            first_step: 40,
            told_beyond: true,
        }),
        Content::Event(Happened::Step { step: 50, epoch: 1, loss: f64::NAN, lr: 0.1, grad_norm: 1.0 }),
        Content::Event(Happened::Layers {
            step: 50,
            layers: BTreeMap::from([(odd.to_owned(), stats)]),
            activations: BTreeMap::from([(odd.to_owned(), shown)]),
            attention: BTreeMap::from([(odd.to_owned(), vec![0.5, 1.0])]),
        }),
        Content::Event(Happened::Epoch {
            epoch: 1,
            step: 60,
            train_loss: 0.5,
            valid: BTreeMap::from([("loss".to_owned(), 0.25)]),
            best: true,
            seconds: 1.0,
        }),
        Content::Measured(Box::new(Measured {
            step: 60,
            settings,
            figures: vec![("test/accuracy".to_owned(), 0.75)],
            curves: vec![ClassScores {
                tag: format!("test/{odd}"),
                rows: vec![(f64::NAN, true), (1.5, false)],
            }],
            confusion: vec![vec![0, 0], vec![3, 1]],
            classes: vec![odd.to_owned(), String::new()],
            pictures: vec![
                PictureGroup {
                    title: odd.to_owned(),
                    caption: odd.to_owned(),
                    pngs: vec![b"no PNG".to_vec()],
                },
                PictureGroup { title: "none".to_owned(), caption: String::new(), pngs: Vec::new() },
            ],
            points: Some(Points {
                title: odd.to_owned(),
                values: vec![1.0, 2.0],
                width: 2,
                labels: Vec::new(),
            }),
        })),
        Content::Ended(Ended {
            outcome: Outcome::Finished,
            verdicts: vec![Judged {
                practice: odd.to_owned(),
                verdict: Verdict::Warn,
                summary: odd.to_owned(),
            }],
        }),
    ];
    (0..).zip(contents).map(|(at, content)| Note { unix_ms: 1_700_000_000_000 + at, content }).collect()
}

fn written() -> (tempfile::TempDir, Vec<Event>) {
    let folder = tempfile::tempdir().unwrap();
    let mut file = EventFile::new(folder.path().join("tensorboard"));
    let notes: Vec<Arc<Note>> = notes().into_iter().map(Arc::new).collect();
    file.notes(&notes, &|| ()).unwrap();
    let names = std::fs::read_dir(folder.path().join("tensorboard")).unwrap();
    let paths: Vec<PathBuf> = names.map(|entry| entry.unwrap().path()).collect();
    let is_events =
        |path: &&PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("events.out.tfevents.");
    let bytes = std::fs::read(paths.iter().find(is_events).unwrap()).unwrap();
    assert_eq!(paths.len(), 4, "an event file and three of the projector");
    let events = tfrecord::cut(&bytes).whole.into_iter().map(|data| Event::decode(data).unwrap()).collect();
    (folder, events)
}

#[test]
fn a_file_begins_with_its_version_and_a_resumed_run_voids_later_steps() {
    let (_folder, events) = written();
    assert_eq!(events[0].what, Some(What::FileVersion("brain.Event:2".to_owned())));
    assert_eq!(
        (events[1].step, events[1].what.clone()),
        (40, Some(What::SessionLog(SessionLog { status: 1 })))
    );
    assert!(events.is_sorted_by_key(|event| event.step));
    assert!((events[1].wall_time - 1_700_000_000.0).abs() < 1.0);
}

#[test]
fn a_run_that_goes_on_where_it_ended_voids_nothing() {
    let settled = |first_step, told_beyond| Settled {
        job: String::new(),
        settings: Vec::new(),
        network: Vec::new(),
        first_step,
        told_beyond,
    };
    let start = What::SessionLog(SessionLog { status: 1 });
    assert_eq!(beginning(&settled(40, false)), []);
    assert_eq!(beginning(&settled(40, true)), vec![start.clone()]);
    assert!(matches!(&beginning(&settled(0, false))[..], [first, What::GraphDef(_)] if *first == start));
}

#[test]
fn every_plugin_has_values_in_its_own_form() {
    let (_folder, events) = written();
    let mut found: BTreeMap<String, Vec<(i64, Value)>> = BTreeMap::new();
    for event in events {
        let Some(What::Summary(summary)) = event.what else { continue };
        for value in summary.value {
            let plugin = value.metadata.clone().unwrap().plugin_data.unwrap().plugin_name;
            found.entry(plugin).or_default().push((event.step, value));
        }
    }
    let plugins: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(
        plugins,
        ["custom_scalars", "histograms", "hparams", "images", "pr_curves", "scalars", "text"]
    );
    let extents = |value: &Value| -> Vec<i64> {
        value.tensor.as_ref().unwrap().tensor_shape.as_ref().unwrap().dim.iter().map(|dim| dim.size).collect()
    };
    assert!(found["scalars"].iter().all(|(_, value)| extents(value).is_empty()));
    assert!(found["histograms"].iter().all(|(_, value)| extents(value) == [2, 3]));
    assert!(found["pr_curves"].iter().all(|(_, value)| extents(value) == [6, 201]));
    let tags: Vec<&str> = found["scalars"].iter().map(|(_, value)| value.tag.as_str()).collect();
    for tag in
        ["train/loss", "train/lr", "train/grad_norm", "train/epoch_loss", "valid/loss", "test/accuracy"]
    {
        assert!(tags.contains(&tag), "{tag} in {tags:?}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a file");
    plumb_ledger::atomic::write_file(&path, b"").unwrap();
    let mut file = EventFile::new(path.join("tensorboard"));
    let notes: Vec<Arc<Note>> = notes().into_iter().map(Arc::new).collect();
    assert!(file.notes(&notes, &|| ()).is_err());
}
