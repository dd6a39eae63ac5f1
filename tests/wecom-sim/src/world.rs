//! The whole state of one simulator, and what every call passes through on arrival.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use crate::access::Access;
use crate::calls::Call;
use crate::command::{Command, CommandError, Counts, Outcome, SettingsPatch};
use crate::config::SimConfig;
use crate::faults::{At, Fault, Faults, Struck};
use crate::limits::Limits;
use crate::org::Org;

/// Shared by the server and every `Control`.
pub(crate) struct World {
    settings: RwLock<SimConfig>,
    org: RwLock<Org>,
    access: Mutex<Access>,
    limits: Mutex<Limits>,
    traffic: Mutex<Traffic>,
    in_flight: AtomicU64,
    started: Instant,
    advanced_seconds: AtomicU64,
}

/// What was called, and what is to happen on later calls.
#[derive(Default)]
struct Traffic {
    calls: u64,
    by_call: BTreeMap<Call, u64>,
    by_peer: BTreeMap<IpAddr, u64>,
    max_in_flight: u64,
    faults: Faults,
    hooks: BTreeMap<u64, Vec<Command>>,
    hook_failures: Vec<CommandError>,
}

/// One call on its way; it is in flight until this is dropped.
pub(crate) struct Arrival {
    /// Its index among all calls.
    pub index: u64,
    pub struck: Struck,
    /// Calls in flight, this one included.
    pub in_flight: u64,
    world: Arc<World>,
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.world.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

impl World {
    pub(crate) fn new(settings: SimConfig) -> Self {
        let org = Org::generate(settings.seed, settings.people, settings.departments);
        Self {
            settings: RwLock::new(settings),
            org: RwLock::new(org),
            access: Mutex::default(),
            limits: Mutex::default(),
            traffic: Mutex::default(),
            in_flight: AtomicU64::new(0),
            started: Instant::now(),
            advanced_seconds: AtomicU64::new(0),
        }
    }

    pub(crate) fn settings(&self) -> RwLockReadGuard<'_, SimConfig> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn org(&self) -> RwLockReadGuard<'_, Org> {
        self.org.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn org_mut(&self) -> RwLockWriteGuard<'_, Org> {
        self.org.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn access(&self) -> MutexGuard<'_, Access> {
        locked(&self.access)
    }

    pub(crate) fn limits(&self) -> MutexGuard<'_, Limits> {
        locked(&self.limits)
    }

    /// The simulator's clock: real time since the start, and what commands added to it.
    pub(crate) fn now(&self) -> Duration {
        let added = self.advanced_seconds.load(Ordering::SeqCst);
        self.started.elapsed() + Duration::from_secs(added)
    }

    /// Counts the call, runs what was to happen just before it, and says what strikes it.
    pub(crate) fn arrive(self: &Arc<Self>, call: Call, ip: IpAddr) -> Arrival {
        let in_flight = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        let (index, struck, hooks) = {
            let mut traffic = locked(&self.traffic);
            let index = traffic.calls;
            traffic.calls += 1;
            traffic.max_in_flight = traffic.max_in_flight.max(in_flight);
            *traffic.by_peer.entry(ip).or_default() += 1;
            let seen = traffic.by_call.entry(call).or_default();
            let nth = *seen;
            *seen += 1;
            let struck = traffic.faults.strike(call, index, nth);
            (
                index,
                struck,
                traffic.hooks.remove(&index).unwrap_or_default(),
            )
        };
        for command in hooks {
            if let Err(failure) = self.run(command) {
                locked(&self.traffic).hook_failures.push(failure);
            }
        }
        Arrival {
            index,
            struck,
            in_flight,
            world: Arc::clone(self),
        }
    }

    pub(crate) fn run(&self, command: Command) -> Result<Outcome, CommandError> {
        match command {
            Command::Fault(fault) => self.set_fault(fault)?,
            Command::OnCall { index, command } => {
                locked(&self.traffic)
                    .hooks
                    .entry(index)
                    .or_default()
                    .push(*command);
            }
            Command::ClearFaults => {
                let mut traffic = locked(&self.traffic);
                traffic.faults.clear();
                traffic.hooks.clear();
            }
            Command::ResetCounts => self.reset_counts(),
            Command::ExpireTokens => self.access().expire_tokens(),
            Command::ForgetTokens => self.access().forget_tokens(),
            Command::AdvanceClock { seconds } => {
                self.advanced_seconds.fetch_add(seconds, Ordering::SeqCst);
            }
            Command::Configure(patch) => self.configure(patch),
            Command::ResetOrg => {
                let settings = self.settings();
                let org = Org::generate(settings.seed, settings.people, settings.departments);
                *self.org_mut() = org;
            }
            other => return self.org_mut().change(other),
        }
        Ok(Outcome::default())
    }

    fn set_fault(&self, fault: Fault) -> Result<(), CommandError> {
        if let At::Kind(name, _) = &fault.at
            && !Call::ALL.iter().any(|call| call.name() == name)
        {
            return Err(CommandError::NoCall(name.clone()));
        }
        locked(&self.traffic).faults.set(fault);
        Ok(())
    }

    fn reset_counts(&self) {
        let mut traffic = locked(&self.traffic);
        traffic.calls = 0;
        traffic.max_in_flight = 0;
        traffic.by_call.clear();
        traffic.by_peer.clear();
    }

    fn configure(&self, patch: SettingsPatch) {
        let new_secret = patch.secret.is_some() || patch.contact_secret.is_some();
        self.settings
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .apply(patch);
        if new_secret {
            self.access().forget_tokens();
        }
    }

    pub(crate) fn calls(&self) -> Counts {
        let traffic = locked(&self.traffic);
        traffic
            .by_call
            .iter()
            .map(|(call, count)| (call.name().to_owned(), *count))
            .collect()
    }

    pub(crate) fn calls_by_peer(&self) -> Counts {
        let traffic = locked(&self.traffic);
        traffic
            .by_peer
            .iter()
            .map(|(peer, count)| (peer.to_string(), *count))
            .collect()
    }

    pub(crate) fn max_in_flight(&self) -> u64 {
        locked(&self.traffic).max_in_flight
    }

    pub(crate) fn hook_failures(&self) -> Vec<CommandError> {
        locked(&self.traffic).hook_failures.clone()
    }
}

/// A panic elsewhere leaves the state usable: every change is made in one step.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
