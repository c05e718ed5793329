//! The models of a server: names are keys of a map, so that nothing of a request ever becomes a path.
//!
//! A name has a champion, whose answers clients get, a challenger that may answer some of them or all of them unseen, and further versions that
//! are asked for by number. A change replaces the entry of a name: requests that hold the old one end with it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::observe::Role;
use crate::stats::Counted;
use crate::{ApiError, ErrorKind, Lane, ServeError};

/// What a challenger gets of a champion's traffic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// The share of requests that it answers, of 1, chosen by their ids.
    pub canary: f64,
    /// Whether it is asked about the others too, with nobody told its answers but the observer.
    pub shadow: bool,
}

/// A name and who answers for it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The version in use.
    pub champion: Arc<Lane>,
    /// The one that may take its place.
    pub challenger: Option<(Arc<Lane>, Share)>,
    /// Further versions, asked for by name alone.
    pub others: Vec<Arc<Lane>>,
}

impl Entry {
    /// A champion alone.
    pub fn of(champion: Arc<Lane>) -> Self {
        Self { champion, challenger: None, others: Vec::new() }
    }

    /// Every version, the champion first.
    pub fn lanes(&self) -> impl Iterator<Item = &Arc<Lane>> {
        let challenger = self.challenger.iter().map(|(lane, _)| lane);
        std::iter::once(&self.champion).chain(challenger).chain(&self.others)
    }
}

/// Loads a model again after it was unloaded, from where the operator has said; what a client sends has no part in it.
pub trait Source: Send + Sync + std::fmt::Debug {
    /// The model, loaded and warm.
    fn load(&self) -> Result<Entry, ServeError>;
    /// The model was unloaded: what is still held of it can go.
    fn unloaded(&self);
}

/// Who answers a request.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    /// The model.
    pub(crate) lane: Arc<Lane>,
    /// In which role.
    pub(crate) role: Role,
    /// Who is asked as well, for comparison.
    pub(crate) shadow: Option<Arc<Lane>>,
}

#[derive(Debug)]
enum State {
    Loaded(Entry),
    Unloaded,
}

/// All models.
#[derive(Debug, Default)]
pub struct Hub {
    models: RwLock<BTreeMap<String, State>>,
    sources: RwLock<BTreeMap<String, Arc<dyn Source>>>,
    is_open: AtomicBool,
    was_open: AtomicBool,
}

/// Whether a text can be the name or the version of a model.
pub fn is_name(text: &str, most: usize) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !text.is_empty() && text.len() <= most && !text.starts_with('.') && text.bytes().all(is_plain)
}

impl Hub {
    /// Puts a model in the place of its name.
    pub fn deploy(&self, name: &str, entry: Entry) {
        self.models_mut().insert(name.to_owned(), State::Loaded(entry));
    }

