//! The resolved job as flat keys and values.

use crate::job::JobFile;

/// Every key of the job with its value: `train.lr` and 0.001. Tables within a section are taken apart, lists are kept whole.
pub(crate) fn settings(job: &JobFile) -> Vec<(String, toml::Value)> {
    let mut found = Vec::new();
    // A job that could not be written as TOML would not have come this far.
    if let Ok(whole) = toml::Value::try_from(job) {
        flatten("", whole, &mut found);
    }
    found
}

fn flatten(path: &str, value: toml::Value, found: &mut Vec<(String, toml::Value)>) {
    match value {
        toml::Value::Table(table) => {
            for (name, value) in table {
                let path = if path.is_empty() { name } else { format!("{path}.{name}") };
                flatten(&path, value, found);
            }
        }
        value => found.push((path.to_owned(), value)),
    }
}

/// A value as a person would write it, texts without quotes.
pub(crate) fn shown(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_job_is_there_once() {
        let mut job = JobFile::default();
        job.data.files = vec!["a.csv".to_owned(), "b.csv".to_owned()];
        job.data.kinds = [("größe.x".to_owned(), plumb_data::Kind::Number)].into();
        let found = settings(&job);
        let value = |key: &str| found.iter().find(|(found, _)| found == key).map(|(_, value)| shown(value));
        assert_eq!(value("data.files").as_deref(), Some(r#"["a.csv", "b.csv"]"#));
        assert_eq!(value("data.kinds.größe.x").as_deref(), Some("number"));
        assert_eq!(value("train.seed").as_deref(), Some("0"));
        assert_eq!(value("log.tensorboard").as_deref(), Some("true"));
        let mut names: Vec<&String> = found.iter().map(|(name, _)| name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), found.len());
    }
}
