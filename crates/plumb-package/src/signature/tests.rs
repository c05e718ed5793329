//! Signing and verifying, and every way to cheat.

use super::*;
use crate::BundleLimits;

const LIMITS: BundleLimits = BundleLimits::DEFAULT;

/// Made with `openssl`; nothing else was ever signed with it.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgpp8T4wWfnTYNlVDQ
R1VYndO130MLfwQdfyA8A7IfcZqhRANCAATZ0HZy0465Xi6kQsq+UCCk8m05e/x9
8PzLV6+UHjldwqQxka33kLRUaDLdvCXLKb7PnQ0E0BuC3icyU6dw2cje
-----END PRIVATE KEY-----
";
/// Its public half, as `openssl` writes it.
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2dB2ctOOuV4upELKvlAgpPJtOXv8
ffD8y1evlB45XcKkMZGt95C0VGgy3bwlyym+z50NBNAbgt4nMlOncNnI3g==
-----END PUBLIC KEY-----
";
/// `model-signing` 1.1.1 over `a.txt` ("a\n") and `model/b.txt` ("b\n") with that key.
const OF_OTHERS: &[u8] = include_bytes!("of_model_signing.sig");

fn key() -> PrivateKey {
    PrivateKey::read(KEY.as_bytes()).unwrap()
}

fn files() -> Files {
    let mut files = Files::default();
    files.insert("a.txt", b"a\n".to_vec(), &LIMITS).unwrap();
    files.insert("model/b.txt", b"b\n".to_vec(), &LIMITS).unwrap();
    files
}

fn with(signature: &[u8], change: impl FnOnce(&mut Files)) -> Files {
    let mut files = Files::default();
    change(&mut files);
    for (path, file) in self::files().iter() {
        if files.get(path).is_none() {
            files.insert(path, file.bytes().to_vec(), &LIMITS).unwrap();
        }
    }
    files.insert(SIGNATURE, signature.to_vec(), &LIMITS).unwrap();
    files
}

#[test]
fn keys_are_read_as_others_write_them() {
    assert_eq!(key().public().pem(), PUBLIC);
    assert_eq!(PublicKey::read(PUBLIC.as_bytes()).unwrap(), key().public());
    assert_eq!(key().public().hint(), "52ddd3ea2e799eabc588f976a237ad727b92dea3220afdf4777dc366fd89b1bf");
    for no_key in ["", "-----BEGIN PUBLIC KEY-----", PUBLIC] {
        PrivateKey::read(no_key.as_bytes()).unwrap_err();
    }
    PublicKey::read(KEY.as_bytes()).unwrap_err();
    PublicKey::read(&vec![b'a'; 1 << 20]).unwrap_err();
}

#[test]
fn signing_is_the_same_every_time_and_holds() {
    let by_us = sign(&files(), "m", &key()).unwrap();
    assert_eq!(sign(&files(), "m", &key()).unwrap(), by_us);
    verify(&with(&by_us, |_| {}), &key().public(), &LIMITS).unwrap();
}

#[test]
fn a_signature_of_model_signing_holds() {
    verify(&with(OF_OTHERS, |_| {}), &key().public(), &LIMITS).unwrap();
}

#[test]
fn every_changed_byte_of_a_signature_is_refused() {
    for by_one in [sign(&files(), "m", &key()).unwrap(), OF_OTHERS.to_vec()] {
        for at in 0..by_one.len() {
            for flip in [1_u8, 0x20] {
                let mut changed = by_one.clone();
                changed[at] ^= flip;
                let refused = verify(&with(&changed, |_| {}), &key().public(), &LIMITS).unwrap_err();
                assert_eq!(refused.file, SIGNATURE, "byte {at}");
            }
        }
        for end in 0..by_one.len() {
            verify(&with(&by_one[..end], |_| {}), &key().public(), &LIMITS).unwrap_err();
        }
    }
}

