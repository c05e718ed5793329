//! `plumb init`: the job it writes is one that runs.

use crate::context::{TestContext, table};

#[test]
fn the_job_names_kinds_with_reasons_and_can_be_checked() {
    let context = TestContext::new();
    context.write("data/table.csv", table(90));
    let made = context.plumb(&["init", "data/table.csv", "--target", "kind"]);
    assert_eq!((made.code, made.stdout.as_str()), (Some(0), "job.toml\n"), "{}", made.stderr);
    let job = context.read("job.toml");
    assert!(job.contains("files = [\"data/table.csv\"]"), "{job}");
    assert!(job.contains("target = \"kind\"  # 2 classes; as named"), "{job}");
    assert!(
        job.lines().any(|line| line.starts_with("site = \"category\"") && line.contains("  # ")),
        "{job}"
    );
    let again = context.plumb(&["init", "data/table.csv"]);
    assert_eq!(again.code, Some(2), "an existing file is not replaced");
    let checked = context.plumb(&["check", "job.toml"]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    assert!(checked.stdout.contains("split.disjoint"), "{}", checked.stdout);
}
