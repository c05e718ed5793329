//! What the model was made from and how: data, training, what it looks at, what was taken off it.

use serde_json::Value;

use super::{cited, section};
use crate::format::{count, number};
use crate::markdown::{code, line, paragraph, push, table};
use crate::record::{COMPRESS, DATA, EXPLANATION, JOB, METRICS, PREPARATION, PROVENANCE, SPLIT};
use crate::{Record, Said};

/// Columns that are listed.
const COLUMNS: usize = 40;
/// Columns that an explanation names.
const EXPLAINED: usize = 10;

pub(super) fn sections(text: &mut String, record: &Record, said: &Said) {
    data(text, record, said);
    training(text, record);
    explanation(text, record);
    compression(text, record);
}

fn data(text: &mut String, record: &Record, said: &Said) {
    section(text, "Data");
    if !said.data.trim().is_empty() {
        push(text, format_args!("{}\n\n", paragraph(&said.data)));
    }
    let files: Vec<String> =
        record.data_files().into_iter().map(|file| format!("`{}`", code(file))).collect();
    let rows = record.value(DATA)["rows"].as_u64();
    let mut facts = vec![
        row("files", files.join(", "), record, JOB),
        row("SHA-256 over the files", quoted(&record.value(PROVENANCE)["data_sha256"]), record, PROVENANCE),
    ];
    facts.extend(rows.map(|rows| row("rows", count(rows as usize), record, DATA)));
    facts.extend(parts(record));
    facts.push(row(
        "train rows, SHA-256",
        quoted(&record.value(PREPARATION)["train_digest"]),
        record,
        PREPARATION,
    ));
    table(text, &["", "", "evidence"], facts);
    columns(text, record);
}

/// The rows of each part and how they were chosen.
fn parts(record: &Record) -> Vec<Vec<String>> {
    let split = record.value(SPLIT);
    let part =
        |of: &Value| Some(format!("{} {}", line(of["part"].as_str()?), count(of["rows"].as_u64()? as usize)));
    let rows: Vec<String> = split["parts"].as_array().into_iter().flatten().filter_map(part).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let mut method = line(split["method"].as_str().unwrap_or("unknown"));
    if let Some(column) = split["column"].as_str() {
        method = format!("{method} by `{}`", code(column));
    }
    vec![row(&format!("split, {method}"), rows.join(", "), record, SPLIT)]
}

