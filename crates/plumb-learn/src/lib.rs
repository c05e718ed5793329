//! Models, training and its live checks, on Burn
