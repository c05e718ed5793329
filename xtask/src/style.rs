//! The style figures: length of files and functions, a first line in every file.

use std::fmt;

use crate::sources::Source;

/// Lines of a file outside its tests. Past this a file holds two things.
const FILE_LINES: usize = 600;
/// Lines of a function, unless it is one `match`. Past this nobody keeps it in mind.
const FUNCTION_LINES: usize = 100;
/// Targets over the whole workspace: the median file and function, and the 95th percentile of functions.
const FILE_MEDIAN: usize = 250;
const FUNCTION_MEDIAN: usize = 10;
const FUNCTION_P95: usize = 50;

/// What was measured.
pub(crate) struct Figures {
    files: Vec<usize>,
    functions: Vec<usize>,
    documented: f64,
}

/// Measures every file.
pub(crate) fn measure(sources: &[Source]) -> Figures {
    let mut files: Vec<usize> = sources.iter().map(|source| source.lines).collect();
    let mut functions: Vec<usize> =
        sources.iter().flat_map(|source| source.functions.iter().map(|function| function.lines)).collect();
    files.sort_unstable();
    functions.sort_unstable();
    let lines = || sources.iter().flat_map(|source| source.text.lines()).map(str::trim);
    let docs = lines().filter(|line| line.starts_with("///") || line.starts_with("//!")).count();
    let code = lines().filter(|line| !line.is_empty() && !line.starts_with("//")).count();
    Figures { files, functions, documented: 100.0 * docs as f64 / code.max(1) as f64 }
}

fn at(sorted: &[usize], share: f64) -> usize {
    sorted.get(((sorted.len() as f64 - 1.0) * share).round() as usize).copied().unwrap_or(0)
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} files: median {} lines (target {FILE_MEDIAN}), longest {} (limit {FILE_LINES})",
            self.files.len(),
            at(&self.files, 0.5),
            at(&self.files, 1.0)
        )?;
        writeln!(
            f,
            "{} functions: median {} lines (target {FUNCTION_MEDIAN}), p95 {} (target {FUNCTION_P95}), longest {} (limit {FUNCTION_LINES})",
            self.functions.len(),
            at(&self.functions, 0.5),
            at(&self.functions, 0.95),
            at(&self.functions, 1.0)
        )?;
        write!(f, "{:.0} doc lines per 100 lines of code", self.documented)
    }
}

/// Every file that breaks a limit.
pub(crate) fn faults(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    for source in sources {
        if !source.text.starts_with("//!") {
            faults.push(format!("{}: does not open with what it is (`//!`)", source.path));
        }
        if source.lines > FILE_LINES {
            faults.push(format!("{}: {} lines outside tests, over {FILE_LINES}", source.path, source.lines));
        }
        let long = source.functions.iter().filter(|f| f.lines > FUNCTION_LINES && !f.one_match);
        faults.extend(
            long.map(|f| {
                format!("{}: `{}` has {} lines, over {FUNCTION_LINES}", source.path, f.name, f.lines)
            }),
        );
        let common = ["utils", "common", "helpers", "manager"];
        if common.iter().any(|name| source.path.split(['/', '.']).any(|part| part == *name)) {
            faults.push(format!("{}: a name that says nothing", source.path));
        }
    }
    faults
}
