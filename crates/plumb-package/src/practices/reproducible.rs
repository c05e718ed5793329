//! package.reproducible: is all recorded that a rerun needs, and does the same run give the same bundle?

use plumb_ledger::{Judgement, Page, Practice, Source};

use super::PackageContext;

const PAGE: Page = Page {
    id: "package.reproducible",
    question: "Is all recorded that a rerun needs, and does the same run give the same bundle, byte for byte?",
    why: "A model that cannot be made again can be neither mended nor explained years later. A bundle that is rebuilt to the same digest \
          needs no trust in whoever built it.",
    evidence: "The commit of the repository that the run was started in and whether its files had changed, the digests of the data, the job \
               and the weights, the seed, the version of Plumb with its compiler. When a bundle is made, it is made twice and compared.",
    thresholds: &[],
    false_alarms: "Work outside a repository of git has no commit. A file of notes that changed counts as a change.",
    remedy: "start the run in a repository whose changes are committed",
    sources: &[Source::BestPractices, Source::TestScore],
};

pub(super) const PRACTICE: Practice<PackageContext> = Practice { page: PAGE, judge };

fn judge(context: &PackageContext) -> Judgement {
    if let Some(Err(refusal)) = &context.checked {
        return Judgement::skipped(format!("the bundle was refused: {refusal}"));
    }
    let of = &context.origin;
    let known = [
        ("the commit", of.commit.is_some()),
        ("the digest of the data", of.data_sha256.is_some()),
        ("the digest of the job", of.job_sha256.is_some()),
        ("the seed", of.seed.is_some()),
        ("the toolchain", of.toolchain.is_some()),
        ("the digest of the weights", of.weights_sha256.is_some()),
    ];
    let missing: Vec<&str> = known.iter().filter(|(_, known)| !known).map(|(name, _)| *name).collect();
    let judged = match (context.rebuilt, missing.as_slice()) {
        (Some(false), _) => Judgement::fail("made twice, the bundle differs"),
        (_, [_, ..]) => Judgement::warn(format!("not recorded: {}", missing.join(", "))),
        _ if of.changed == Some(true) => {
            Judgement::warn("files of the repository had changed since the commit that is recorded")
        }
        (Some(true), []) => {
            Judgement::pass("all is recorded that a rerun needs, and the bundle made twice is the same")
        }
        (None, []) => Judgement::pass("all is recorded that a rerun needs"),
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "not recorded".to_owned());
    judged
        .with("commit", text(&of.commit))
        .with("data_sha256", text(&of.data_sha256))
        .with("job_sha256", text(&of.job_sha256))
        .with("seed", of.seed.map_or_else(|| "not recorded".to_owned(), |seed| seed.to_string()))
        .with("toolchain", text(&of.toolchain))
        .with("weights_sha256", text(&of.weights_sha256))
}
