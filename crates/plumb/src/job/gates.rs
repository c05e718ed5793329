//! `[gates]`: which practices stop the run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which practices stop the run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GatesSection {
    /// Practices whose fail ends the run with exit code 3, before the next stage begins.
    ///
    /// None: fails are printed and reported, and the run goes on. `plumb practices` lists the ids.
    pub(crate) fail: Vec<String>,
}
