//! Statistical tests: one file each. A p-value here is two-sided unless its name says otherwise.

mod beyond_extremes;
mod chi_squared;
mod delong;
mod fisher;
mod kolmogorov_smirnov;
mod mann_whitney;
mod matched;
mod mcnemar;
mod paired_bootstrap;
mod two_counts;
mod unpaired_bootstrap;
mod welch;
mod wilson;

pub use beyond_extremes::beyond_extremes;
pub use chi_squared::{ChiSquared, chi_squared, chi_squared_yates};
pub use delong::delong;
pub use fisher::fisher_exact;
pub use kolmogorov_smirnov::{KsTest, ks_two_sample};
pub use mann_whitney::{MannWhitney, mann_whitney};
pub use matched::{MatchedDifference, matched};
pub use mcnemar::{McNemar, McNemarVariant, mcnemar};
pub use paired_bootstrap::{PairedDifference, paired_bootstrap};
pub use two_counts::{LEAST_EXPECTED, TwoCounts, two_counts};
pub use unpaired_bootstrap::{UnpairedDifference, unpaired_bootstrap};
pub use welch::{Moments, welch};
pub use wilson::wilson;
