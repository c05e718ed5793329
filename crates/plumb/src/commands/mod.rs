//! One file for each command: its arguments and what it does.

pub(crate) mod ablate;
pub(crate) mod audit;
pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod compress;
pub(crate) mod diagnose;
pub(crate) mod evaluate;
pub(crate) mod explain;
pub(crate) mod explain_key;
pub(crate) mod export;
pub(crate) mod fairness;
pub(crate) mod init;
pub(crate) mod monitor;
pub(crate) mod package;
pub(crate) mod practices;
pub(crate) mod pretrained;
pub(crate) mod registry;
pub(crate) mod retrain;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod ui;
pub(crate) mod verify;
pub(crate) mod watch;
