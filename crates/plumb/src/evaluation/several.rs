//! Several labels at once: each is evaluated as a target of two classes, then all together.

use plumb_evaluate::labels::{LabelEvaluation, LabelsReport, PRACTICES, by_group, together};
use plumb_evaluate::{MetricValue, Subject};
use plumb_ledger::{Entry, ExitCode};
use serde_json::json;

use super::answer::{self, push};
use super::open::{Ask, Ready, open};
use crate::clock::SystemClock;
use crate::console::{self, visible};
use crate::fault::Fault;
use crate::predictors::GivenOptions;
use crate::report;
use crate::run::{self, Run, Screen, files};

/// Evaluates a table of predictions with a column `p_LABEL` for each label.
pub(crate) fn several(ask: &Ask<'_>, labels: &[String], screen: Screen) -> Result<ExitCode, Fault> {
    let mut evaluations = Vec::new();
    let mut first: Option<Run> = None;
    let mut screen = Some(screen);
    for label in labels {
        let column = format!("p_{label}");
        let given = GivenOptions { column: Some(&column), ..ask.given };
        // One folder for all: that of the first.
        let out = ask.out.filter(|_| first.is_none());
        let one = Ask { target: Some(label), given, out, ..*ask };
        let screen = screen.take().unwrap_or_else(|| Screen::quiet(SystemClock::start()));
        let (run, ready) = open(&one, screen)?;
        let keep = first.get_or_insert(run);
        match evaluated(keep, &ready, label) {
            Ok(evaluation) => evaluations.push(evaluation),
            Err(fault) => {
                if let Some(folder) = &keep.folder {
                    folder.abandon();
                }
                return Err(fault);
            }
        }
    }
    let mut run = first.ok_or_else(|| Fault::usage("no label is named").hint("`--labels A,B,C`"))?;
    let found = together(&evaluations, &run::evaluate_config(&run));
    run.judge(PRACTICES, &found);
    let answer = written(&run, &found, ask.json)?;
    console::result(answer)?;
    let broken: Vec<&Entry> = run.ledger.broken_gates(ask.gates).collect();
    if broken.is_empty() { Ok(ExitCode::Done) } else { Err(Fault::gate_named(&broken)) }
}

fn evaluated(run: &Run, ready: &Ready, label: &str) -> Result<LabelEvaluation, Fault> {
    let (target, parts) = (&ready.opened.target, &ready.parts);
    if target.classes.len() != 2 {
        return Err(Fault::usage(format!("label `{label}` has {} different values", target.classes.len()))
            .hint("a label is there or not: 0 and 1, yes and no"));
    }
    let subject = Subject {
        table: &ready.opened.table,
        target,
        train: &parts.train,
        valid: &parts.valid,
        test: &parts.test,
        predictor: ready.opened.predictor.as_ref(),
    };
    let config = run::evaluate_config(run);
    let evaluation = plumb_evaluate::evaluate(&subject, &config)?;
    let groups = by_group(label, &evaluation, subject.table, &config);
    Ok(LabelEvaluation { label: label.to_owned(), evaluation, groups })
}

/// Writes the files where there is a folder, and says what was found.
fn written(run: &Run, found: &LabelsReport, as_json: bool) -> Result<String, Fault> {
    let metrics = metrics(found);
    if let Some(folder) = &run.folder {
        run.write_job()?;
        run.write_json(files::LEDGER, &run.ledger)?;
        let bytes = serde_json::to_vec(&run.ledger)
            .map_err(|e| Fault::failed(format!("cannot write {} as JSON ({e})", files::LEDGER)))?;
        let of_run = report::RunFiles::from_bytes(&[(files::LEDGER.to_owned(), bytes)].into())?;
        folder.write(files::REPORT, report::render(&of_run)?.as_bytes())?;
        folder.write_json(files::METRICS, &metrics)?;
    }
    if as_json {
        return Ok(format!("{:#}", json!({"schema": 1, "metrics": metrics, "ledger": run.ledger})));
    }
    let mut text = String::new();
    for of in &found.metrics {
        let shown = report::format::number;
        push(
            &mut text,
            format_args!("{:<24} {} ({} to {})\n", of.name, shown(of.value), shown(of.low), shown(of.high)),
        );
    }
    push(
        &mut text,
        format_args!("\n{:<28}{:>8}{:>10}  {:<28}{}\n", "label", "rows", "positive", "AUROC", "F1"),
    );
    for of in &found.labels {
        let shown = |name: &str| of.metric(name).map_or_else(|| "-".to_owned(), run::with_interval);
        let name = visible(&of.label);
        push(
            &mut text,
            format_args!(
                "{name:<28}{:>8}{:>10}  {:<28}{}\n",
                of.rows,
                of.positive,
                shown("auroc"),
                shown("f1")
            ),
        );
    }
    answer::verdicts(&mut text, run);
    Ok(text)
}

fn metrics(found: &LabelsReport) -> serde_json::Value {
    let of_label = |metrics: &[(&'static str, MetricValue)]| -> serde_json::Map<String, serde_json::Value> {
        metrics.iter().map(|(name, metric)| ((*name).to_owned(), json!(metric))).collect()
    };
    let labels: Vec<serde_json::Value> = found
        .labels
        .iter()
        .map(|of| {
            json!({"label": of.label, "rows": of.rows, "positive": of.positive, "threshold": of.threshold,
                   "metrics": of_label(&of.metrics)})
        })
        .collect();
    json!({"schema": 1, "task": "multilabel", "rows": found.rows, "all": found.metrics, "labels": labels, "groups": found.groups})
}
