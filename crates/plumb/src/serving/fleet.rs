//! The models of a server and where they come from: loaded at the start, exchanged when a reference points elsewhere.
//!
//! A bundle is read, verified, loaded and asked once before it takes a place. The one that had the place answers what it was given and goes.
//! What cannot be loaded changes nothing: the log says why, and it is tried again when the reference moves on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plumb_serve::{App, Batching, Entry, Lane, Loaded, ServeError, Share, Source, Telling};
use serde_json::json;

use super::model::{BundleModel, Made};
use super::{Place, log};
use crate::fault::Fault;
use crate::predictors::Runtime;

/// How requests become batches, as far as an operator says it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wishes {
    /// Rows of a batch; as many as the kind of model likes where none is said.
    pub(crate) rows: Option<usize>,
    /// How long a request waits for others.
    pub(crate) delay: Duration,
    /// Requests that wait for a model.
    pub(crate) queue: usize,
    /// What runs the files of bundles.
    pub(crate) runtime: Runtime,
    /// Threads of a model of pictures or texts; as many as there are processors where none is said.
    pub(crate) threads: Option<usize>,
}

impl Wishes {
    /// Threads of a model of pictures or texts, and processors that all of them share.
    pub(super) fn threads(&self) -> usize {
        self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }
}

/// Rows of a batch of columns alone, of texts, of pictures. Texts of a batch are filled up to the longest: reviews of 64 clients got 106 answers a
/// second sixteen at a time, where one client alone got 151.
const ROWS: [usize; 3] = [256, 1, 8];

/// All models.
#[derive(Debug)]
pub(crate) struct Fleet {
    members: Vec<Member>,
    share: Share,
    wishes: Wishes,
    telling: Telling,
}

#[derive(Debug)]
struct Member {
    place: Place,
    is_challenger: bool,
    name: String,
    /// What was looked at last.
    stamp: Option<u64>,
    /// None of one that was unloaded.
    lanes: Option<Lanes>,
}

#[derive(Debug, Clone)]
struct Lanes {
    rows: Arc<Lane>,
    network: Option<Arc<Lane>>,
}

/// What loads one of them again.
#[derive(Debug)]
struct Again {
    fleet: Arc<Mutex<Fleet>>,
    name: String,
    is_network: bool,
}

