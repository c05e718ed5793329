//! The schedules against `torch.optim.lr_scheduler`, and RealMLP's two against their own definition.

use plumb_ledger::Explain;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn read() -> Value {
    serde_json::from_str(include_str!("../../tests/golden/schedules.json")).unwrap()
}

fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn factors_are_those_of_torch() {
    let golden = read();
    let total = golden["total"].as_u64().unwrap();
    let late = OneCycle { peak: 0.6, start_divisor: 5.0, end_divisor: 100.0 };
    let cases = [
        ("step", ScheduleConfig::Step(Step::DEFAULT)),
        ("linear", ScheduleConfig::Linear(Linear { warmup: 0.0 })),
        ("linear_warmup", ScheduleConfig::Linear(Linear::DEFAULT)),
        ("cosine", ScheduleConfig::Cosine(Cosine::DEFAULT)),
        ("cosine_floor", ScheduleConfig::Cosine(Cosine { warmup: 0.0, floor: 0.05 })),
        ("cosine_warmup", ScheduleConfig::Cosine(Cosine { warmup: 0.2, floor: 0.0 })),
        ("warm_restarts", ScheduleConfig::WarmRestarts(WarmRestarts::DEFAULT)),
        (
            "warm_restarts_equal",
            ScheduleConfig::WarmRestarts(WarmRestarts { cycles: 3, multiply: 1, floor: 0.01 }),
        ),
        ("one_cycle", ScheduleConfig::OneCycle(OneCycle::DEFAULT)),
        ("one_cycle_late", ScheduleConfig::OneCycle(late)),
    ];
    for (name, schedule) in cases {
        for (step, expected) in numbers(&golden["cases"][name]).into_iter().enumerate() {
            let factor = schedule.factor(step as u64, total);
            assert!((factor - expected).abs() < 1e-12, "{name} at {step}: {factor} {expected}");
        }
    }
}

#[test]
fn plateau_drops_when_torch_does() {
    let golden = read();
    let config = PlateauConfig { factor: 0.3, patience: 4, threshold: 1e-3, ..PlateauConfig::DEFAULT };
    let cooled =
        PlateauConfig { factor: 0.5, patience: 2, cooldown: 3, floor: 0.1, ..PlateauConfig::DEFAULT };
    for (name, config) in [("plateau", config), ("plateau_cooldown", cooled)] {
        let mut plateau = Plateau::default();
        let mut factor = 1.0;
        for (loss, expected) in numbers(&golden["losses"]).iter().zip(numbers(&golden["cases"][name])) {
            assert!((factor - expected).abs() < 1e-12, "{name}: {factor} {expected}");
            factor = plateau.observe(&config, *loss);
        }
    }
}

#[test]
fn plateau_takes_a_broken_loss_for_no_improvement() {
    let config = PlateauConfig { patience: 1, ..PlateauConfig::DEFAULT };
    let mut plateau = Plateau::default();
    plateau.observe(&config, f64::NAN);
    assert_eq!(plateau.best, None);
    assert!(plateau.observe(&config, f64::NAN) < 1.0);
}

#[test]
fn coslog4_has_four_cycles_that_double_and_end_at_zero() {
    let factor = |share: f64| ScheduleConfig::Coslog4.factor((share * 15e6) as u64, 15_000_000);
    for end in [0.0, 1.0, 3.0, 7.0] {
        assert!(factor(end / 15.0) < 1e-9, "a cycle ends at {end} fifteenths");
    }
    assert!(ScheduleConfig::Coslog4.factor(14_999_999, 15_000_000) < 1e-9, "the last one at the end");
    for peak in [2f64.powf(0.5) - 1.0, 2f64.powf(3.5) - 1.0] {
        assert!(factor(peak / 15.0) > 1.0 - 1e-9);
    }
}

#[test]
fn flat_cos_is_flat_then_a_cosine() {
    let factor = |step| ScheduleConfig::FlatCos.factor(step, 100);
    assert!((0..=50).all(|step| (factor(step) - 1.0).abs() < 1e-15));
    assert!((factor(75) - 0.5).abs() < 1e-12);
    assert!(factor(99) < 0.001);
}

#[test]
fn names_are_known_and_near_misses_named() {
    for name in ScheduleConfig::names() {
        let schedule = ScheduleConfig::named(name).unwrap();
        schedule.check().unwrap();
        let text = serde_json::to_string(&schedule).unwrap();
        assert!(text.contains(&format!(r#""name":"{name}""#)), "{text}");
        assert_eq!(serde_json::from_str::<ScheduleConfig>(&text).unwrap(), schedule);
    }
    let error = ScheduleConfig::named("cosin").unwrap_err();
    assert!(error.hint().unwrap().contains("`cosine`"));
    let unknown = serde_json::from_str::<ScheduleConfig>(r#"{"name":"cosine","warmupp":0.1}"#);
    assert!(unknown.is_err(), "an unknown setting is refused");
}

proptest! {
    #[test]
    fn factors_stay_between_zero_and_one(step in any::<u64>(), total in any::<u64>(), short in 0u64..5) {
        for name in ScheduleConfig::names() {
            let schedule = ScheduleConfig::named(name).unwrap();
            for (step, total) in [(step, total), (step % 7, short)] {
                let factor = schedule.factor(step, total);
                prop_assert!((0.0..=1.0).contains(&factor), "{name} at {step} of {total}: {factor}");
            }
        }
    }
}
