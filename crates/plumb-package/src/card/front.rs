//! The front matter that model hubs read: YAML whose values are JSON, so that no name can break it.

use serde_json::{Value, json};

use crate::format::number;
use crate::license::spdx;
use crate::markdown::inert_json;
use crate::record::Figure;
use crate::{Record, Said};

/// The block between two lines of dashes.
pub(super) fn matter(record: &Record, said: &Said) -> String {
    let judged = record.judged();
    let names: Vec<&str> = judged.iter().map(|figure| figure.name.as_str()).collect();
    let mut entries: Vec<(&str, Value)> = Vec::new();
    let mut list = |key, values: &[String]| {
        if !values.is_empty() {
            entries.push((key, json!(values)));
        }
    };
    list("language", &said.languages);
    list("datasets", &said.datasets);
    license(&mut entries, &said.license);
    if !said.base_model.trim().is_empty() {
        entries.push(("base_model", json!(said.base_model)));
    }
    entries.push(("library_name", json!("plumb")));
    entries.extend(pipeline(&record.task()).map(|task| ("pipeline_tag", json!(task))));
    let mut tags = vec![record.modality().to_owned(), "plumb".to_owned()];
    tags.extend(said.tags.iter().filter(|tag| !tags.contains(tag)).cloned().collect::<Vec<_>>());
    entries.push(("tags", json!(tags)));
    entries.push(("metrics", json!(names)));
    let data = record.data_files();
    let revision = record.data_sha256();
    let index =
        model_index(&record.name, &record.task(), data.first().copied().unwrap_or("data"), revision, &judged);
    entries.push(("model-index", index));
    let lines: Vec<String> =
        entries.into_iter().map(|(key, value)| format!("{key}: {}\n", inert_json(&value))).collect();
    format!("---\n{}---\n\n", lines.concat())
}

/// The hub's own word for a licence that it knows, and the name of another.
fn license(entries: &mut Vec<(&'static str, Value)>, license: &str) {
    if license.trim().is_empty() {
        return;
    }
    if let Some(id) = spdx(license) {
        entries.push(("license", json!(id.to_lowercase())));
    } else {
        entries.push(("license", json!("other")));
        entries.push(("license_name", json!(license.trim())));
    }
}

/// The hub knows no regression from pictures or texts.
fn pipeline(task: &str) -> Option<&str> {
    ["tabular-classification", "tabular-regression", "image-classification", "text-classification"]
        .into_iter()
        .find(|known| *known == task)
}

/// `model-index`: the metrics on one data set as a hub lists them, the interval in the metric's name.
pub fn model_index(name: &str, task: &str, data: &str, revision: Option<&str>, metrics: &[Figure]) -> Value {
    let metric = |of: &Figure| {
        let name = match of.interval {
            Some((low, high)) => format!("{}, {} to {} ({})", of.name, number(low), number(high), of.method),
            None => of.name.clone(),
        };
        json!({"type": of.name, "value": of.value, "name": name})
    };
    let mut dataset = json!({"name": data, "type": data});
    if let Some(revision) = revision {
        dataset["revision"] = json!(revision);
    }
    json!([{"name": name, "results": [{
        "task": {"type": task},
        "dataset": dataset,
        "metrics": metrics.iter().map(metric).collect::<Vec<Value>>(),
    }]}])
}
