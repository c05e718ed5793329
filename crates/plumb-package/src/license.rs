//! Licences by their SPDX identifiers, which a model hub writes in small letters.

/// Identifiers that both SPDX and the Hugging Face hub know.
const KNOWN: [&str; 32] = [
    "AFL-3.0",
    "AGPL-3.0",
    "Apache-2.0",
    "Artistic-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSD-3-Clause-Clear",
    "BSL-1.0",
    "CC-BY-2.0",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC-BY-NC-4.0",
    "CC-BY-NC-ND-4.0",
    "CC-BY-NC-SA-4.0",
    "CC-BY-ND-4.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "ECL-2.0",
    "EPL-2.0",
    "EUPL-1.2",
    "GPL-2.0",
    "GPL-3.0",
    "ISC",
    "LGPL-2.1",
    "LGPL-3.0",
    "MIT",
    "MPL-2.0",
    "MS-PL",
    "NCSA",
    "PostgreSQL",
    "Unlicense",
    "Zlib",
];

/// The SPDX identifier as SPDX spells it; none for a licence that has none, or that a hub does not know.
pub fn spdx(license: &str) -> Option<&'static str> {
    KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(license.trim()))
}
