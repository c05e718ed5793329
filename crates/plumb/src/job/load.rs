//! From text and `--set` arguments to a [`JobFile`].

use std::path::Path;

use super::JobFile;
use super::check::check;
use super::error::{JobError, Place};

/// Reads and checks a job file, then lays the `--set key=value` arguments over it.
pub(crate) fn load(path: &Path, overrides: &[String]) -> Result<JobFile, JobError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| JobError::Read { source, path: path.to_owned() })?;
    parse(&path.display().to_string(), &text, overrides)
}

/// The default job with the `--set key=value` arguments laid over it.
pub(crate) fn with_overrides(overrides: &[String]) -> Result<JobFile, JobError> {
    parse("--set", "", overrides)
}

/// The job in a text, checked, with the `--set key=value` arguments laid over it; `source` is what errors call the text.
pub(crate) fn parse(source: &str, text: &str, overrides: &[String]) -> Result<JobFile, JobError> {
    check(source, text)?;
    let mut job = table(source, text)?;
    for text in overrides {
        let text = override_text(text)?;
        check("--set", &text)?;
        merge(&mut job, table("--set", &text)?);
    }
    let whole = toml::Value::Table(job);
    whole.try_into().map_err(|e: toml::de::Error| syntax(source, text, &e))
}

fn table(source: &str, text: &str) -> Result<toml::Table, JobError> {
    toml::from_str(text).map_err(|e| syntax(source, text, &e))
}

fn syntax(source: &str, text: &str, error: &toml::de::Error) -> JobError {
    let span = error.span().unwrap_or(0..0);
    let place = Place { source: source.to_owned(), text: text.to_owned(), span };
    JobError::Syntax { message: error.message().to_owned(), place }
}

/// `key=value` as a line of TOML. A value that is no TOML is taken as a text, so that
/// `--set train.lr=find` needs no quotes within quotes.
fn override_text(text: &str) -> Result<String, JobError> {
    let (key, value) = text.split_once('=').ok_or_else(|| JobError::Override { text: text.to_owned() })?;
    let (key, value) = (key.trim(), value.trim());
    let line = format!("{key} = {value}");
    if toml::from_str::<toml::Table>(&line).is_ok() {
        return Ok(line);
    }
    Ok(format!("{key} = {}", toml::Value::String(value.to_owned())))
}

fn merge(under: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(over)) => merge(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

/// A job from its text alone.
#[cfg(test)]
pub(super) fn parse_text(source: &str, text: &str) -> Result<JobFile, JobError> {
    parse(source, text, &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Auto, Rate};

    #[test]
    fn overrides_lie_over_the_file_and_words_need_no_quotes() {
        let overrides = ["train.lr=find", "train.epochs=5", "data.kinds.zip=category"].map(str::to_owned);
        let job = parse("job.toml", "[train]\nseed = 4\nepochs = 9\n", &overrides).unwrap();
        assert_eq!((job.train.seed, job.train.lr), (4, Rate::Find));
        assert_eq!(job.train.epochs, Auto::Value(5));
        assert_eq!(job.data.kinds["zip"], plumb_data::Kind::Category);
    }

    #[test]
    fn a_bad_override_is_refused_like_a_bad_file() {
        let refused = |text: &str| parse("job.toml", "", &[text.to_owned()]).unwrap_err().to_string();
        assert!(refused("train.lr=-1").starts_with("`train.lr` is -1, legal is"));
        assert!(refused("train.lrr=1").starts_with("unknown key `train.lrr`"));
        assert!(refused("train.lr").contains("key=value"));
    }

    #[test]
    fn a_job_survives_being_written_and_read() {
        let job =
            parse("job.toml", "[data]\nfiles = [\"a.csv\"]\ntarget = \"y\"\n[train]\nlr = 0.5", &[]).unwrap();
        let text = toml::to_string(&job).unwrap();
        assert_eq!(parse("again", &text, &[]).unwrap(), job);
    }
}
