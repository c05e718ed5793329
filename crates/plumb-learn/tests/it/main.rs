//! Training as a whole, on small made-up tables.
#![expect(clippy::unwrap_used, reason = "test code outside `#[test]` functions")]

mod backbones;
mod distillation;
mod encoders;
mod export;
mod export_texts;
mod formula;
mod images_and_tokens;
mod made_up;
mod mitigation;
mod preflight;
mod resume;
mod rounding;
mod training;
mod zoo;
