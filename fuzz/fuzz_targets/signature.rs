//! `model.sig`, and the statement in it, signed by a key that nobody else has.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use plumb_package::signature::{self, PrivateKey, PublicKey};
use plumb_package::{BundleLimits, Files, SIGNATURE};

static KEY: LazyLock<PrivateKey> = LazyLock::new(|| {
    PrivateKey::read(include_bytes!("key.pem")).unwrap_or_else(|_| unreachable!("the key beside this file"))
});

fuzz_target!(|data: &[u8]| {
    let limits = BundleLimits::DEFAULT;
    for bytes in [Ok(data.to_vec()), signature::signed(data, &KEY)].into_iter().flatten() {
        let mut files = Files::default();
        let whole = files.insert("a.json", b"{}".to_vec(), &limits).and_then(|()| files.insert(SIGNATURE, bytes, &limits));
        assert!(whole.is_ok());
        let _refused_or_not = signature::verify(&files, &KEY.public(), &limits);
    }
    let _no_key = PublicKey::read(data);
    let _no_key = PrivateKey::read(data);
});