fn locked(fleet: &Mutex<Fleet>) -> MutexGuard<'_, Fleet> {
    // Members are changed one by one, each whole.
    fleet.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fleet {
    /// Models that are not loaded yet.
    pub(crate) fn new(
        places: Vec<Place>,
        challenger: Option<(Place, Share)>,
        wishes: Wishes,
        telling: Telling,
    ) -> Self {
        let member = |place, is_challenger| Member {
            place,
            is_challenger,
            name: String::new(),
            stamp: None,
            lanes: None,
        };
        let mut members: Vec<Member> = places.into_iter().map(|place| member(place, false)).collect();
        let mut share = Share { canary: 0.0, shadow: false };
        if let Some((place, of)) = challenger {
            members.push(member(place, true));
            share = of;
        }
        Self { members, share, wishes, telling }
    }

    /// Loads every model and gives it its place.
    pub(crate) fn load_all(fleet: &Arc<Mutex<Self>>, app: &App) -> Result<(), Fault> {
        let mut all = locked(fleet);
        for at in 0..all.members.len() {
            all.load(at)?;
        }
        all.check()?;
        for name in all.names() {
            all.deploy(&name, app);
            for (name, is_network) in [(name.clone(), false), (format!("{name}.network"), true)] {
                let again = Again { fleet: Arc::clone(fleet), name: name.clone(), is_network };
                if app.hub.entry(&name).is_ok() {
                    app.hub.add_source(&name, Arc::new(again));
                }
            }
        }
        drop(all);
        Ok(())
    }

    /// Looks whether references point elsewhere, and exchanges what has changed.
    pub(crate) fn look(fleet: &Mutex<Self>, app: &App) {
        let mut all = locked(fleet);
        for at in 0..all.members.len() {
            let Some(member) = all.members.get(at).filter(|member| member.lanes.is_some()) else { continue };
            let (before, shown) = (member.stamp, member.place.shown().to_owned());
            let Ok(now) = member.place.stamp() else { continue };
            if now == before {
                continue;
            }
            let name = member.name.clone();
            match all.load(at) {
                Ok(()) => {
                    all.deploy(&name, app);
                    log::event(
                        "exchanged",
                        json!({"model": name, "place": shown, "from": before, "to": now}),
                    );
                }
                Err(fault) => {
                    if let Some(member) = all.members.get_mut(at) {
                        member.stamp = now;
                    }
                    log::event(
                        "not exchanged",
                        json!({"model": name, "place": shown, "to": now, "error": fault.message()}),
                    );
                }
            }
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.members.iter().map(|member| member.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// A challenger needs somebody to challenge, with the same columns; one version need not stand twice.
    fn check(&self) -> Result<(), Fault> {
        for (at, member) in self.members.iter().enumerate() {
            let of_name = |other: &&Member| other.name == member.name;
            let before = self.members.get(..at).unwrap_or_default();
            if before.iter().filter(of_name).any(|other| other.version() == member.version()) {
                return Err(Fault::usage(format!(
                    "`{}` stands twice: {}",
                    member.name,
                    member.place.shown()
                ))
                .hint("name each bundle once"));
            }
            let champion = self.members.iter().filter(|other| !other.is_challenger).find(of_name);
            if member.is_challenger && champion.is_none() {
                let known: Vec<&str> = before.iter().map(|other| other.name.as_str()).collect();
                return Err(Fault::usage(format!(
                    "the challenger is of `{}`, which is not served",
                    member.name
                ))
                .hint(format!(
                    "it takes the traffic of the model of its name; served are: {}",
                    known.join(", ")
                )));
            }
        }
        Ok(())
    }

    /// Reads, verifies, loads and warms what is at a place.
    fn load(&mut self, at: usize) -> Result<(), Fault> {
        let Some(member) = self.members.get(at) else { return Ok(()) };
        let found = member.place.read()?;
        let embeds = self.telling.observer.is_some();
        let made = BundleModel::load(
            &found.bundle,
            &found.name,
            (self.wishes.runtime, self.wishes.threads(), embeds),
        )?;
        drop(found.bundle);
        let lanes = self.start(made)?;
        let warmed = lanes.rows.warm_up();
        warmed.map_err(|error| {
            Fault::failed(format!("the model of {} does not answer ({error})", member.place.shown()))
        })?;
        // Reading took the bundle, its parts and their packed form at once; what stays is the last.
        let _less_memory = plumb_kernels::memory::give_back();
        if let Some(member) = self.members.get_mut(at) {
            (member.name, member.stamp, member.lanes) = (found.name, found.stamp, Some(lanes));
        }
        Ok(())
    }

    fn start(&self, made: Made) -> Result<Lanes, Fault> {
        let all = self.wishes.threads();
        let (rows, threads) = match (made.has_pictures, made.has_texts) {
            (true, _) => (ROWS[2], all),
            (false, true) => (ROWS[1], all),
            (false, false) => (ROWS[0], 1),
        };
        let rows = self.wishes.rows.unwrap_or(rows);
        let batching = Batching { rows, delay: self.wishes.delay, queue: self.wishes.queue, threads };
        let lane = |loaded| {
            Lane::start(loaded, batching, self.telling.clone())
                .map_err(|error| Fault::failed(format!("cannot start a thread ({error})")))
        };
        let network = made.network.map(|network| lane(Loaded::Tensors(Arc::new(network)))).transpose()?;
        Ok(Lanes { rows: lane(Loaded::Rows(Arc::new(made.model)))?, network })
    }

    /// Gives the models of a name their places.
    fn deploy(&self, name: &str, app: &App) {
        for (name, is_network) in [(name.to_owned(), false), (format!("{name}.network"), true)] {
            if let Some(entry) = self.entry(&name, is_network) {
                app.hub.deploy(&name, entry);
            }
        }
    }

    /// Who answers for a name: its first bundle, the challenger, and further bundles by version.
    fn entry(&self, name: &str, is_network: bool) -> Option<Entry> {
        let of = if is_network { name.strip_suffix(".network")? } else { name };
        let lanes = |is_challenger: bool| {
            self.members
                .iter()
                .filter(move |member| member.name == of && member.is_challenger == is_challenger)
                .filter_map(move |member| {
                    let lanes = member.lanes.as_ref()?;
                    if is_network { lanes.network.clone() } else { Some(Arc::clone(&lanes.rows)) }
                })
        };
        let mut champions = lanes(false);
        let champion = champions.next()?;
        let challenger = lanes(true).next().map(|lane| (lane, self.share));
        Some(Entry { champion, challenger, others: champions.collect() })
    }
}

impl Member {
    fn version(&self) -> Option<&str> {
        self.lanes.as_ref().map(|lanes| lanes.rows.loaded().version())
    }
}

impl Again {
    /// The name without what tells the network from the model: both are of one bundle.
    fn of(&self) -> &str {
        if self.is_network { self.name.strip_suffix(".network").unwrap_or(&self.name) } else { &self.name }
    }
}

impl Source for Again {
    fn load(&self) -> Result<Entry, ServeError> {
        let mut fleet = locked(&self.fleet);
        for at in 0..fleet.members.len() {
            if fleet.members.get(at).is_some_and(|member| member.name == self.of() && member.lanes.is_none())
            {
                fleet.load(at).map_err(|fault| ServeError::Failed(fault.message().to_owned()))?;
            }
        }
        log::event("loaded", json!({"model": self.name}));
        let entry = fleet.entry(&self.name, self.is_network);
        entry.ok_or_else(|| ServeError::Failed("the bundle has no such model".to_owned()))
    }

    fn unloaded(&self) {
        let mut fleet = locked(&self.fleet);
        let of = self.of().to_owned();
        for member in fleet.members.iter_mut().filter(|member| member.name == of) {
            member.lanes = None;
        }
        log::event("unloaded", json!({"model": self.name}));
    }
}
