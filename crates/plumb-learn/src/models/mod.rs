//! The networks, one file each. [`crate::model`] chooses among them.

pub mod mixed;
pub mod mlp;
pub mod pictures;
pub mod realmlp;
pub mod tabm;
pub mod text;