#[test]
fn changed_added_and_missing_files_are_named() {
    let by_us = sign(&files(), "m", &key()).unwrap();
    let refused = |files: &Files| verify(files, &key().public(), &LIMITS).unwrap_err();
    let changed = with(&by_us, |files| files.insert("model/b.txt", b"B\n".to_vec(), &LIMITS).unwrap());
    assert_eq!(refused(&changed), Refusal::of(Why::Changed("the signature"), "model/b.txt"));
    let added = with(&by_us, |files| files.insert("model/c.txt", b"c\n".to_vec(), &LIMITS).unwrap());
    assert_eq!(refused(&added), Refusal::of(Why::NotSigned, "model/c.txt"));
    let mut missing = Files::default();
    missing.insert("a.txt", b"a\n".to_vec(), &LIMITS).unwrap();
    assert_eq!(refused(&missing), Refusal::of(Why::Unsigned, SIGNATURE));
    missing.insert(SIGNATURE, by_us, &LIMITS).unwrap();
    assert_eq!(refused(&missing), Refusal::of(Why::Missing, "model/b.txt"));
}

#[test]
fn other_keys_and_other_bundles_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let [private, public] = new_pair(&home.path().join("other")).unwrap();
    let other = PrivateKey::read(&std::fs::read(private).unwrap()).unwrap();
    assert_eq!(PublicKey::read(&std::fs::read(public).unwrap()).unwrap(), other.public());
    let by_other = sign(&files(), "m", &other).unwrap();
    let refused = verify(&with(&by_other, |_| {}), &key().public(), &LIMITS).unwrap_err();
    assert_eq!(refused, Refusal::of(Why::WrongKey, SIGNATURE));
    // The other's signature under a claim to be ours.
    let text = String::from_utf8(by_other).unwrap().replace(&other.public().hint(), &key().public().hint());
    let refused = verify(&with(text.as_bytes(), |_| {}), &key().public(), &LIMITS).unwrap_err();
    assert!(matches!(refused.why, Why::Signature(_)), "{refused}");
    let of_other =
        sign(&with(b"x", |files| files.insert("a.txt", b"other".to_vec(), &LIMITS).unwrap()), "m", &key())
            .unwrap();
    let refused = verify(&with(&of_other, |_| {}), &key().public(), &LIMITS).unwrap_err();
    assert_eq!(refused, Refusal::of(Why::Changed("the signature"), "a.txt"));
}

#[test]
fn a_statement_that_lies_is_refused_although_it_is_signed() {
    let payload = |text: &str| {
        let file = signed(text.as_bytes(), &key()).unwrap();
        verify(&with(&file, |_| {}), &key().public(), &LIMITS).unwrap_err()
    };
    let sound = String::from_utf8(statement::of(&files(), "m").unwrap()).unwrap();
    let lies = [
        sound.replace("Statement/v1", "Statement/v2"),
        sound.replace("signature/v1.0", "signature/v9.0"),
        sound.replace("\"method\":\"files\"", "\"method\":\"shards\""),
        sound.replace("\"algorithm\":\"sha256\"", "\"algorithm\":\"md5\""),
        sound.replace("\"subject\":[", "\"subject\":[{\"name\":\"x\",\"digest\":{\"sha256\":\"\"}},"),
        sound.replace("model/b.txt", "a.txt"),
        "[".repeat(100_000),
        String::new(),
    ];
    for lie in lies {
        let refused = payload(&lie);
        assert!(refused.file == SIGNATURE || refused.file == "a.txt", "{refused}");
    }
}

#[cfg(unix)]
#[test]
fn a_private_key_is_its_owners_alone_and_is_never_replaced() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    let [private, public] = new_pair(&home.path().join("k")).unwrap();
    assert_eq!(std::fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&private).unwrap();
    assert_eq!(new_pair(&home.path().join("k")).unwrap_err(), KeyError::Taken(private.clone()));
    std::fs::remove_file(&private).unwrap();
    assert_eq!(new_pair(&home.path().join("k")).unwrap_err(), KeyError::Taken(public));
    assert!(!private.exists() && !before.is_empty());
}
