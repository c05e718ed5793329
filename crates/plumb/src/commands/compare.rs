//! `plumb compare RUN_A RUN_B`: is one of two models better, on the same rows and beyond chance?

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plumb_ledger::ExitCode;
use plumb_package::{Bundle, BundleLimits, is_bundle};
use serde_json::{Value, json};

use crate::comparison::{Better, Comparison, Paired, Predicted, Side, Unreadable, compare, in_words};
use crate::console::{self, visible};
use crate::fault::Fault;
use crate::report::files::metrics::{Metrics, Score};
use crate::report::format::number;
use crate::report::redact;
use crate::run::files;

/// Compare two models on the rows that both were judged on
///
/// Each is the folder of a run, a bundle, or a folder that `plumb evaluate --out` has written, so models of any origin can be compared. Classes are
/// compared by McNemar's exact test, the primary metric by the paired bootstrap, the AUROC of two classes by DeLong's test. "Cannot
/// tell" is an answer: the exit code is 0 whatever it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  plumb compare runs/adult-1 runs/adult-2\n  \
                        plumb evaluate lightgbm.csv --data test.csv --target label --out a; plumb compare a runs/adult-1")]
pub(crate) struct Args {
    /// The first run
    #[arg(value_name = "RUN_A")]
    a: PathBuf,
    /// The second run
    #[arg(value_name = "RUN_B")]
    b: PathBuf,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

/// Compares.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Fault> {
    let comparison = compare(&side(&args.a)?, &side(&args.b)?);
    let names = [&args.a, &args.b].map(|path| path.display().to_string());
    console::result(if args.json { as_json(&comparison, &names) } else { as_text(&comparison, &names) })?;
    match comparison.paired {
        Ok(_) => Ok(ExitCode::Done),
        Err(_) => Ok(ExitCode::Data),
    }
}

fn side(folder: &Path) -> Result<Side, Fault> {
    if is_bundle(folder) {
        let bundle = Bundle::open(folder, None, &BundleLimits::DEFAULT)?;
        let read = |name: &str| bundle.files.get(name).map(|file| file.bytes().to_vec());
        let predicted =
            read(files::PREDICTIONS).ok_or(Unreadable::Missing).and_then(|of| Predicted::from_bytes(&of));
        return sided(folder, read, predicted);
    }
    sided(folder, |name| std::fs::read(folder.join(name)).ok(), Predicted::read(folder))
}

fn sided(
    folder: &Path,
    read: impl Fn(&str) -> Option<Vec<u8>>,
    predicted: Result<Predicted, Unreadable>,
) -> Result<Side, Fault> {
    let metrics: Option<Metrics> = read(files::METRICS).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if metrics.is_none() {
        return Err(Fault::usage(format!(
            "no finished run, `{}` is missing: {}",
            files::METRICS,
            folder.display()
        ))
        .hint(
            "name the folder of a run, a bundle, or a folder that `plumb evaluate --out DIR` has written",
        ));
    }
    let job = read(files::JOB).and_then(|bytes| String::from_utf8(bytes).ok());
    let job = job.and_then(|text| redact::job(&text)).and_then(|text| text.parse().ok()).unwrap_or_default();
    Ok(Side { job, metrics, predicted: predicted.map(Arc::new) })
}

fn as_text(comparison: &Comparison, [a, b]: &[String; 2]) -> String {
    let answer = in_words(comparison, a, b);
    let mut text = format!("{}\n", visible(&answer.heading));
    for sentence in &answer.sentences {
        push(&mut text, format_args!("  {}\n", visible(sentence)));
    }
    if !comparison.metrics.is_empty() {
        push(&mut text, format_args!("\n{:<24}{:<32}{}\n", "metric", visible(a), visible(b)));
    }
    for pair in &comparison.metrics {
        push(
            &mut text,
            format_args!("{:<24}{:<32}{}\n", pair.name, shown(pair.a.as_ref()), shown(pair.b.as_ref())),
        );
    }
    if !comparison.job.is_empty() {
        push(&mut text, format_args!("\n{:<24}{:<32}{}\n", "key of the job", visible(a), visible(b)));
    }
    for difference in &comparison.job {
        let value = |value: &Option<String>| visible(value.as_deref().unwrap_or("-"));
        push(
            &mut text,
            format_args!("{:<24}{:<32}{}\n", difference.key, value(&difference.a), value(&difference.b)),
        );
    }
    text.trim_end().to_owned()
}

fn shown(score: Option<&Score>) -> String {
    match score.map(|score| (score, score.interval())) {
        None => "-".to_owned(),
        Some((score, None)) => number(score.value.0),
        Some((score, Some((low, high)))) => {
            format!("{} ({} to {})", number(score.value.0), number(low), number(high))
        }
    }
}

fn as_json(comparison: &Comparison, [a, b]: &[String; 2]) -> String {
    let value = |score: &Option<Score>| score.as_ref().map(|score| score.value.0);
    let metrics: serde_json::Map<String, Value> = comparison
        .metrics
        .iter()
        .map(|pair| (pair.name.clone(), json!({"a": value(&pair.a), "b": value(&pair.b)})))
        .collect();
    let job: Vec<Value> = comparison.job.iter().map(|d| json!({"key": d.key, "a": d.a, "b": d.b})).collect();
    let paired = match &comparison.paired {
        Ok(paired) => test(paired),
        Err(reason) => json!({"refused": reason.to_string()}),
    };
    format!("{:#}", json!({"schema": 1, "a": a, "b": b, "paired": paired, "metrics": metrics, "job": job}))
}

fn test(paired: &Paired) -> Value {
    let better = match paired.better {
        Better::First => "a",
        Better::Second => "b",
        Better::CannotTell => "cannot tell",
    };
    let name = paired.metric.map(|metric| metric.name);
    let mcnemar = paired
        .right
        .map(|(only_a, only_b, p)| json!({"only_a_right": only_a, "only_b_right": only_b, "p": p}));
    json!({
        "part": paired.part,
        "rows": paired.rows,
        "left_out": paired.only,
        "better": better,
        "mcnemar": mcnemar,
        "metric": name,
        "bootstrap": paired.difference,
        "delong": paired.auroc,
    })
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = text.write_fmt(line);
}
