//! package.verified: is every file of the bundle the one that was put into it?

use plumb_ledger::{Judgement, Page, Practice, Source};

use super::PackageContext;

const PAGE: Page = Page {
    id: "package.verified",
    question: "Is every file of the bundle the one that was put into it, and can none run code?",
    why: "A model file is input from outside. Formats that run code when they are loaded, and archives that write where they want, have \
          been the way into many machines; a single flipped bit changes answers without a word.",
    evidence: "The SHA-256 and the size of each file beside `bundle.json`; no file more, none less; regular files alone under plain paths; \
               no pickle and no archive by name or first bytes; the headers of safetensors checked strictly. All of it before anything is \
               parsed or loaded.",
    thresholds: &[],
    false_alarms: "A file that another tool adds to the folder (`.gitattributes`) is refused like any other.",
    remedy: "get the bundle again from where it was made; the file that differs is named",
    sources: &[Source::BestPractices, Source::Paper("OWASP, Machine Learning Security Top Ten: ML06 (2023)")],
};

pub(super) const PRACTICE: Practice<PackageContext> = Practice { page: PAGE, judge };

fn judge(context: &PackageContext) -> Judgement {
    match &context.checked {
        None => Judgement::skipped("the bundle is not closed yet: `plumb verify BUNDLE` tells"),
        Some(Ok(checked)) => {
            Judgement::pass(format!("{} files have the digests that were listed", checked.files))
                .with("files", checked.files)
                .with("bytes", checked.bytes)
        }
        Some(Err(refusal)) => Judgement::fail(refusal.to_string()).with("file", refusal.file.as_str()),
    }
}
