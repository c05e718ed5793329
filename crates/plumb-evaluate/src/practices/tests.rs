//! Every practice over hostile inputs (always a verdict, never a panic), and each on a case it must find.

use plumb_data::{Column, Kind, Labels, PredictError, Predictions, Predictor, Table, Target};
use plumb_ledger::{Judgement, Seed, Verdict};
use plumb_stats::Task;

use super::practices;
use crate::{EvaluateConfig, EvaluateContext, EvaluateError, Evaluation, Folds, Subject, evaluate};

/// What a fake model answers for a row: a probability of class 1, or a number.
type Answer = fn(&Table, usize) -> f64;

struct Fake {
    target: Target,
    answer: Answer,
}

impl Predictor for Fake {
    fn task(&self) -> Task {
        self.target.task
    }

    fn classes(&self) -> &[String] {
        &self.target.classes
    }

    fn predict(&self, table: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
        let answers: Vec<f64> = rows.iter().map(|&row| (self.answer)(table, row as usize)).collect();
        if self.target.task == Task::Regression {
            return Ok(Predictions::Numbers(answers));
        }
        let classes = self.target.classes.len();
        let rest = |p: f64| (1.0 - p) / (classes.max(2) - 1) as f64;
        let row = |p: f64| (0..classes).map(move |class| if class == 1 { p } else { rest(p) });
        Ok(Predictions::Probabilities { values: answers.into_iter().flat_map(row).collect(), classes })
    }
}

/// A table `x` (number), `c` (category `a`/`b`), `t` (time), `y`, with `rows` rows.
fn table(rows: usize) -> Table {
    let stream = Seed(1).stream("table");
    let x = (0..rows).map(|row| (row % 17 != 3).then(|| stream.normal(row as u64)));
    let c = (0..rows).map(|row| (row % 13 != 5).then_some(if row % 4 == 0 { "a" } else { "b" }));
    let t = (0..rows).map(|row| Some(1_600_000_000_000 + 86_400_000 * row as i64));
    let y = (0..rows).map(|row| Some(row as f64));
    Table::new(vec![
        Column::number("x", Kind::Number, x),
        Column::category("c", Kind::Category, c),
        Column::time("t", Kind::Time, t),
        Column::number("y", Kind::Number, y),
    ])
    .unwrap()
}

fn x(table: &Table, row: usize) -> f64 {
    let column = table.column("x").unwrap();
    if column.is_missing(row) { 0.0 } else { column.numbers().unwrap().value(row) }
}

