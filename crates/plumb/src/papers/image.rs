//! A bundle and the program that serves it as an OCI image.

use std::path::{Path, PathBuf};

use plumb_package::Bundle;
use plumb_package::image::{Plan, build};
use serde::Serialize;

use crate::fault::Fault;

/// What became of an image.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Image {
    /// The layout.
    pub(crate) file: PathBuf,
    /// The digest of its manifest.
    pub(crate) digest: String,
    /// Bytes of its layer, compressed.
    pub(crate) bytes: usize,
    /// The libraries that the program brought along; none of a static one.
    pub(crate) libraries: Vec<String>,
}

impl Image {
    /// For a person.
    pub(crate) fn words(&self) -> String {
        let libraries = match self.libraries.len() {
            0 => String::new(),
            some => format!(", {some} libraries of this machine"),
        };
        let digest = self.digest.get(..19).unwrap_or(&self.digest);
        format!(
            "{} ({digest}, {} kB{libraries}); serves on port 8080 with `--token-file FILE` behind its name, or `--insecure-no-auth`",
            self.file.display(),
            self.bytes.div_ceil(1000)
        )
    }
}

/// Writes the image of a bundle with a program, the running one unless another is named.
pub(crate) fn image(
    bundle: &Bundle,
    license: &str,
    program: Option<&Path>,
    out: &Path,
) -> Result<Image, Fault> {
    let running = || {
        std::env::current_exe()
            .map_err(|error| Fault::failed(format!("cannot find the running program ({error})")))
    };
    let program = program.map_or_else(running, |program| Ok(program.to_owned()))?;
    let files: Vec<(&str, &[u8])> = bundle.files.iter().map(|(path, file)| (path, file.bytes())).collect();
    let name = &bundle.description.name;
    let image = build(&Plan {
        name,
        tag: &tag(name),
        version: env!("CARGO_PKG_VERSION"),
        license,
        program: &program,
        libraries: Path::new("/"),
        bundle: &files,
    })?;
    image.write(out)?;
    Ok(Image {
        file: out.to_owned(),
        digest: format!("sha256:{}", image.manifest),
        bytes: image.layer_bytes,
        libraries: image.libraries.into_iter().map(|library| library.path).collect(),
    })
}

/// A tag of a registry of images (OCI distribution): letters, digits, `_`, `.` and `-`, neither of the last two in front, 128 at most.
fn tag(name: &str) -> String {
    let plain =
        |letter: char| if letter.is_ascii_alphanumeric() || "_.-".contains(letter) { letter } else { '-' };
    let plain: String = name.chars().map(plain).collect();
    let tag: String = plain.trim_start_matches(['.', '-']).chars().take(128).collect();
    if tag.is_empty() { "latest".to_owned() } else { tag }
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn a_tag_is_one_whatever_the_name() {
        assert_eq!(tag("adult-1"), "adult-1");
        assert_eq!(tag("../größe x"), "gr--e-x");
        assert_eq!(tag(".-"), "latest");
        assert_eq!(tag(&"x".repeat(300)).len(), 128);
    }
}
