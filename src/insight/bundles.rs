//! Which bundle serves: what lies in the models folder, what is wanted, and the way from one to the other.
//!
//! Which bundle is wanted is a row of the store, so that it outlives the process and every replica follows it. A switch
//! verifies the bundle, builds beside the serving one what the bases need of it, writes the row, and swaps. Must not know
//! the wire or how a bundle is made. Invariants: one switch at a time; a bundle that cannot be used changes nothing; a
//! request sees one bundle from beginning to end; where the wanted one cannot be had, another serves and
//! [`BundleDesk::status`] says so.

mod error;
mod folder;

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

pub use error::BundleError;
pub use folder::{BundleFolder, Contents, Facts, Fault};

use self::error::chain;
use super::rounds::Rounds;
use crate::{
    assist::{Live, Model},
    domain::{BundleId, Revision},
    store::{BundleChoice, Store, StoreError},
};

/// So many bundles back one can go.
const MAX_HISTORY: usize = 20;
/// The longest pause between two attempts at a wanted bundle is two to the power of this, in rounds.
const MAX_PAUSE_POWER: u32 = 6;

type Result<T> = std::result::Result<T, BundleError>;

/// What serves, and what should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleStatus {
    pub serving: BundleId,
    pub wanted: BundleId,
    /// Why the wanted one does not serve.
    pub fault: Option<Fault>,
}

/// One bundle of the models folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedBundle {
    pub id: BundleId,
    pub is_serving: bool,
    pub facts: Facts,
}

/// A bundle that was verified and is to serve.
pub struct Switch {
    pub id: BundleId,
    model: Model,
    /// Where it is one to go back to: the choice that this was decided on.
    back: Option<BundleChoice>,
}

/// What the process begins to serve with.
pub struct Begun {
    pub model: Model,
    serving: BundleId,
    revision: Revision,
    fault: Option<Fault>,
}

/// Switches bundles.
pub struct BundleDesk {
    store: Arc<dyn Store>,
    live: Arc<Live>,
    folder: Arc<BundleFolder>,
    /// Wanted where nobody ever chose.
    default: BundleId,
    state: Mutex<State>,
    switching: Mutex<()>,
}

struct State {
    serving: BundleId,
    /// The choice that was acted on.
    seen: Revision,
    fault: Option<Fault>,
    failures: u32,
    rounds_left: u32,
}

/// Loads the bundle that is wanted, or the default one where that cannot be had or the choice cannot be read; fails where
/// the default one cannot be had either.
pub fn begin(store: &dyn Store, folder: &BundleFolder, default: &BundleId) -> Result<Begun> {
    let (revision, loaded) = match store.bundle_choice() {
        Ok(BundleChoice { mut history, revision }) => {
            let wanted = history.pop().unwrap_or_else(|| default.clone());
            (revision, folder.load(&wanted).map(|model| (model, wanted)))
        }
        Err(error) => (Revision(0), Err(error.into())),
    };
    let error = match loaded {
        Ok((model, serving)) => return Ok(Begun { model, serving, revision, fault: None }),
        Err(error) => error,
    };
    let fault = fault_of(&error);
    // Where the default one was wanted, this says the same once more.
    let model = folder.load(default)?;
    tracing::error!(serving = %default, fault.reason, fault.message, "wanted bundle cannot be used");
    Ok(Begun { model, serving: default.clone(), revision, fault: Some(fault) })
}

impl BundleDesk {
    /// Makes the desk of a process that began to serve so.
    pub fn new(
        (store, live): (Arc<dyn Store>, Arc<Live>),
        folder: Arc<BundleFolder>,
        default: BundleId,
        begun: Option<&Begun>,
    ) -> Self {
        let state = State {
            serving: begun.map_or(&default, |begun| &begun.serving).clone(),
            seen: begun.map_or(Revision(0), |begun| begun.revision),
            fault: begun.and_then(|begun| begun.fault.clone()),
            failures: 0,
            rounds_left: 0,
        };
        Self { store, live, folder, default, state: Mutex::new(state), switching: Mutex::new(()) }
    }

    /// Starts a thread that does what the choice says, whoever made it.
    pub fn follow_choice(self: &Arc<Self>, poll_interval: Duration) -> io::Result<Rounds> {
        let desk = Arc::clone(self);
        Rounds::spawn("bundles", poll_interval, move || desk.follow())
    }

    /// Tells what serves, what is wanted, and why that is not the same. Fails where the store cannot be read.
    pub fn status(&self) -> Result<BundleStatus> {
        let wanted = self.wanted(&self.store.bundle_choice()?);
        let state = self.state();
        Ok(BundleStatus { serving: state.serving.clone(), wanted, fault: state.fault.clone() })
    }

    /// Tells what keeps the wanted bundle from serving, without asking the store.
    pub fn fault(&self) -> Option<Fault> {
        self.state().fault.clone()
    }

    /// Lists the bundles of the models folder after one of them, by name and version; at most `limit`, and whether more
    /// follow.
    pub fn list(&self, after: Option<&BundleId>, limit: usize) -> (Vec<ListedBundle>, bool) {
        let ids = self.folder.ids();
        let mut rest = ids.into_iter().filter(|id| after.is_none_or(|after| id > after));
        let listed = rest.by_ref().take(limit).map(|id| self.bundle(&id)).collect();
        (listed, rest.next().is_some())
    }

