//! Texts translated there and back by programs or servers that the job names, and kept.

use std::collections::HashMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use plumb_ledger::{Sha256, atomic};

use super::Screen;
use crate::fault::Fault;
use crate::pretrained::cache;

/// Texts that go through at once: a program starts in a tenth of a second, and progress is told between them.
const AT_ONCE: usize = 100;
/// Bytes of the file of kept translations that is read.
const LARGEST: u64 = 256 << 20;

/// The texts after all of `steps`, one after the other. Each is a program with its arguments, or an address that texts are
/// posted to: lines in, as many lines out. What was translated before is not translated again.
pub(super) fn there_and_back(
    steps: &[String],
    texts: &[&str],
    screen: &mut Screen,
) -> Result<Vec<String>, Fault> {
    let lines: Vec<String> =
        texts.iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let digest = Sha256::of(steps.join("\n").as_bytes()).to_string();
    let file = cache()?.join("translations").join(format!("{}.json", digest.get(..16).unwrap_or(&digest)));
    let small = std::fs::metadata(&file).is_ok_and(|of| of.len() <= LARGEST);
    let kept = if small { std::fs::read(&file).ok() } else { None };
    let mut known: HashMap<String, String> =
        kept.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let mut new: Vec<&String> =
        lines.iter().filter(|line| !line.is_empty() && !known.contains_key(*line)).collect();
    new.sort_unstable();
    new.dedup();
    if !new.is_empty() {
        screen.begin("translating there and back", new.len() as u64);
        for (number, some) in new.chunks(AT_ONCE).enumerate() {
            let mut passage: Vec<String> = some.iter().map(|line| (*line).clone()).collect();
            for step in steps {
                passage = translated(step, &passage)?;
            }
            known.extend(some.iter().map(|line| (*line).clone()).zip(passage));
            screen.advance(((number + 1) * AT_ONCE).min(new.len()) as u64, "texts");
        }
        screen.end();
        let failed = |e: &dyn std::fmt::Display| Fault::failed(format!("cannot keep the translations ({e})"));
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|e| failed(&e))?;
        }
        let sorted: std::collections::BTreeMap<&String, &String> = known.iter().collect();
        let bytes = serde_json::to_vec(&sorted).map_err(|e| failed(&e))?;
        atomic::write_file(&file, &bytes).map_err(|e| failed(&e))?;
    }
    Ok(lines.into_iter().map(|line| known.get(&line).cloned().unwrap_or(line)).collect())
}

/// One step for some lines. Where the lines do not come back one by one, each goes alone.
fn translated(step: &str, lines: &[String]) -> Result<Vec<String>, Fault> {
    let answer = through(step, &lines.join("\n"))?;
    let found: Vec<&str> = answer.trim_end_matches('\n').split('\n').collect();
    if found.len() == lines.len() {
        return Ok(found.into_iter().map(str::to_owned).collect());
    }
    let alone = |line: &String| Ok(through(step, line)?.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.iter().map(alone).collect()
}

fn through(step: &str, text: &str) -> Result<String, Fault> {
    let is_address = step.starts_with("http://") || step.starts_with("https://");
    let words: Vec<&str> = if is_address {
        let fixed = ["curl", "--fail", "--silent", "--show-error", "--connect-timeout", "20"];
        let post = ["--header", "Content-Type: text/plain; charset=utf-8", "--data-binary", "@-", step];
        fixed.into_iter().chain(post).collect()
    } else {
        step.split_whitespace().collect()
    };
    let failed = |why: &str| {
        Fault::failed(format!("`prepare.back_translation`: `{step}` failed ({})", why.trim())).hint(
            "name programs that read lines and write as many, or addresses that texts are posted to: `[\"apertium eng-spa\", \"apertium spa-eng\"]`",
        )
    };
    let [program, arguments @ ..] = words.as_slice() else { return Err(failed("it is empty")) };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(&error.to_string()))?;
    let (input, bytes) = (child.stdin.take(), format!("{text}\n").into_bytes());
    // From a thread of its own: a program may write before it has read everything.
    let writer = std::thread::spawn(move || input.map(|mut input| input.write_all(&bytes)));
    let output = child.wait_with_output().map_err(|error| failed(&error.to_string()))?;
    // A program that does not read to the end ends the writer with an error; what it says for itself counts.
    let _written = writer.join();
    if !output.status.success() {
        return Err(failed(&String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
