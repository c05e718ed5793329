//! Every practice passes where it should, answers where a fault is planted, and survives any table.

mod conformance;
mod planted;
mod texts;

use plumb_ledger::{Judgement, Seed};

use super::{AuditContext, PRACTICES};
use crate::Table;
use crate::read::ReadReport;

fn context(table: Table) -> AuditContext {
    AuditContext::new(table, ReadReport::default(), Seed(1))
}

/// What one practice says.
fn ask(id: &str, context: &AuditContext) -> Judgement {
    let practice = PRACTICES.iter().find(|practice| practice.page.id == id).unwrap();
    (practice.judge)(context)
}
