//! What leaves the house: the bundle, its signature and papers, an image that serves it, a registry of bundles.

#![forbid(unsafe_code)]
