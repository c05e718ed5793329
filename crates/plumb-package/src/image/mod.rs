//! An OCI image without a daemon: one layer with the program, what it needs and a bundle; no shell, no user but one without rights.
//!
//! Written as a layout, a folder or a tar of it, that `skopeo`, `umoci`, `podman` and `docker load` (through `skopeo copy`) read. The same
//! program and bundle make the same bytes.

pub mod elf;
mod layer;
mod libraries;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plumb_ledger::atomic::{self, WriteError};
use plumb_ledger::{ExitCode, Explain, Sha256};
use serde_json::{Value, json};

use crate::bom::{self, Material};
use elf::ElfError;

/// Where the program and the bundle stand in the image.
const PROGRAM: &str = "usr/bin/plumb";
const BUNDLE: &str = "bundle";
const BILL: &str = "usr/share/sbom/plumb.cdx.json";
/// The user that the program runs as: the number that images without a shell customarily take.
const USER: u32 = 65532;
/// The port that is listened on.
const PORT: u16 = 8080;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// A file of the layer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    bytes: Vec<u8>,
    is_program: bool,
}

impl Part {
    fn file(bytes: Vec<u8>) -> Self {
        Self { bytes, is_program: false }
    }

    fn program(bytes: Vec<u8>) -> Self {
        Self { bytes, is_program: true }
    }
}

/// Why no image is made.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The program cannot be run in an image.
    #[error("cannot put the program into an image, {reason}: {}", path.display())]
    Program {
        /// What is wrong with it.
        reason: ElfError,
        /// The program.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("cannot read the program ({reason}): {}", path.display())]
    Unreadable {
        /// What the system said.
        reason: std::io::Error,
        /// The program.
        path: PathBuf,
    },
    /// A library cannot be taken along.
    #[error("cannot take along what the program needs ({reason}): {name}")]
    Library {
        /// The library.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A file of the bundle has no place in an image.
    #[error("a file of the bundle has a name that leads elsewhere: `{0}`")]
    Name(String),
    /// It cannot be packed.
    #[error("cannot pack the image ({0})")]
    Pack(#[from] std::io::Error),
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Explain for ImageError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Program { .. } | Self::Unreadable { .. } => {
                Some("`--program FILE` names a `plumb` that was built for Linux".to_owned())
            }
            Self::Library { .. } => Some(
                "`--program FILE` names a `plumb` that needs no libraries: build it for `x86_64-unknown-linux-musl`, or with \
                 `RUSTFLAGS=\"-C target-feature=+crt-static\" cargo build --release --target x86_64-unknown-linux-gnu`"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::Failed
    }
}

/// What goes into an image.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The name, for annotations.
    pub name: &'a str,
    /// The tag in the layout.
    pub tag: &'a str,
    /// The version of the program.
    pub version: &'a str,
    /// The licence of the model; may be empty.
    pub license: &'a str,
    /// The program: a `plumb` for Linux.
    pub program: &'a Path,
    /// The folder below which libraries are looked for: `/`.
    pub libraries: &'a Path,
    /// The files of the bundle, by their paths in it.
    pub bundle: &'a [(&'a str, &'a [u8])],
}

/// An image: the files of its layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    files: BTreeMap<String, Vec<u8>>,
    /// The digest of its manifest, by which a registry of images knows it.
    pub manifest: Sha256,
    /// The libraries that it takes along; none for a static program.
    pub libraries: Vec<Material>,
    /// Bytes of its layer, compressed.
    pub layer_bytes: usize,
}

/// Makes the image.
pub fn build(plan: &Plan<'_>) -> Result<Image, ImageError> {
    let path = plan.program.to_owned();
    let program =
        std::fs::read(&path).map_err(|reason| ImageError::Unreadable { reason, path: path.clone() })?;
    let elf = elf::read(&program).map_err(|reason| ImageError::Program { reason, path })?;
    let mut parts = libraries::of(&elf, plan.libraries)?;
    let libraries: Vec<Material> = parts.iter().map(|(path, part)| material(path, &part.bytes)).collect();
    for (path, bytes) in plan.bundle {
        let is_plain =
            Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
        if path.is_empty() || !is_plain {
            return Err(ImageError::Name((*path).to_owned()));
        }
        parts.insert(format!("{BUNDLE}/{path}"), Part::file(bytes.to_vec()));
    }
    let bundle: Vec<Material> =
        plan.bundle.iter().map(|(path, bytes)| material(&format!("{BUNDLE}/{path}"), bytes)).collect();
    let bill = bom::of_image(plan.name, &material(PROGRAM, &program), &libraries, &bundle, plan.version);
    parts.insert(PROGRAM.to_owned(), Part::program(program));
    parts.insert(BILL.to_owned(), Part::file(bill));
    parts.insert(
        "etc/passwd".to_owned(),
        Part::file(format!("plumb:x:{USER}:{USER}:plumb:/nonexistent:/nonexistent\n").into_bytes()),
    );
    parts.insert("etc/group".to_owned(), Part::file(format!("plumb:x:{USER}:\n").into_bytes()));
    Ok(layout(plan, &elf, libraries, &layer::pack(&parts)?))
}

