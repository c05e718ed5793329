//! Layout and bytes of images, and damaged programs.

use super::elf::tests::program;
use super::*;

const FILES: [(&str, &[u8]); 3] =
    [("README.md", b"# x\n"), ("bundle.json", b"{}"), ("model/model.json", b"{}")];

/// A machine with a static program.
fn machine() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    atomic::write_file(&root.path().join("plumb"), &program(None, &[])).unwrap();
    root
}

fn plan<'a>(root: &'a Path, program: &'a Path) -> Plan<'a> {
    Plan {
        name: "loans-1",
        tag: "loans-1",
        version: "0.1.0",
        license: "MIT",
        program,
        libraries: root,
        bundle: &FILES,
    }
}

fn parsed(image: &Image, path: &str) -> Value {
    serde_json::from_slice(&image.files[path]).unwrap()
}

/// The blob that a descriptor names, held against its digest and size.
fn blob<'a>(image: &'a Image, of: &Value) -> &'a [u8] {
    let digest = of["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    let bytes = &image.files[&format!("blobs/sha256/{digest}")];
    assert_eq!((Sha256::of(bytes).as_str(), bytes.len() as u64), (digest, of["size"].as_u64().unwrap()));
    bytes
}

#[test]
fn every_descriptor_names_a_blob_and_the_layer_is_that_of_the_config() {
    let root = machine();
    let at = root.path().join("plumb");
    let image = build(&plan(root.path(), &at)).unwrap();
    assert_eq!(parsed(&image, "oci-layout"), json!({"imageLayoutVersion": "1.0.0"}));
    let listed = &parsed(&image, "index.json")["manifests"][0];
    assert_eq!(listed["annotations"]["org.opencontainers.image.ref.name"], "loans-1");
    let manifest: Value = serde_json::from_slice(blob(&image, listed)).unwrap();
    let config: Value = serde_json::from_slice(blob(&image, &manifest["config"])).unwrap();
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(
        config["config"]["Entrypoint"],
        json!(["/usr/bin/plumb", "serve", "/bundle", "--listen", "0.0.0.0:8080"])
    );
    let mut tar = Vec::new();
    let layer = blob(&image, &manifest["layers"][0]);
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(layer), &mut tar).unwrap();
    assert_eq!(config["rootfs"]["diff_ids"], json!([format!("sha256:{}", Sha256::of(&tar))]));
    let mut paths = Vec::new();
    for entry in tar::Archive::new(tar.as_slice()).entries().unwrap() {
        paths.push(entry.unwrap().path().unwrap().to_string_lossy().into_owned());
    }
    for path in ["bundle/model/model.json", "etc/passwd", "usr/bin/plumb", "usr/share/sbom/plumb.cdx.json"] {
        assert!(paths.iter().any(|known| known == path), "{paths:?}");
    }
    assert!(!paths.iter().any(|path| path.ends_with("/sh")), "{paths:?}");
}

#[test]
fn twice_made_is_the_same_bytes_as_folder_and_as_file() {
    let root = machine();
    let at = root.path().join("plumb");
    let image = build(&plan(root.path(), &at)).unwrap();
    assert_eq!(image, build(&plan(root.path(), &at)).unwrap());
    let (one, two) = (root.path().join("a.tar"), root.path().join("b.tar"));
    image.write(&one).unwrap();
    image.write(&two).unwrap();
    assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
    let folder = root.path().join("layout");
    image.write(&folder).unwrap();
    for (path, bytes) in image.files() {
        assert_eq!(std::fs::read(folder.join(path)).unwrap(), bytes);
    }
    assert!(image.write(&folder).is_err(), "a folder that is there stays");
    let other = Plan { bundle: &FILES[..2], ..plan(root.path(), &at) };
    assert_ne!(build(&other).unwrap().manifest, image.manifest);
}

#[test]
fn names_that_lead_elsewhere_and_programs_of_others_are_refused() {
    let root = machine();
    let at = root.path().join("plumb");
    for name in ["../x", "/etc/passwd", "a/../../x", ""] {
        let files = [(name, b"x".as_slice())];
        let refused = build(&Plan { bundle: &files, ..plan(root.path(), &at) });
        assert!(matches!(refused, Err(ImageError::Name(_))), "{name}");
    }
    let script = root.path().join("script");
    atomic::write_file(&script, b"#!/bin/sh\n").unwrap();
    let refused = build(&plan(root.path(), &script)).unwrap_err();
    assert!(refused.to_string().contains("no program of Linux") && refused.hint().is_some(), "{refused}");
    assert!(build(&plan(root.path(), &root.path().join("gone"))).is_err());
    let dynamic = root.path().join("dynamic");
    atomic::write_file(&dynamic, &program(Some("/lib64/ld.so"), &["libgone.so"])).unwrap();
    assert!(build(&plan(root.path(), &dynamic)).unwrap_err().hint().unwrap().contains("crt-static"));
}
