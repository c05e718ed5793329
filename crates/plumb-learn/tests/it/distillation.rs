//! Networks that learn from a trained one.

use plumb_data::prepare::{Encoding, Preparation, PrepareConfig, PreparedColumn, PreparedImages};
use plumb_data::{Column, Kind, Table, Target};
use plumb_learn::model::NetworkConfig;
use plumb_learn::predict::{TrainedModel, outputs};
use plumb_learn::train::{Distillation, Teacher, train};
use plumb_ledger::Seed;
use plumb_ledger::clock::StoppedClock;

use crate::made_up::{Recorder, Setup, rows_for, setup};
use crate::resume::{broken, unbroken};

/// A preparation for two classes; the made-up rows are prepared already.
fn preparation(classes: [&str; 2]) -> Preparation {
    let table = Table::new(vec![
        Column::number("x", Kind::Number, (0..8).map(|row| Some(f64::from(row)))),
        Column::category("y", Kind::Category, (0..8).map(|row| Some(classes[row % 2]))),
    ])
    .unwrap();
    let target = Target::of(&table, "y", None).unwrap();
    Preparation::fit(&table, &target, &[0, 1, 2, 3, 4, 5, 6, 7], &PrepareConfig::default()).unwrap()
}

/// The same for the rows of a setup, pictures among them.
fn preparation_for(setup: &Setup) -> Preparation {
    let of_pictures = |images: &PreparedImages| PreparedColumn {
        name: "photo".to_owned(),
        kind: Kind::Image,
        encoding: Encoding::Image(images.encoding.clone()),
    };
    let columns = setup.train.images.iter().map(of_pictures).collect();
    Preparation { columns, ..preparation(["a", "b"]) }
}

/// The model that a setup trains.
pub(crate) fn trained(setup: &Setup) -> TrainedModel {
    let clock = StoppedClock::default();
    let mut watcher = Recorder::default();
    let trained = train(setup.network(), &setup.data(), &setup.config, None, &mut watcher, &clock).unwrap();
    TrainedModel::new(setup.model.clone(), preparation_for(setup), &trained.weights).unwrap()
}

/// A student of a model that the same preset has begun to train.
fn student(preset: &str, weight: f64) -> Setup {
    student_of(preset, weight, 0.0)
}

fn student_of(preset: &str, weight: f64, features: f64) -> Setup {
    let mut student = setup(preset, 2);
    let teacher = trained(&setup(preset, 1));
    let rows = student.train.clone();
    let own = preparation_for(&student);
    student.config.distillation = Some(Distillation { weight, temperature: 3.0, features });
    student.teacher = Some(Teacher::new(teacher, rows, &own, &student.config, false).unwrap());
    student
}

#[test]
fn a_teacher_of_no_weight_changes_nothing_and_one_of_weight_does() {
    for preset in ["mlp", "tabm", "realmlp"] {
        let plain = unbroken(&setup(preset, 2));
        assert_eq!(unbroken(&student(preset, 0.0)), plain, "{preset}");
        assert_ne!(unbroken(&student(preset, 0.5)), plain, "{preset}");
    }
}

#[test]
fn stopped_at_any_step_a_student_ends_the_same() {
    for (preset, features) in [("mlp", 0.0), ("tabm", 0.5), ("transformer", 0.5), ("resnet14", 0.5)] {
        let mut student = student_of(preset, 0.7, features);
        student.config.accumulate = 2;
        let whole = unbroken(&student);
        for k in [1, 3] {
            assert_eq!(broken(&student, k), whole, "{preset} stopped every {k} steps");
        }
    }
}

#[test]
fn another_target_is_refused_with_both_named() {
    let student = setup("mlp", 1);
    let teacher = trained(&student);
    let other = preparation(["a", "c"]);
    let error = Teacher::new(teacher, student.train.clone(), &other, &student.config, false).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the teacher predicts classes `a`, `b` of `y`, the student classes `a`, `c` of `y`"
    );
}

/// The log loss on other rows, without smoothing.
fn log_loss(setup: &Setup, model: &TrainedModel) -> f64 {
    let rows = rows_for("mlp", 4000, Seed(1).stream("test"));
    let network = model.weights().load(setup.network()).unwrap();
    setup.config.loss.plain().on_host(&outputs(&network, &rows), &rows.labels)
}

#[test]
fn a_small_network_is_better_with_a_teacher_that_is() {
    // A tenth of the labels is wrong: a network of one small layer fits some of them, an ensemble's mean says which are odd.
    let teacher_setup = setup("tabm", 40);
    let teacher = trained(&teacher_setup);
    let (mut with, mut without) = (0.0, 0.0);
    for seed in 0..3 {
        let mut student = setup("mlp", 60);
        student.config.seed = seed;
        student.config.patience = None;
        if let NetworkConfig::Mlp(config) = &mut student.model.network {
            config.hidden = vec![32];
        }
        without += log_loss(&student, &trained(&student)) / 3.0;
        let own = preparation_for(&student);
        let rows = student.train.clone();
        student.config.distillation = Some(Distillation { weight: 0.9, temperature: 2.0, features: 0.0 });
        student.teacher = Some(Teacher::new(teacher.clone(), rows, &own, &student.config, false).unwrap());
        with += log_loss(&student, &trained(&student)) / 3.0;
    }
    let own = log_loss(&teacher_setup, &teacher);
    assert!(with < without, "{with} with, {without} without a teacher of {own}");
}