    /// Where a name is loaded from after it was unloaded.
    pub fn add_source(&self, name: &str, source: Arc<dyn Source>) {
        self.sources.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), source);
    }

    /// Says that everything is loaded and requests may come, or that no more may.
    pub fn set_open(&self, is_open: bool) {
        self.is_open.store(is_open, Ordering::SeqCst);
        self.was_open.fetch_or(is_open, Ordering::SeqCst);
    }

    /// Whether the server is ready: it is open, and every model is there.
    pub fn is_ready(&self) -> bool {
        self.is_open.load(Ordering::SeqCst)
            && self.models().values().all(|state| matches!(state, State::Loaded(_)))
    }

    /// Whether requests may come.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::SeqCst)
    }

    /// Whether it was open and is to end.
    pub(crate) fn is_ending(&self) -> bool {
        self.was_open.load(Ordering::SeqCst) && !self.is_open()
    }

    /// A map is whole at every moment, whatever panicked.
    fn models(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, State>> {
        self.models.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn models_mut(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<String, State>> {
        self.models.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The entry of a name.
    pub fn entry(&self, name: &str) -> Result<Entry, ApiError> {
        match self.models().get(name) {
            Some(State::Loaded(entry)) => Ok(entry.clone()),
            Some(State::Unloaded) => {
                Err(ApiError::new(ErrorKind::Unavailable, format!("the model `{name}` is not loaded")))
            }
            None if !self.was_open.load(Ordering::SeqCst) => {
                Err(ApiError::new(ErrorKind::Unavailable, "models are still being loaded"))
            }
            None => Err(ApiError::new(ErrorKind::NotFound, "there is no model of this name")),
        }
    }

    /// A version of a name; the champion where none is named.
    pub(crate) fn lane(&self, name: &str, version: Option<&str>) -> Result<Arc<Lane>, ApiError> {
        let entry = self.entry(name)?;
        let Some(version) = version.filter(|version| !version.is_empty()) else { return Ok(entry.champion) };
        let found = entry.lanes().find(|lane| lane.loaded().version() == version).cloned();
        found.ok_or_else(|| {
            ApiError::new(ErrorKind::NotFound, format!("the model `{name}` has no such version"))
        })
    }

    /// Who answers the request of an id. A version that is named answers itself.
    pub(crate) fn choose(&self, name: &str, version: Option<&str>, id: &str) -> Result<Chosen, ApiError> {
        if version.is_some_and(|version| !version.is_empty()) {
            return Ok(Chosen { lane: self.lane(name, version)?, role: Role::Champion, shadow: None });
        }
        let entry = self.entry(name)?;
        let Some((challenger, share)) = entry.challenger else {
            return Ok(Chosen { lane: entry.champion, role: Role::Champion, shadow: None });
        };
        if place(id) < share.canary {
            return Ok(Chosen { lane: challenger, role: Role::Challenger, shadow: None });
        }
        let shadow = share.shadow.then_some(challenger);
        Ok(Chosen { lane: entry.champion, role: Role::Champion, shadow })
    }

    /// Every name, and its entry where it is loaded.
    pub(crate) fn list(&self) -> Vec<(String, Option<Entry>)> {
        let of = |state: &State| if let State::Loaded(entry) = state { Some(entry.clone()) } else { None };
        self.models().iter().map(|(name, state)| (name.clone(), of(state))).collect()
    }

    /// Lets go of a model; its memory is free when the last request that uses it has ended.
    pub(crate) fn unload(&self, name: &str) -> Result<(), ApiError> {
        self.entry(name)?;
        let source = self.source(name)?;
        self.models_mut().insert(name.to_owned(), State::Unloaded);
        source.unloaded();
        Ok(())
    }

    /// Loads a model that was unloaded; one that is loaded stays until the new one is there.
    pub(crate) fn load(&self, name: &str) -> Result<(), ApiError> {
        let entry = self.source(name)?.load()?;
        self.deploy(name, entry);
        Ok(())
    }

    fn source(&self, name: &str) -> Result<Arc<dyn Source>, ApiError> {
        let source = self.sources.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        source.ok_or_else(|| ApiError::new(ErrorKind::NotFound, "there is no model of this name"))
    }

    /// Shows what was counted of every version.
    pub(crate) fn with_counts<T>(&self, show: impl FnOnce(&[Counted<'_>]) -> T) -> T {
        let list = self.list();
        let lanes: Vec<&Arc<Lane>> =
            list.iter().filter_map(|(_, entry)| entry.as_ref()).flat_map(Entry::lanes).collect();
        let counted: Vec<Counted<'_>> =
            lanes.iter().map(|lane| (lane.loaded().name(), lane.loaded().version(), lane.stats())).collect();
        show(&counted)
    }
}

/// Where an id lies between 0 and 1: the same at every start and on every machine.
fn place(id: &str) -> f64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(id.as_bytes());
    (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fixture::Pens;
    use crate::{Batching, Loaded, Telling};

    fn lane(version: &str) -> Arc<Lane> {
        let batching = Batching { rows: 16, delay: Duration::ZERO, queue: 16, threads: 1 };
        let telling = Telling { observer: None, unix_ms: || 0, turns: Arc::new(crate::Turns::new(2)) };
        Lane::start(Loaded::Rows(Arc::new(Pens::new(version, 0))), batching, telling).unwrap()
    }

    #[derive(Debug)]
    struct Drawer;

    impl Source for Drawer {
        fn load(&self) -> Result<Entry, ServeError> {
            Ok(Entry::of(lane("9")))
        }

        fn unloaded(&self) {}
    }

    #[test]
    fn a_challenger_gets_its_share_by_id() {
        let hub = Hub::default();
        let share = Share { canary: 0.1, shadow: true };
        let entry =
            Entry { challenger: Some((lane("2"), share)), others: vec![lane("3")], ..Entry::of(lane("1")) };
        hub.deploy("pens", entry);
        let mut challenged = 0;
        for id in 0..10_000 {
            let chosen = hub.choose("pens", None, &id.to_string()).unwrap();
            let version = chosen.lane.loaded().version();
            match chosen.role {
                Role::Challenger => {
                    assert!(version == "2" && chosen.shadow.is_none());
                    challenged += 1;
                }
                _ => assert!(version == "1" && chosen.shadow.is_some()),
            }
        }
        assert!((850..1_150).contains(&challenged), "{challenged}");
        assert_eq!(hub.choose("pens", Some("3"), "x").unwrap().lane.loaded().version(), "3");
        assert_eq!(hub.choose("pens", Some("4"), "x").unwrap_err().kind, ErrorKind::NotFound);
        hub.set_open(true);
        assert_eq!(hub.choose("Pens", None, "x").unwrap_err().kind, ErrorKind::NotFound);
    }

    #[test]
    fn what_is_unloaded_makes_the_server_not_ready() {
        let hub = Hub::default();
        hub.deploy("pens", Entry::of(lane("1")));
        assert!(!hub.is_ready());
        hub.set_open(true);
        assert!(hub.is_ready());
        assert_eq!(hub.unload("pens").unwrap_err().kind, ErrorKind::NotFound, "nobody could load it again");
        hub.add_source("pens", Arc::new(Drawer));
        hub.unload("pens").unwrap();
        assert!(!hub.is_ready() && hub.entry("pens").unwrap_err().kind == ErrorKind::Unavailable);
        hub.load("pens").unwrap();
        assert!(hub.is_ready() && hub.lane("pens", Some("9")).is_ok());
    }

    #[test]
    fn names_are_plain() {
        for name in ["a", "adult-2.1_b"] {
            assert!(is_name(name, 255), "{name}");
        }
        for name in ["", ".", "..", ".a", "a/b", "a%2e", "a b", "ä", "a\0", "C:", &"a".repeat(256)] {
            assert!(!is_name(name, 255), "{name}");
        }
    }
}
