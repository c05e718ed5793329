//! Honest evaluation of any predictor: metrics with intervals, baselines, paired tests
