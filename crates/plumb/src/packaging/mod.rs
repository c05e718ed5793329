//! `plumb package RUN` and `plumb verify BUNDLE`: a run as a bundle, and whether a bundle is what it says.
//!
//! One direction: take what the run has written ([`source`]), draw example rows and record their answers ([`examples`]), draw a sample for monitoring ([`reference`]), put the files
//! together twice ([`assemble`]), judge, seal and sign, write, and verify what stands on the disk. The form of a bundle, its digests and
//! its signature are `plumb_package`'s; here is what asks the model.

mod answer;
pub(crate) mod answers;
mod assemble;
mod examples;
mod metrics;
pub(crate) mod reference;
mod source;
mod verify;

use std::path::{Path, PathBuf};

use plumb_ledger::{ExitCode, Ledger};
use plumb_package::practices::{PRACTICES, PackageContext};
use plumb_package::signature::{PrivateKey, PublicKey};
use plumb_package::{Bundle, BundleLimits, EXTENSION, SignatureState, is_bundle};

pub(crate) use source::recorded;
pub(crate) use verify::{holds, verify};

use assemble::{Assembled, assemble};
use source::Source;

use crate::console;
use crate::fault::Fault;
use crate::papers::{self, Sources};
use crate::run::Screen;

/// What is asked on the command line.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    /// The folder of a finished run.
    pub(crate) run: &'a Path,
    /// Where the bundle goes.
    pub(crate) out: Option<&'a Path>,
    /// The file of the key that signs.
    pub(crate) sign: Option<&'a Path>,
    /// A licence, or the file of one.
    pub(crate) license: Option<&'a str>,
    /// How many rows of the data go along.
    pub(crate) examples: usize,
    /// How many rows of the judged part go along for monitoring.
    pub(crate) reference: usize,
    /// A file of what only a person knows.
    pub(crate) card: Option<&'a Path>,
    /// Folders of later evaluations.
    pub(crate) evidence: &'a [PathBuf],
    /// Where the image goes.
    pub(crate) oci: Option<&'a Path>,
    /// The program in the image.
    pub(crate) program: Option<&'a Path>,
    /// Whether the answer is JSON.
    pub(crate) json: bool,
}

/// Makes a bundle and says so.
pub(crate) fn package(ask: &Ask<'_>, mut screen: Screen) -> Result<ExitCode, Fault> {
    let made = make(ask, &mut screen)?;
    console::result(answer::packaged(&made.out, &made.bundle, &made.ledger, made.image.as_ref(), ask.json)?)?;
    Ok(ExitCode::Done)
}

/// A bundle as it stands on the disk.
#[derive(Debug)]
pub(crate) struct Made {
    /// Where.
    out: PathBuf,
    /// What was read there again, verified.
    pub(crate) bundle: Bundle,
    ledger: Ledger,
    image: Option<papers::Image>,
}

/// Makes a bundle.
pub(crate) fn make(ask: &Ask<'_>, screen: &mut Screen) -> Result<Made, Fault> {
    let key = ask.sign.map(|path| Ok::<_, Fault>(PrivateKey::read(&source::bytes(path)?)?)).transpose()?;
    let out = free(ask)?;
    let source = Source::of(ask, screen)?;
    let made = assemble(&source)?;
    for note in &made.notes {
        screen.say(note);
    }
    let rebuilt = assemble(&source)?.files == made.files;
    let papers = Sources {
        run: ask.run,
        name: &source.name,
        card: ask.card,
        license: ask.license,
        evidence: ask.evidence,
    };
    let Sealed { bundle, ledger, license } = sealed(&source, made, rebuilt, key.as_ref(), &papers)?;
    bundle.write(&out)?;
    // What counts is what stands on the disk.
    let public = key.as_ref().map(PrivateKey::public);
    let written = Bundle::open(&out, public.as_ref(), &BundleLimits::DEFAULT)?;
    for entry in ledger.verdicts.iter().filter(|entry| entry.id.starts_with("package.")) {
        screen.verdict(entry);
    }
    let image = ask.oci.map(|to| papers::image(&written, &license, ask.program, to)).transpose()?;
    Ok(Made { out, bundle: written, ledger, image })
}

/// A bundle that is closed.
struct Sealed {
    bundle: Bundle,
    ledger: Ledger,
    /// The licence; empty where nobody has said it.
    license: String,
}

/// Judges, adds the papers and the ledger with the verdicts, and closes the bundle.
fn sealed(
    source: &Source,
    made: Assembled,
    rebuilt: bool,
    key: Option<&PrivateKey>,
    papers: &Sources<'_>,
) -> Result<Sealed, Fault> {
    let Assembled { mut files, parities, .. } = made;
    let about = source.about();
    let context = PackageContext {
        signature: key.map_or(SignatureState::Absent, |key| SignatureState::Holds(key.public().hint())),
        checked: None,
        origin: about.origin.clone(),
        rebuilt: Some(rebuilt),
        parities,
    };
    let mut ledger = source.ledger.clone();
    ledger.judge_all(PRACTICES, &context, |_| {});
    let license = papers::complete(&mut files, &mut ledger, papers)?;
    Ok(Sealed { bundle: Bundle::seal(files, about, key)?, ledger, license })
}

/// Where the bundle goes, if nothing is there yet.
fn free(ask: &Ask<'_>) -> Result<PathBuf, Fault> {
    let named = || PathBuf::from(format!("{}.{EXTENSION}", source::name(ask.run)));
    let out = ask.out.map_or_else(named, Path::to_owned);
    let is_there = |path: &&Path| path.symlink_metadata().is_ok();
    if let Some(path) = [Some(out.as_path()), ask.oci].into_iter().flatten().find(is_there) {
        return Err(Fault::usage(format!("something is there already: {}", path.display()))
            .hint("`--out BUNDLE` and `--oci IMAGE` take other places; what is there is never replaced"));
    }
    Ok(out)
}

/// The key in a file.
fn public_key(path: &Path) -> Result<PublicKey, Fault> {
    Ok(PublicKey::read(&source::bytes(path)?)?)
}

/// Refuses what is no bundle before it is looked into.
fn check(bundle: &Path) -> Result<(), Fault> {
    if is_bundle(bundle) {
        return Ok(());
    }
    Err(Fault::usage(format!("no bundle: {}", bundle.display()))
        .hint("`plumb package RUN` makes one: a file `NAME.plumb`, or a folder with `bundle.json`"))
}
