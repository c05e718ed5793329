//! From the job as typed to the job that is run: keys that contradict each other are refused, paths become
//! absolute. What depends on the data, each `auto`, is settled when the data is known.

use std::path::Path;

use plumb_data::Kind;
use plumb_ledger::nearest;

use super::{Auto, JobError, JobFile, LogSection, SplitMethod, SplitSection};

/// Whether a command needs to know what is to be predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// `run`, `check`.
    Target,
    /// `audit`, `init`.
    DataAlone,
}

/// Checks the job as a whole and makes its paths absolute; relative ones count from `base`. Names that are
/// known before the data is, practices and metrics, are held against `practices` and `metrics`.
pub(crate) fn resolve(
    mut job: JobFile,
    base: &Path,
    needs: Needs,
    practices: &[&str],
    metrics: &[&str],
) -> Result<JobFile, JobError> {
    if job.data.files.is_empty() {
        return Err(JobError::contradiction(
            "`data.files` is missing",
            "name the files to read in `data.files`",
        ));
    }
    check_target(&job, needs)?;
    check_split(&job.split)?;
    check_log(&job.log)?;
    check_names("gates.fail", &job.gates.fail, practices)?;
    if let Auto::Value(metric) = &job.evaluate.primary {
        check_names("evaluate.primary", std::slice::from_ref(metric), metrics)?;
    }
    for file in job.data.files.iter_mut().chain(&mut job.data.reference) {
        *file = absolute(base, file)?;
    }
    for file in job.prepare.tokenizer.iter_mut().chain(&mut job.prepare.wordnet) {
        *file = absolute(base, file)?;
    }
    if let Some(teacher) = &mut job.train.teacher {
        *teacher = absolute(base, teacher)?;
    }
    if let Some(weights) = job.model.pretrained.as_mut().filter(|weights| crate::pretrained::is_path(weights))
    {
        *weights = absolute(base, weights)?;
    }
    Ok(job)
}

fn check_target(job: &JobFile, needs: Needs) -> Result<(), JobError> {
    let Some(target) = &job.data.target else {
        return match needs {
            Needs::DataAlone => Ok(()),
            Needs::Target => Err(JobError::contradiction(
                "`data.target` is missing",
                "name the column to predict in `data.target`, or by `--target COL`",
            )),
        };
    };
    match job.data.kinds.get(target) {
        Some(kind @ (Kind::Ignore | Kind::Id | Kind::Group | Kind::Image | Kind::Time)) => {
            Err(JobError::contradiction(
                format!("the target `{target}` is of kind `{}`", kind.as_str()),
                format!("make it `number` or `category` in `data.kinds.{target}`"),
            ))
        }
        _ => Ok(()),
    }
}

fn check_split(split: &SplitSection) -> Result<(), JobError> {
    if split.valid + split.test >= 1.0 {
        let message = format!(
            "`split.valid` {} and `split.test` {} leave nothing to train on",
            split.valid, split.test
        );
        return Err(JobError::contradiction(message, "lower `split.valid` or `split.test`"));
    }
    if split.folds == 1 {
        return Err(JobError::contradiction(
            "`split.folds` is 1",
            "0 is no cross-validation, 5 or 10 is usual",
        ));
    }
    if split.repeats > 1 && split.folds == 0 {
        let message = format!("`split.repeats` is {} and there are no folds to repeat", split.repeats);
        return Err(JobError::contradiction(message, "set `split.folds`, for example to 5"));
    }
    let by_column = matches!(split.method, SplitMethod::Group | SplitMethod::Time | SplitMethod::Column);
    if by_column && split.column.is_none() {
        let message = "`split.method` goes by a column and `split.column` is missing";
        return Err(JobError::contradiction(message, "name the column in `split.column`"));
    }
    Ok(())
}

/// An address must be one, and hold no password: it is written into the run folder.
fn check_log(log: &LogSection) -> Result<(), JobError> {
    let Some(address) = &log.mlflow else { return Ok(()) };
    let refused = |what: &str, hint: &str| Err(JobError::contradiction(format!("`log.mlflow` {what}"), hint));
    let Some(rest) = ["http://", "https://"].iter().find_map(|scheme| address.strip_prefix(scheme)) else {
        return refused("is no address of a server", "for example `mlflow = \"http://127.0.0.1:5000\"`");
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') {
        return refused(
            "holds a password",
            "put it into `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`",
        );
    }
    let is_clean =
        !rest.contains(['?', '#']) && !address.chars().any(|c| c.is_whitespace() || c.is_control());
    if host.is_empty() || !is_clean {
        return refused("is no address of a server", "for example `mlflow = \"http://127.0.0.1:5000\"`");
    }
    Ok(())
}

fn check_names(key: &str, names: &[String], known: &[&str]) -> Result<(), JobError> {
    let Some(wrong) = names.iter().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    let message = format!("`{key}` names `{wrong}`, which does not exist");
    Err(JobError::contradiction(message, nearest::did_you_mean(wrong, known.iter().copied())))
}

fn absolute(base: &Path, file: &str) -> Result<String, JobError> {
    let whole = std::path::absolute(base.join(file))
        .map_err(|source| JobError::Read { source, path: base.to_owned() })?;
    let text = whole.to_str().map(str::to_owned);
    text.ok_or_else(|| {
        let message = format!("the path is not UTF-8, which a job file must be: {}", whole.display());
        JobError::contradiction(message, "rename the folder")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> JobFile {
        let mut job = JobFile::default();
        job.data.files = vec!["a.csv".to_owned()];
        job.data.target = Some("y".to_owned());
        job
    }

    fn complaint(change: impl FnOnce(&mut JobFile)) -> String {
        let mut job = job();
        change(&mut job);
        let base = Path::new("/base");
        resolve(job, base, Needs::Target, &["data.duplicates"], &["accuracy"]).unwrap_err().to_string()
    }

    #[test]
    fn contradictions_are_named() {
        assert!(complaint(|job| job.data.files.clear()).contains("`data.files` is missing"));
        assert!(complaint(|job| job.data.target = None).contains("`data.target` is missing"));
        assert!(complaint(|job| job.split.valid = 0.9).contains("leave nothing to train on"));
        assert!(complaint(|job| job.split.folds = 1).contains("`split.folds` is 1"));
        assert!(complaint(|job| job.split.repeats = 3).contains("no folds to repeat"));
        assert!(complaint(|job| job.split.method = SplitMethod::Time).contains("`split.column` is missing"));
        assert!(complaint(|job| job.gates.fail = vec!["data.dupes".into()]).contains("`data.dupes`"));
        assert!(complaint(|job| job.evaluate.primary = Auto::Value("acc".into())).contains("`acc`"));
        let secret = complaint(|job| job.log.mlflow = Some("http://me:hidden@host".into()));
        assert!(secret.contains("holds a password") && !secret.contains("hidden"), "{secret}");
        for address in
            ["./mlruns", "sqlite:///x", "http://", "http:///x", "http://a?b", "http://a\nb", "https://a b"]
        {
            let refused = complaint(|job| job.log.mlflow = Some(address.into()));
            assert!(refused.contains("no address of a server"), "{address}: {refused}");
        }
        let ignored = complaint(|job| job.data.kinds = [("y".to_owned(), Kind::Ignore)].into());
        assert!(ignored.contains("of kind `ignore`"));
    }

    #[test]
    fn paths_count_from_the_job_file() {
        let resolved = resolve(job(), Path::new("/base"), Needs::Target, &[], &[]).unwrap();
        assert_eq!(resolved.data.files, ["/base/a.csv"]);
    }
}