fn columns(text: &mut String, record: &Record) {
    let inputs = record.inputs();
    if inputs.is_empty() {
        return;
    }
    let shown: Vec<String> = inputs
        .iter()
        .take(COLUMNS)
        .map(|(name, kind)| format!("`{}` ({})", code(name), line(kind)))
        .collect();
    let more = inputs.len().saturating_sub(COLUMNS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let origin = cited([record.origin_of(PREPARATION)]);
    push(text, format_args!("Inputs ({origin}): {}{more}.\n\n", shown.join(", ")));
}

fn training(text: &mut String, record: &Record) {
    section(text, "Training");
    let job = record.value(JOB);
    let train = &job["train"];
    let mut facts = vec![
        row("network", format!("`{}`", code(record.network())), record, JOB),
        row("seed", quoted(&train["seed"]), record, JOB),
    ];
    for key in
        ["epochs", "batch_size", "optimizer", "lr", "schedule", "weight_decay", "class_weights", "mitigation"]
    {
        if !train[key].is_null() {
            facts.push(row(&key.replace('_', " "), quoted(&train[key]), record, JOB));
        }
    }
    if let Some(pretrained) = job["model"]["pretrained"].as_str() {
        facts.push(row("pretrained", format!("`{}`", code(pretrained)), record, JOB));
    }
    facts.push(row("weights, SHA-256", quoted(&record.value(METRICS)["weights_sha256"]), record, METRICS));
    let provenance = record.value(PROVENANCE);
    facts.push(row("program", quoted(&provenance["toolchain"]), record, PROVENANCE));
    facts.push(row("device", quoted(&provenance["device"]), record, PROVENANCE));
    let changed = if provenance["changed"] == true { ", files had changed since" } else { "" };
    facts.push(row("commit", quoted(&provenance["commit"]) + changed, record, PROVENANCE));
    table(text, &["", "", "evidence"], facts);
    text.push_str("The job is `job.toml`; run again on the same data by the same program it gives the same weights.\n\n");
}

fn explanation(text: &mut String, record: &Record) {
    let explained = record.value(EXPLANATION)["importance"].as_array();
    let shares = record
        .verdict("explain.column-shares")
        .filter(|judged| judged.entry.evidence.contains_key("columns"));
    if explained.is_none() && shares.is_none() {
        return;
    }
    section(text, "What it looks at");
    if let Some(importance) = explained {
        let mut columns: Vec<&Value> = importance.iter().collect();
        columns.sort_by(|a, b| f64::total_cmp(&of(b, "size"), &of(a, "size")));
        let origin = cited([record.origin_of(EXPLANATION)]);
        let method = line(record.value(EXPLANATION)["method"].as_str().unwrap_or("unknown"));
        push(
            text,
            format_args!("By {method} ({origin}), the mean size of a column's share in an answer:\n\n"),
        );
        let row = |column: &Value| vec![name(column), number(of(column, "size")), number(of(column, "loss"))];
        table(
            text,
            &["column", "share", "metric lost without it"],
            columns.into_iter().take(EXPLAINED).map(row),
        );
    }
    if let Some(judged) = shares {
        let columns = judged.entry.evidence["columns"].as_array();
        let origin = cited([record.ledger_of(judged)]);
        push(text, format_args!("How much the error grows when a column is shuffled ({origin}):\n\n"));
        let row = |column: &Value| {
            let interval = format!("{} to {}", number(of(column, "low")), number(of(column, "high")));
            vec![name(column), number(of(column, "error_growth")), interval]
        };
        table(
            text,
            &["column", "growth of the error", "interval"],
            columns.into_iter().flatten().take(EXPLAINED).map(row),
        );
    }
}

/// What was compressed: each form of the model, the run's own first, with what it saves and what it costs.
fn compression(text: &mut String, record: &Record) {
    let file = record.value(COMPRESS);
    let variants = file["variants"].as_array().map(Vec::as_slice).unwrap_or_default();
    if variants.is_empty() {
        return;
    }
    section(text, "Compression");
    let metric = line(file["metric"].as_str().unwrap_or("the metric"));
    push(
        text,
        format_args!(
            "Times are of the machine that measured them; the loss is of {metric} on the same rows, with its interval. From {}.\n\n",
            cited([record.origin_of(COMPRESS)])
        ),
    );
    let head = ["model", "how it was made", "bytes", "parameters", "milliseconds", "metric", "loss", "p"];
    table(text, &head, variants.iter().map(variant));
}

fn variant(variant: &Value) -> Vec<String> {
    let whole = |key: &str| variant[key].as_u64().map_or_else(missing, |value| count(value as usize));
    let latency = |of: &Value| {
        let batch = of["batch"].as_u64()?;
        Some(format!(
            "{batch} rows: {}, p99 {}",
            number(self::of(of, "median_ms")),
            number(self::of(of, "p99_ms"))
        ))
    };
    let latencies: Vec<String> =
        variant["latency"].as_array().into_iter().flatten().filter_map(latency).collect();
    let kept = &variant["kept"];
    let figure = |key: &str| kept[key].as_f64().map_or_else(missing, number);
    let loss = match (kept["loss"].as_f64(), kept["low"].as_f64(), kept["high"].as_f64()) {
        (Some(loss), Some(low), Some(high)) => {
            format!("{} ({} to {})", number(loss), number(low), number(high))
        }
        _ => missing(),
    };
    let text = |key: &str| line(variant[key].as_str().unwrap_or_default());
    let (name, made) = (text("name"), text("made"));
    vec![
        name,
        made,
        whole("bytes"),
        whole("parameters"),
        latencies.join("; "),
        figure("after"),
        loss,
        figure("p"),
    ]
}

fn missing() -> String {
    "\u{2013}".to_owned()
}

fn row(what: &str, value: String, record: &Record, file: &str) -> Vec<String> {
    vec![what.to_owned(), value, cited([record.origin_of(file)])]
}

fn name(column: &Value) -> String {
    format!("`{}`", code(column["column"].as_str().unwrap_or_default()))
}

fn of(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or(f64::NAN)
}

fn quoted(value: &Value) -> String {
    match value {
        Value::Null => "not recorded".to_owned(),
        Value::String(text) => format!("`{}`", code(text)),
        other => format!("`{}`", code(&other.to_string())),
    }
}
