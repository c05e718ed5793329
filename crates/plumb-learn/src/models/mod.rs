//! The networks, one file each. [`crate::model`] chooses among them.

pub mod mlp;
pub mod realmlp;
pub mod resnet;
pub mod tabm;