fn in_a(table: &Table, row: usize) -> bool {
    table.column("c").and_then(Column::categories).and_then(|c| c.text(row)) == Some("a")
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Classes whose chance is known: `p(1) = sigmoid(3 x)`, shifted down by `rarity`.
fn classes(table: &Table, rarity: f64) -> Target {
    let stream = Seed(2).stream("labels");
    let draw =
        |row: usize| Some(u32::from(stream.uniform(row as u64) < sigmoid(3.0 * x(table, row) - rarity)));
    Target {
        name: "y".to_owned(),
        task: Task::Binary,
        classes: vec!["no".to_owned(), "yes".to_owned()],
        labels: Labels::Classes((0..table.rows()).map(draw).collect()),
    }
}

/// Numbers `10 + 2 x + noise`.
fn numbers(table: &Table) -> Target {
    let stream = Seed(3).stream("labels");
    let draw = |row: usize| Some(10.0 + 2.0 * x(table, row) + 0.5 * stream.normal(row as u64));
    Target {
        name: "y".to_owned(),
        task: Task::Regression,
        classes: Vec::new(),
        labels: Labels::Numbers((0..table.rows()).map(draw).collect()),
    }
}

fn config() -> EvaluateConfig {
    let named = |name: &str| vec![name.to_owned()];
    EvaluateConfig { resamples: 200, groups: named("c"), by: named("c"), ..EvaluateConfig::new(Seed(4)) }
}

/// Evaluates on thirds of the rows and hands the context to `check`.
fn evaluated(
    table: &Table,
    target: &Target,
    answer: Answer,
    config: &EvaluateConfig,
    check: impl FnOnce(&EvaluateContext<'_>),
) -> Result<(), EvaluateError> {
    let part = |part: u32| (0..table.rows() as u32).filter(|row| row % 3 == part).collect::<Vec<u32>>();
    let (train, valid, test) = (part(0), part(1), part(2));
    let fake = Fake { target: target.clone(), answer };
    let subject = Subject { table, target, train: &train, valid: &valid, test: &test, predictor: &fake };
    let evaluation: Evaluation = evaluate(&subject, config)?;
    check(&EvaluateContext {
        subject,
        config,
        evaluation: &evaluation,
        folds: Folds::default(),
        seeds: &[],
        transfer: None,
        reads: None,
    });
    Ok(())
}

fn judge(context: &EvaluateContext<'_>, id: &str) -> Judgement {
    let practice = practices().into_iter().find(|practice| practice.page.id == id).unwrap();
    (practice.judge)(context)
}

fn verdicts(answer: Answer, target: fn(&Table) -> Target, expected: &[(&str, Verdict)]) {
    let table = table(3000);
    evaluated(&table, &target(&table), answer, &config(), |context| {
        for (id, verdict) in expected {
            let judged = judge(context, id);
            assert_eq!(judged.verdict, *verdict, "{id}: {}", judged.summary);
        }
    })
    .unwrap();
}

#[test]
fn pages_have_no_faults() {
    assert_eq!(plumb_ledger::practice::faults(practices().iter().map(|practice| &practice.page)), [""; 0]);
}

#[test]
fn a_good_classifier_passes() {
    let answer: Answer = |table, row| sigmoid(3.0 * x(table, row));
    verdicts(
        answer,
        |table| classes(table, 0.0),
        &[
            ("evaluate.confidence-interval", Verdict::Pass),
            ("evaluate.imbalance-aware", Verdict::Pass),
            ("evaluate.shift", Verdict::Pass),
            ("evaluate.calibration", Verdict::Pass),
            ("evaluate.robustness", Verdict::Pass),
            ("evaluate.regression-errors", Verdict::Skipped),
            ("evaluate.cross-validation", Verdict::Skipped),
            ("evaluate.seed-variance", Verdict::Skipped),
            ("fairness.group-performance", Verdict::Pass),
            ("fairness.disparate-impact", Verdict::Pass),
            ("fairness.equalized-odds", Verdict::Pass),
        ],
    );
}

#[test]
fn a_model_that_fails_one_group_is_found() {
    let answer: Answer = |table, row| if in_a(table, row) { 0.1 } else { sigmoid(3.0 * x(table, row)) };
    verdicts(
        answer,
        |table| classes(table, 0.0),
        &[
            ("evaluate.systematic-errors", Verdict::Warn),
            ("evaluate.shift", Verdict::Warn),
            ("fairness.group-performance", Verdict::Warn),
            ("fairness.disparate-impact", Verdict::Warn),
            ("fairness.equalized-odds", Verdict::Warn),
        ],
    );
}

#[test]
fn a_drop_to_a_source_that_train_lacks_is_named() {
    // Test rows are those of the last third: their source is new.
    let source = (0..3000).map(|row| Some(if row % 3 == 2 { ["new", "newer"][row % 2] } else { "old" }));
    let mut columns = table(3000).columns().to_vec();
    columns.push(Column::category("s", Kind::Category, source));
    let table = Table::new(columns).unwrap();
    let lost: Answer = |table, row| {
        let old = table.column("s").and_then(Column::categories).and_then(|s| s.text(row)) == Some("old");
        if old { sigmoid(3.0 * x(table, row)) } else { 0.4 }
    };
    let config = EvaluateConfig { by: vec!["s".to_owned()], ..config() };
    evaluated(&table, &classes(&table, 0.0), lost, &config, |context| {
        let judged = judge(context, "evaluate.shift");
        assert_eq!(judged.verdict, Verdict::Warn);
        assert!(judged.summary.contains("`s` = `not among the train rows`"), "{}", judged.summary);
        let shares = judge(context, "explain.column-shares").evidence["columns"].to_string();
        assert!(shares.contains("error_growth"), "{shares}");
    })
    .unwrap();
}

/// What `evaluate.input-shift` says of a source, told for each row by its class and a draw, in which `x` is larger by `moved`.
fn input_shift(source: fn(u32, f64) -> bool, moved: f64) -> Judgement {
    let plain = table(3000);
    let target = classes(&plain, 0.0);
    let Labels::Classes(codes) = &target.labels else { panic!() };
    let stream = Seed(5).stream("sources");
    let is_new: Vec<bool> =
        (0..3000).map(|row| source(codes[row].unwrap(), stream.uniform(row as u64))).collect();
    let by = |row: usize| if is_new[row] { moved } else { 0.0 };
    let shifted = (0..3000).map(|row| Some(x(&plain, row) + by(row)));
    let columns = vec![
        Column::number("x", Kind::Number, shifted),
        plain.column("c").unwrap().clone(),
        Column::category(
            "s",
            Kind::Category,
            (0..3000).map(|row| Some(["old", "new"][usize::from(is_new[row])])),
        ),
    ];
    let config = EvaluateConfig { by: vec!["s".to_owned()], ..config() };
    let mut judged = None;
    let answer: Answer = |table, row| sigmoid(3.0 * x(table, row));
    evaluated(&Table::new(columns).unwrap(), &target, answer, &config, |context| {
        judged = Some(judge(context, "evaluate.input-shift"));
    })
    .unwrap();
    judged.unwrap()
}

#[test]
fn inputs_that_have_moved_are_found_and_a_mix_of_classes_is_not() {
    let found = input_shift(|_, draw| draw < 0.4, 0.5);
    assert_eq!(found.verdict, Verdict::Warn, "{}", found.summary);
    assert!(found.summary.ends_with("most of all by `x`)"), "{}", found.summary);
    let low = found.evidence["values"][0]["low"].as_f64().unwrap();
    assert!(low > 0.6, "half a standard deviation: 0.64 of pairs: {low}");
    let one_class = input_shift(|class, draw| draw < if class == 1 { 0.8 } else { 0.2 }, 0.0);
    assert_eq!(one_class.verdict, Verdict::Pass, "{}", one_class.summary);
}

#[test]
fn a_constant_and_an_overconfident_model_are_found() {
    verdicts(|_, _| 0.5, |table| classes(table, 0.0), &[("evaluate.beats-baseline", Verdict::Fail)]);
    let sharp: Answer = |table, row| sigmoid(30.0 * x(table, row));
    verdicts(sharp, |table| classes(table, 0.0), &[("evaluate.calibration", Verdict::Warn)]);
}

#[test]
fn a_rare_class_that_is_never_named_fails() {
    let shy: Answer = |table, row| 0.4 * sigmoid(3.0 * x(table, row) - 4.0);
    verdicts(shy, |table| classes(table, 4.0), &[("evaluate.imbalance-aware", Verdict::Fail)]);
}

#[test]
fn a_temperature_is_offered_when_it_helps() {
    let table = table(3000);
    let sharp: Answer = |table, row| sigmoid(9.0 * x(table, row));
    evaluated(&table, &classes(&table, 0.0), sharp, &config(), |context| {
        let judged = judge(context, "evaluate.calibration");
        let temperature = judged.evidence["temperature"].as_f64().unwrap();
        assert!((temperature - 3.0).abs() < 0.4, "{temperature}");
        assert!(judged.remedy.unwrap().starts_with("divide the logits"));
    })
    .unwrap();
}

#[test]
fn regression_is_judged_by_its_residuals() {
    let good: Answer = |table, row| 10.0 + 2.0 * x(table, row);
    let expected = [
        ("evaluate.regression-errors", Verdict::Pass),
        ("evaluate.robustness", Verdict::Pass),
        ("evaluate.confidence-interval", Verdict::Pass),
        ("evaluate.calibration", Verdict::Skipped),
        ("evaluate.systematic-errors", Verdict::Pass),
    ];
    verdicts(good, numbers, &expected);
    let flat: Answer = |table, row| 11.0 + 0.5 * x(table, row);
    verdicts(flat, numbers, &[("evaluate.regression-errors", Verdict::Warn)]);
    let brittle: Answer =
        |table, row| 10.0 + 2.0 * x(table, row) + 3.0 * (x(table, row) * 40.0).sin().signum();
    verdicts(brittle, numbers, &[("evaluate.beats-baseline", Verdict::Fail)]);
}

#[test]
fn a_model_that_breaks_on_missing_values_is_found() {
    let brittle: Answer = |table, row| {
        let missing = table.column("t").unwrap().is_missing(row);
        if missing { 1000.0 } else { 10.0 + 2.0 * x(table, row) }
    };
    verdicts(brittle, numbers, &[("evaluate.robustness", Verdict::Warn)]);
}

#[test]
fn repeats_are_compared_with_the_single_split() {
    let table = table(3000);
    let answer: Answer = |table, row| sigmoid(3.0 * x(table, row));
    evaluated(&table, &classes(&table, 0.0), answer, &config(), |context| {
        let value = context.evaluation.headline().unwrap().value;
        let around = |center: f64| [center - 0.01, center, center + 0.01, center + 0.005];
        let of = |scores: &[f64], seeds: &[f64], id: &str| {
            let folds = Folds { scores, repeats: 1, tested_to_fitted: 0.25 };
            judge(&EvaluateContext { folds, seeds, ..*context }, id).verdict
        };
        assert_eq!(of(&around(value), &[], "evaluate.cross-validation"), Verdict::Pass);
        assert_eq!(of(&around(value - 0.2), &[], "evaluate.cross-validation"), Verdict::Warn);
        assert_eq!(of(&[], &around(value + 0.3), "evaluate.seed-variance"), Verdict::Pass);
        assert_eq!(of(&[], &[value - 0.2, value + 0.5], "evaluate.seed-variance"), Verdict::Warn);
    })
    .unwrap();
}

#[test]
fn always_a_verdict_never_a_panic() {
    let huge: Answer = |table, row| x(table, row) * 1e300;
    let answers: [Answer; 5] =
        [|_, _| 0.0, |_, _| 1.0, |_, _| 0.5, |table, row| sigmoid(x(table, row)), huge];
    let odd = EvaluateConfig {
        groups: vec!["absent".to_owned(), "y".to_owned()],
        by: vec!["absent".to_owned()],
        resamples: 0,
        ..config()
    };
    let crossed = EvaluateConfig { groups: vec!["c".to_owned(), "t".to_owned()], ..config() };
    for rows in [1, 2, 3, 5, 40, 200] {
        let table = table(rows);
        for target in hostile_targets(&table) {
            for answer in answers {
                for config in [&config(), &odd, &crossed] {
                    // An error is an answer as well: what must not happen is a panic.
                    let _refused = evaluated(&table, &target, answer, config, |context| {
                        let scores = [f64::NAN, 1.0];
                        let folds = Folds { scores: &scores, repeats: 0, tested_to_fitted: f64::INFINITY };
                        let context = EvaluateContext { folds, seeds: &scores[1..], ..*context };
                        for practice in practices() {
                            let judged = (practice.judge)(&context);
                            assert!(!judged.summary.is_empty(), "{}", practice.page.id);
                            assert_eq!(judged.verdict == Verdict::Skipped, judged.reason.is_some());
                        }
                        let file = crate::metrics_file(context.evaluation, &target, Some("00"));
                        assert_eq!(file["schema"], 1);
                    });
                }
            }
        }
    }
}

/// One class only, a class without rows, no label, three classes, a constant number, few labels.
fn hostile_targets(table: &Table) -> Vec<Target> {
    let rows = table.rows();
    let of = |names: &[&str], task, labels| Target {
        name: "y".to_owned(),
        task,
        classes: names.iter().map(|&name| name.to_owned()).collect(),
        labels,
    };
    let codes = |code: fn(usize) -> Option<u32>| Labels::Classes((0..rows).map(code).collect());
    vec![
        classes(table, 0.0),
        classes(table, 8.0),
        of(&["only", "never"], Task::Binary, codes(|_| Some(0))),
        of(&["a", "b", "never"], Task::Multiclass, codes(|row| Some(row as u32 % 2))),
        of(&["a", "b", "c"], Task::Multiclass, codes(|row| (row % 7 > 0).then_some(row as u32 % 3))),
        of(&["a", "b"], Task::Binary, codes(|_| None)),
        numbers(table),
        of(&[], Task::Regression, Labels::Numbers(vec![Some(5.0); rows])),
        of(&[], Task::Regression, Labels::Numbers((0..rows).map(|row| Some(1e300 * row as f64)).collect())),
        of(&[], Task::Regression, Labels::Numbers(vec![None; rows])),
    ]
}

/// `oracles/fairness.py`: the ratio and the difference are those of fairlearn.
#[test]
fn fairness_figures_are_those_of_fairlearn() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/golden/fairness.json")).unwrap();
    for case in golden["cases"].as_array().unwrap() {
        let column = |name: &str| case[name].as_array().unwrap().clone();
        let texts: Vec<String> = column("group").iter().map(|g| g.as_str().unwrap().to_owned()).collect();
        let numbers = |name| column(name).into_iter().map(|x| x.as_f64()).collect::<Vec<_>>();
        let table = Table::new(vec![
            Column::category("c", Kind::Category, texts.iter().map(Some)),
            Column::number("x", Kind::Number, numbers("predicted")),
        ])
        .unwrap();
        let labels = Labels::Classes(numbers("truth").iter().map(|y| y.map(|y| y as u32)).collect());
        let target = Target { labels, ..classes(&table, 0.0) };
        let fake = Fake { target: target.clone(), answer: x };
        let rows: Vec<u32> = (0..table.rows() as u32).collect();
        let subject = Subject {
            table: &table,
            target: &target,
            train: &rows,
            valid: &[],
            test: &rows,
            predictor: &fake,
        };
        let config = EvaluateConfig { by: Vec::new(), ..config() };
        let evaluation = evaluate(&subject, &config).unwrap();
        let context = EvaluateContext {
            subject,
            config: &config,
            evaluation: &evaluation,
            folds: Folds::default(),
            seeds: &[],
            transfer: None,
            reads: None,
        };
        let near = |found: f64, name: &str| {
            let wanted = case[name].as_f64().unwrap();
            assert!((found - wanted).abs() < 1e-12, "{name}: {found} instead of {wanted}");
        };
        let ratios = judge(&context, "fairness.disparate-impact");
        near(ratios.evidence["ratios"][0]["ratio"].as_f64().unwrap(), "demographic_parity_ratio");
        let odds = judge(&context, "fairness.equalized-odds");
        let differences = odds.evidence["differences"].as_array().unwrap();
        let largest = differences.iter().map(|d| d["difference"].as_f64().unwrap()).fold(0.0, f64::max);
        near(largest, "equalized_odds_difference");
    }
}

#[test]
fn what_a_predictor_gets_wrong_is_an_error() {
    let table = table(30);
    let nan: Answer = |_, _| f64::NAN;
    let error = evaluated(&table, &numbers(&table), nan, &config(), |_| ()).unwrap_err();
    assert_eq!(error, EvaluateError::NotFinite { row: 1 });
    let target = classes(&table, 0.0);
    let fake =
        Fake { target: Target { classes: vec!["no".into(), "other".into()], ..target.clone() }, answer: nan };
    let subject =
        Subject { table: &table, target: &target, train: &[0], valid: &[1], test: &[], predictor: &fake };
    let error = evaluate(&subject, &config()).unwrap_err();
    assert_eq!(error.to_string(), "the predictor's class `other` is not a class of the target");
    let unlabelled = Target { labels: Labels::Classes(vec![None; 30]), ..target.clone() };
    let subject = Subject { target: &unlabelled, ..subject };
    assert_eq!(evaluate(&subject, &config()).unwrap_err(), EvaluateError::NoRows);
}

#[test]
fn the_metrics_file_has_the_agreed_shape() {
    let table = table(300);
    let target = classes(&table, 0.0);
    let answer: Answer = |table, row| sigmoid(3.0 * x(table, row));
    evaluated(&table, &target, answer, &config(), |context| {
        let file = crate::metrics_file(context.evaluation, &target, Some("ab"));
        assert_eq!((&file["task"], &file["primary"]), (&"binary".into(), &"accuracy".into()));
        for key in ["value", "low", "high", "n", "method"] {
            assert!(!file["test"]["accuracy"][key].is_null(), "{key}");
        }
        assert_eq!(file["weights_sha256"], "ab");
        assert_eq!(file["baselines"]["majority"]["accuracy"]["n"], 100);
        assert_eq!(file["details"]["confusion"].as_array().unwrap().len(), 2);
        assert_eq!(file["details"]["roc"][0]["class"], "yes");
        assert!(file["details"]["calibration"][0]["mean_probability"].is_number());
        assert_eq!(context.evaluation.worst.rows.len(), 20);
        assert_eq!(context.evaluation.worst.columns, ["x", "c", "t"]);
    })
    .unwrap();
}
