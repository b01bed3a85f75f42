//! Chain cases as data: a chain, one event, and the expected result.
//!
//! [`Case::run`] runs a case over interceptors supplied by the caller: scripted ones in memory, or real components. The
//! format is described in `tests/cases/README.md`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use weir_core::chain::Revalidation;
use weir_core::{
    Chain, ChainOptions, Compat, Context, Declaration, Entry, Event, EventName, Hook, Interceptor, InterceptorName,
    Kind, Mode, Overrides, Payload, Phase, Posture, PriorityHint, resolve,
};

use crate::render::render;
use crate::repository::files;

/// One case.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    /// Its title.
    pub name: String,
    /// The chain.
    pub entries: Vec<CaseEntry>,
    /// The route's settings.
    #[serde(default)]
    pub options: CaseOptions,
    chain_timeout_ms: Option<u64>,
    only: Option<Vec<String>>,
    event: Option<String>,
    phase: Option<String>,
    payload: Option<Box<RawValue>>,
    protocol_revision: Option<String>,
    /// The result, or `{"error": …}`.
    pub expect: Value,
}

/// The route's settings.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaseOptions {
    posture: Option<String>,
    #[serde(default)]
    revalidate: bool,
}

/// One policy of the chain: its declaration, the operator's settings, and its behaviour.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaseEntry {
    name: String,
    kind: String,
    hooks: Option<Vec<CaseHook>>,
    mode: Option<String>,
    fail_open: Option<bool>,
    priority_hint: Option<CasePriority>,
    compat: Option<CaseCompat>,
    /// Its behaviour on each call, in the format of the scripted guest.
    pub behaviour: Value,
    #[serde(default)]
    overrides: CaseOverrides,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseHook {
    events: Vec<String>,
    phase: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct CasePriority {
    #[serde(default)]
    request: i32,
    #[serde(default)]
    response: i32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CaseCompat {
    min_protocol: String,
    max_protocol: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CaseOverrides {
    mode: Option<String>,
    fail_open: Option<bool>,
    timeout_ms: Option<u64>,
    fuel: Option<u64>,
    priority_hint: Option<CasePriority>,
    hooks: Option<Vec<CaseHook>>,
}

/// All cases of a folder in `tests/cases`, each with its file.
pub fn cases(folder: &str) -> Vec<(String, Case)> {
    #[derive(Deserialize)]
    struct File {
        cases: Vec<Case>,
    }
    let files = files(&[&format!("tests/cases/{folder}")], ".json");
    assert!(!files.is_empty(), "tests/cases/{folder} holds no cases");
    let read = |text: &str, path: &str| -> File {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    files
        .iter()
        .flat_map(|file| read(&file.text, &file.path).cases.into_iter().map(|case| (file.path.clone(), case)))
        .collect()
}

impl CaseEntry {
    /// The script that makes the scripted guest behave as this policy.
    pub fn script(&self) -> Value {
        let mut script = Map::new();
        script.insert("name".into(), self.name.clone().into());
        script.insert("kind".into(), self.kind.clone().into());
        let hooks = self
            .hooks()
            .into_iter()
            .map(|Hook { events, phase }| serde_json::json!({ "events": events, "phase": phase.as_str() }));
        script.insert("hooks".into(), hooks.collect());
        if let Some(mode) = &self.mode {
            script.insert("mode".into(), mode.clone().into());
        }
        if let Some(fail_open) = self.fail_open {
            script.insert("failOpen".into(), fail_open.into());
        }
        if let Some(CasePriority { request, response }) = self.priority_hint {
            script.insert("priorityHint".into(), serde_json::json!({ "request": request, "response": response }));
        }
        if let Some(CaseCompat { min_protocol, max_protocol }) = &self.compat {
            script.insert(
                "compat".into(),
                serde_json::json!({ "minProtocol": min_protocol, "maxProtocol": max_protocol }),
            );
        }
        script.insert("behaviour".into(), self.behaviour.clone());
        Value::Object(script)
    }

    /// The same, as core's type.
    pub fn declaration(&self) -> Declaration {
        Declaration {
            name: InterceptorName::new(&self.name).unwrap(),
            version: None,
            description: None,
            kind: self.kind(),
            hooks: self.hooks(),
            mode: self.mode.as_deref().map(mode),
            fail_open: self.fail_open,
            priority_hint: self.priority_hint.map(priority),
            compat: self
                .compat
                .clone()
                .map(|CaseCompat { min_protocol, max_protocol }| Compat { min_protocol, max_protocol }),
            config_schema: None,
        }
    }

    /// Whether the operator set a budget, so that instructions must be counted.
    pub fn is_metered(&self) -> bool {
        self.overrides.fuel.is_some()
    }

    /// What it may do.
    pub fn kind(&self) -> Kind {
        match self.kind.as_str() {
            "validation" => Kind::Validation,
            "mutation" => Kind::Mutation,
            other => panic!("kind {other:?} is neither validation nor mutation"),
        }
    }

    /// Every event in both phases, unless the case overrides it.
    fn hooks(&self) -> Vec<Hook> {
        match &self.hooks {
            Some(given) => given.iter().map(hook).collect(),
            None => [Phase::Request, Phase::Response].map(|phase| Hook { events: vec!["*".into()], phase }).to_vec(),
        }
    }

    fn overrides(&self) -> Overrides {
        let CaseOverrides { mode: chosen, fail_open, timeout_ms, fuel, priority_hint, hooks } = self.overrides.clone();
        Overrides {
            mode: chosen.as_deref().map(mode),
            fail_open,
            timeout: timeout_ms.map(Duration::from_millis),
            fuel,
            priority_hint: priority_hint.map(priority),
            hooks: hooks.map(|hooks| hooks.iter().map(hook).collect()),
        }
    }
}

impl Case {
    /// Runs the case over those interceptors, one per entry, each with its declaration. The error shows the actual
    /// result if it is not the expected one.
    pub async fn run(&self, interceptors: Vec<(Declaration, Arc<dyn Interceptor>)>) -> Result<(), String> {
        let got = match self.outcome(interceptors).await {
            Ok(result) => result,
            Err(error) => match self.expect.get("error").and_then(Value::as_str) {
                Some(part) if error.contains(part) => return Ok(()),
                _ => serde_json::json!({ "error": error }),
            },
        };
        if got == self.expect { Ok(()) } else { Err(format!("expected {}\n     but got {got}", self.expect)) }
    }

    async fn outcome(&self, interceptors: Vec<(Declaration, Arc<dyn Interceptor>)>) -> Result<Value, String> {
        let mut entries = Vec::new();
        for (entry, (declaration, interceptor)) in self.entries.iter().zip(interceptors) {
            let settings = resolve(&declaration, None, entry.overrides())
                .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
            entries.push(Entry { settings, interceptor });
        }
        let chain = Chain::new(entries, self.options()).map_err(|error| error.to_string())?;
        let deadline = self.chain_timeout_ms.map(|timeout| Instant::now() + Duration::from_millis(timeout));
        let event = self.event();
        let result = match &self.only {
            None => chain.run(&event, deadline).await,
            Some(names) => {
                let names: Vec<_> = names.iter().map(|name| InterceptorName::new(name).unwrap()).collect();
                chain.run_only(&names, &event, deadline).await.map_err(|error| error.to_string())?
            }
        };
        Ok(render(&result))
    }

    fn options(&self) -> ChainOptions {
        let posture = match self.options.posture.as_deref() {
            None | Some("client") => Posture::Client,
            Some("server") => Posture::Server,
            Some(other) => panic!("posture {other:?} is neither client nor server"),
        };
        let revalidation = if self.options.revalidate { Revalidation::AfterMutation } else { Revalidation::Off };
        ChainOptions { posture, revalidation }
    }

    fn event(&self) -> Event {
        let payload = self.payload.as_deref().map_or(r#"{"x":1}"#, RawValue::get);
        Event {
            name: EventName::new(self.event.as_deref().unwrap_or("tools/call")).unwrap(),
            phase: phase(self.phase.as_deref().unwrap_or("request")),
            payload: Arc::new(Payload::parse(payload).unwrap()),
            request: None,
            context: Arc::new(Context {
                timestamp: "2026-01-01T00:00:00Z".into(),
                protocol_revision: self.protocol_revision.clone(),
                ..Context::default()
            }),
        }
    }
}

fn hook(hook: &CaseHook) -> Hook {
    Hook { events: hook.events.clone(), phase: phase(&hook.phase) }
}

fn phase(word: &str) -> Phase {
    Phase::parse(word).unwrap_or_else(|| panic!("phase {word:?} is neither request nor response"))
}

fn mode(word: &str) -> Mode {
    match word {
        "active" => Mode::Active,
        "audit" => Mode::Audit,
        other => panic!("mode {other:?} is neither active nor audit"),
    }
}

fn priority(CasePriority { request, response }: CasePriority) -> PriorityHint {
    PriorityHint { request, response }
}