    /// Tells what one bundle is, on disk or not.
    pub fn bundle(&self, id: &BundleId) -> ListedBundle {
        let is_serving = self.state().serving == *id;
        ListedBundle { id: id.clone(), is_serving, facts: self.folder.facts(id) }
    }

    /// Verifies a bundle that is to serve; fails where anything of it is not as it should be.
    pub fn verify(&self, id: &BundleId) -> Result<Switch> {
        Ok(Switch { id: id.clone(), model: self.folder.load(id)?, back: None })
    }

    /// Verifies the bundle that was wanted before; fails where there is none, it cannot be used, or another is wanted
    /// than `believed` says.
    pub fn verify_earlier(&self, believed: Option<&BundleId>) -> Result<Switch> {
        let mut choice = self.store.bundle_choice()?;
        let wanted = self.wanted(&choice);
        if let Some(believed) = believed.filter(|believed| **believed != wanted) {
            return Err(BundleError::Changed { wanted, believed: believed.clone() });
        }
        choice.history.pop();
        let Some(id) = choice.history.last().cloned() else { return Err(BundleError::NothingEarlier { wanted }) };
        Ok(Switch { model: self.folder.load(&id)?, id, back: Some(choice) })
    }

    /// Makes a verified bundle serve, here at once and on other replicas when they see the choice; `progress` is told
    /// the articles done and in all. Fails where the choice cannot be written, and then the old one serves.
    pub fn switch(&self, switch: Switch, progress: &dyn Fn(u64, u64)) -> Result<()> {
        let Switch { id, model, back } = switch;
        let _switching = self.switching();
        let ready = self.live.prepare(model, progress);
        let revision = match back {
            Some(choice) => self.store.choose_bundle(&choice.history, choice.revision)?,
            None => self.choose(&id)?,
        };
        self.live.switch(&ready);
        self.serves(&id, revision);
        Ok(())
    }

    /// Does what the choice says, where that is not done yet; to be called again and again.
    fn follow(&self) {
        let _switching = self.switching();
        let Ok(choice) = self.store.bundle_choice() else { return };
        let wanted = self.wanted(&choice);
        if !self.is_due(choice.revision) {
            return;
        }
        match self.folder.load(&wanted) {
            Ok(model) => {
                let served = Arc::clone(&self.live.load().shared);
                // A ranker that is not sealed may be another beside the same bundle.
                if served.bundle.hash() != model.bundle.hash() || served.ranker != model.ranker {
                    self.live.switch(&self.live.prepare(model, &|_, _| ()));
                }
                self.serves(&wanted, choice.revision);
            }
            Err(error) => self.fails(&wanted, choice.revision, &error),
        }
    }

    fn is_due(&self, revision: Revision) -> bool {
        let mut state = self.state();
        if state.seen != revision {
            return true;
        }
        let is_failing = state.fault.is_some();
        if is_failing && state.rounds_left > 0 {
            state.rounds_left -= 1;
            return false;
        }
        is_failing
    }

    fn serves(&self, id: &BundleId, revision: Revision) {
        let hash = self.live.load().shared.bundle.hash().to_owned();
        tracing::info!(bundle = %id, hash, "bundle serves");
        let mut state = self.state();
        state.serving = id.clone();
        (state.seen, state.fault, state.failures, state.rounds_left) = (revision, None, 0, 0);
    }

    fn fails(&self, wanted: &BundleId, revision: Revision, error: &BundleError) {
        let fault = fault_of(error);
        let mut state = self.state();
        if state.seen != revision || state.fault.as_ref() != Some(&fault) {
            tracing::error!(%wanted, serving = %state.serving, fault.message, "wanted bundle cannot be used");
        }
        if state.seen != revision {
            state.failures = 0;
        }
        state.failures += 1;
        state.rounds_left = 1 << state.failures.min(MAX_PAUSE_POWER);
        (state.seen, state.fault) = (revision, Some(fault));
    }

    fn wanted(&self, choice: &BundleChoice) -> BundleId {
        choice.history.last().unwrap_or(&self.default).clone()
    }

    /// Writes that a bundle is wanted now, after whatever was wanted before.
    fn choose(&self, id: &BundleId) -> Result<Revision> {
        loop {
            let BundleChoice { mut history, revision } = self.store.bundle_choice()?;
            if history.is_empty() {
                history.push(self.default.clone());
            }
            if history.last() != Some(id) {
                history.push(id.clone());
            }
            history.drain(..history.len().saturating_sub(MAX_HISTORY));
            match self.store.choose_bundle(&history, revision) {
                // Another replica came first: this is the later word.
                Err(StoreError::BundleChoiceChanged) => {}
                chosen => return Ok(chosen?),
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change under the lock is whole by itself.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn switching(&self) -> MutexGuard<'_, ()> {
        self.switching.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fault_of(error: &BundleError) -> Fault {
    Fault { reason: error.reason(), message: chain(error) }
}