fn material(path: &str, bytes: &[u8]) -> Material {
    Material { path: path.to_owned(), sha256: Sha256::of(bytes) }
}

/// The layout: each blob under its digest, the manifest in the index.
fn layout(plan: &Plan<'_>, elf: &elf::Elf, libraries: Vec<Material>, layer: &layer::Layer) -> Image {
    let mut files = BTreeMap::new();
    let mut blob = |kind: &str, bytes: Vec<u8>| {
        let (digest, size) = (Sha256::of(&bytes), bytes.len());
        files.insert(format!("blobs/sha256/{digest}"), bytes);
        json!({"mediaType": kind, "digest": format!("sha256:{digest}"), "size": size})
    };
    let annotations = annotations(plan);
    let config = blob(CONFIG, json_bytes(&config(elf, layer, &annotations)));
    let of_layer = blob(LAYER, layer.bytes.clone());
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config,
        "layers": [of_layer],
        "annotations": annotations,
    });
    let bytes = json_bytes(&manifest);
    let digest = Sha256::of(&bytes);
    let mut listed = blob(MANIFEST, bytes);
    listed["platform"] = json!({"architecture": elf.architecture, "os": "linux"});
    listed["annotations"] = json!({"org.opencontainers.image.ref.name": plan.tag});
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [listed]});
    files.insert("index.json".to_owned(), json_bytes(&index));
    files.insert("oci-layout".to_owned(), json_bytes(&json!({"imageLayoutVersion": "1.0.0"})));
    Image { files, manifest: digest, libraries, layer_bytes: layer.bytes.len() }
}

fn annotations(plan: &Plan<'_>) -> Value {
    let mut annotations = json!({
        "org.opencontainers.image.title": plan.name,
        "org.opencontainers.image.description": "A model, and the Plumb that serves it",
        "org.opencontainers.image.version": plan.tag,
        "plumb.version": plan.version,
        "plumb.sbom": format!("/{BILL}"),
    });
    if !plan.license.trim().is_empty() {
        annotations["org.opencontainers.image.licenses"] = json!(plan.license.trim());
    }
    annotations
}

fn config(elf: &elf::Elf, layer: &layer::Layer, labels: &Value) -> Value {
    json!({
        "architecture": elf.architecture,
        "os": "linux",
        "config": {
            "User": format!("{USER}:{USER}"),
            "ExposedPorts": {format!("{PORT}/tcp"): {}},
            "Entrypoint": [format!("/{PROGRAM}"), "serve", format!("/{BUNDLE}"), "--listen", format!("0.0.0.0:{PORT}")],
            "WorkingDir": "/",
            "Labels": labels,
        },
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", layer.diff_id)]},
        "history": [{"created_by": "plumb package --oci"}],
    })
}

fn json_bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

impl Image {
    /// The files of the layout by their paths in it.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// Writes the layout: one file where the name ends in `.tar`, a folder that is not there yet otherwise.
    pub fn write(&self, to: &Path) -> Result<(), ImageError> {
        if to.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tar")) {
            atomic::write_file(to, &self.archive()?)?;
        } else {
            atomic::write_folder(to, self.files())?;
        }
        Ok(())
    }

    /// The layout as one file.
    fn archive(&self) -> std::io::Result<Vec<u8>> {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, bytes) in &self.files {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_size(bytes.len() as u64);
            header.set_mtime(0);
            tar.append_data(&mut header, path, bytes.as_slice())?;
        }
        tar.into_inner()
    }
}

#[cfg(test)]
mod tests;
