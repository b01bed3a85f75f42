//! Loads a component with each configuration and makes the calls.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use weir_core::state::StateStore;
use weir_core::{Chain, ChainOptions, Entry, Event, EventName, Interceptor, Mode, Overrides, Payload, Phase, resolve};
use weir_engine::{
    Engine, EngineError, EngineOptions, LoadError, Policy, PolicyOptions, PolicySource, QuarantineOptions,
};
use weir_mcp::interceptors as wire;
use weir_store::{MemoryState, MemoryStateOptions};

use super::case::{Call, Case, CaseFile, compact};
use super::compare::differences;
use super::report::Report;
use super::state::CaseState;
use crate::config::folder::{ReadError, read_bounded};

/// Timeout of a call in a case. A slower policy is too slow to be in the path of a call.
const CALL_CAP: Duration = Duration::from_secs(2);

/// Largest case file accepted.
const MAX_CASES: usize = 16 << 20;

/// Policies by configuration: loading is much slower than a call.
struct Loader<'a> {
    engine: Engine,
    source: &'a PolicySource,
    loaded: HashMap<Option<String>, Result<Arc<Policy>, LoadError>>,
}

/// An engine for one component at a time. No code cache, and no quarantine, since cases may expect failures.
pub fn engine(state: Option<Arc<dyn StateStore>>) -> Result<Engine, EngineError> {
    let state = state.unwrap_or_else(|| Arc::new(MemoryState::new(MemoryStateOptions::default())));
    let quarantine = QuarantineOptions { after: 0, ..QuarantineOptions::default() };
    Engine::new(EngineOptions { call_cap: CALL_CAP, quarantine, max_instances: 8, ..EngineOptions::new(state) })
}

/// Runs all cases of the files, in order.
pub async fn run(source: &PolicySource, files: &[PathBuf]) -> Result<Report, String> {
    let state = Arc::new(CaseState::new());
    let engine = engine(Some(Arc::clone(&state) as _)).map_err(|error| error.to_string())?;
    let mut loader = Loader { engine, source, loaded: HashMap::new() };
    let mut report = Report::new(&source.file);
    let files = files.iter().map(|file| read(file)).collect::<Result<Vec<_>, _>>()?;
    for (file, cases) in files {
        for case in &cases.cases {
            state.clear();
            let failures = loader.case(case).await;
            report.add(&file, &case.name, failures);
        }
    }
    Ok(report)
}

fn read(file: &Path) -> Result<(String, CaseFile), String> {
    let name = file.display().to_string();
    let bytes = read_bounded(file, MAX_CASES).map_err(|error| match error {
        ReadError::Missing => format!("{name}: there is no such file"),
        ReadError::Other(reason) => format!("{name}: {reason}"),
    })?;
    let cases = serde_json::from_slice(&bytes).map_err(|error| format!("{name}: {error}"))?;
    Ok((name, cases))
}

impl Loader<'_> {
    async fn policy(&mut self, config: Option<String>) -> &Result<Arc<Policy>, LoadError> {
        if !self.loaded.contains_key(&config) {
            let options = PolicyOptions { config: config.clone(), ..PolicyOptions::default() };
            let loaded = self.engine.load(self.source, options).await;
            self.loaded.insert(config.clone(), loaded);
        }
        &self.loaded[&config]
    }

    async fn case(&mut self, case: &Case) -> Vec<String> {
        let Case { name: _, config, config_error, calls } = case;
        let loaded = self.policy(config.as_deref().map(compact)).await;
        let policy = match (loaded, config_error) {
            (Ok(_), Some(part)) => return vec![format!("loading: expected an error with {part:?}, but it loaded")],
            (Err(error), Some(part)) => {
                let causes = error.causes().join("; ");
                let same = causes.contains(part);
                return if same {
                    vec![]
                } else {
                    vec![format!("loading: expected an error with {part:?}, came {causes}")]
                };
            }
            (Err(error), None) => return vec![format!("loading: {}", error.causes().join("; "))],
            (Ok(policy), None) => Arc::clone(policy),
        };
        let chain = match chain(policy) {
            Ok(chain) => chain,
            Err(error) => return vec![error],
        };
        let mut failures = Vec::new();
        for (index, call) in calls.iter().enumerate() {
            let found = make(&chain, call).await.unwrap_or_else(|error| vec![error]);
            failures.extend(found.into_iter().map(|failure| format!("call {}: {failure}", index + 1)));
        }
        failures
    }
}

/// A chain of only this policy, active whatever it declares.
fn chain(policy: Arc<Policy>) -> Result<Chain, String> {
    let overrides = Overrides { mode: Some(Mode::Active), fail_open: Some(false), ..Overrides::default() };
    let settings = resolve(policy.declaration(), None, overrides)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let entry = Entry { settings, interceptor: policy as Arc<dyn Interceptor> };
    Chain::new(vec![entry], ChainOptions::default()).map_err(|error| error.to_string())
}

async fn make(chain: &Chain, call: &Call) -> Result<Vec<String>, String> {
    let Call { event, phase, payload, request, context, expect } = call;
    let payload_of = |what: &str, text: &RawValue| {
        Payload::parse(compact(text)).map(Arc::new).map_err(|error| format!("{what} of the case: {error}"))
    };
    let event = Event {
        name: EventName::new(event).map_err(|error| format!("event of the case: {error}"))?,
        phase: Phase::parse(phase)
            .ok_or_else(|| format!("phase of the case: {phase:?} is neither request nor response"))?,
        payload: payload_of("payload", payload)?,
        request: request.as_deref().map(|request| payload_of("request", request)).transpose()?,
        context: Arc::new(
            wire::context(context.as_deref().map_or("{}", |context| context.get()))
                .map_err(|error| error.to_string())?,
        ),
    };
    let result = chain.run(&event, None).await;
    match result.results.first() {
        Some(entry) => Ok(differences(expect, entry)),
        None => Err(match result.not_applicable.first() {
            Some(reason) => format!("the policy did not run: {}", reason.reason),
            None => format!("the policy does not hook {} in phase {}", event.name, event.phase),
        }),
    }
}
