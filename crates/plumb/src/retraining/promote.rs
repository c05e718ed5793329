//! The challenger's place in the registry: the champion's where it is better, `challenger` where it is not.

use std::time::Duration;

use plumb_evaluate::retrain::{Decision, RetrainContext};
use plumb_ledger::clock::Clock as _;
use plumb_package::Bundle;
use plumb_package::registry::{Reference, Registry, RegistryError, Selector};

use super::champion::{CHALLENGER, Champion, Place, Seat};
use crate::clock::SystemClock;
use crate::fault::Fault;
use crate::registry::lineage;

/// Another process holds a registry for as long as it writes some files: this is far more.
const PATIENCE: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// Where it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    /// Its version; none without a registry.
    pub(super) version: Option<u64>,
    /// Whether it is the champion.
    pub(super) promoted: bool,
}

/// Takes the challenger into the registry and points the alias at it that it deserves. Each step may be taken again: a bundle that is there
/// is not added, an alias that points there does not move. Where the champion is another one by now, the decision becomes a refusal.
pub(super) fn placed(
    seat: &Seat,
    champion: &Champion,
    challenger: &Bundle,
    context: &mut RetrainContext,
) -> Result<Placed, Fault> {
    let Place::Alias { registry, name, alias } = seat.place() else {
        return Ok(Placed { version: None, promoted: false });
    };
    let now = SystemClock::start().unix_ms();
    let listed: Vec<(&str, &[u8])> =
        challenger.files.iter().map(|(path, file)| (path, file.bytes())).collect();
    let parent = champion.shown();
    let added = patiently(registry, |of| of.add(name, &listed, lineage(challenger, Some(&parent)), now))?;
    let reference = Reference { name: name.clone(), selector: Selector::Version(added.version) };
    let version = Some(added.version);
    if context.decision().0 == Decision::Promote {
        match patiently(registry, |of| of.replace(&reference, alias, champion.version, now)) {
            Err(moved @ RegistryError::Moved { .. }) => context.taken = Some(moved.to_string()),
            answer => {
                answer?;
                return Ok(Placed { version, promoted: true });
            }
        }
    }
    patiently(registry, |of| of.alias(&reference, CHALLENGER, now))?;
    Ok(Placed { version, promoted: false })
}

/// Waits for whoever has the registry.
fn patiently<T>(
    registry: &Registry,
    change: impl Fn(&Registry) -> Result<T, RegistryError>,
) -> Result<T, RegistryError> {
    for _ in 0..PATIENCE {
        match change(registry) {
            Err(RegistryError::Lock(_)) => std::thread::sleep(PAUSE),
            answer => return answer,
        }
    }
    change(registry)
}
