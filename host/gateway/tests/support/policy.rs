//! Policies as closures over what they are shown.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use weir_core::{
    BoxFuture, Change, Completed, Declaration, Ended, Entry, Fault, FaultKind, Finding, Hook, Interceptor,
    InterceptorName, Invocation, Kind, Mutation, Outcome, Overrides, Phase, Severity, Validation, resolve,
};
use weir_interceptors::{ConfigError, Configurable, ServedPolicy};

type Decide = Box<dyn Fn(&Invocation<'_>) -> Ended + Send + Sync>;

/// A policy that hooks one event pattern in the given phases.
pub struct Policy {
    declaration: Declaration,
    decide: Decide,
    pause: Pause,
}

struct Running {
    decide: Decide,
    pause: Pause,
}

/// What comes before an answer.
#[derive(Default)]
struct Pause {
    time: Option<Duration>,
    begun: Option<Arc<Notify>>,
    dropped: Option<Arc<dyn Fn() + Send + Sync>>,
}

struct OnDrop(Option<Arc<dyn Fn() + Send + Sync>>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(told) = self.0.take() {
            told();
        }
    }
}

fn policy(name: &str, kind: Kind, events: &str, phases: &[Phase], decide: Decide) -> Policy {
    let hooks = phases.iter().map(|phase| Hook { events: vec![events.to_owned()], phase: *phase }).collect();
    let declaration = Declaration {
        name: InterceptorName::new(name).unwrap(),
        version: None,
        description: None,
        kind,
        hooks,
        mode: None,
        fail_open: None,
        priority_hint: None,
        compat: None,
        config_schema: None,
    };
    Policy { declaration, decide, pause: Pause::default() }
}

/// Answers as the closure says: `None` is valid, a message is an error.
pub fn validator(
    events: &str,
    phases: &[Phase],
    judge: impl Fn(&Invocation<'_>) -> Option<String> + Send + Sync + 'static,
) -> Policy {
    let decide = move |invocation: &Invocation<'_>| {
        let findings: Vec<Finding> = judge(invocation)
            .map(|message| Finding { path: Some("/x".to_owned()), message, severity: Severity::Error })
            .into_iter()
            .collect();
        Ended::Outcome(Outcome::Validation(Validation {
            valid: findings.is_empty(),
            findings,
            ..Validation::default()
        }))
    };
    policy("guard", Kind::Validation, events, phases, Box::new(decide))
}

/// Denies what contains a text.
pub fn deny_if(events: &str, phases: &[Phase], text: &'static str) -> Policy {
    validator(events, phases, move |invocation| {
        invocation.payload.text().contains(text).then(|| format!("found {text}"))
    })
}

/// Answers with the payload that the closure makes; `None` leaves it.
pub fn mutator(
    events: &str,
    phases: &[Phase],
    change: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> Policy {
    let decide = move |invocation: &Invocation<'_>| {
        let change = change(invocation.payload.text()).map_or(Change::Unmodified, Change::Replace);
        Ended::Outcome(Outcome::Mutation(Mutation { change, info: None }))
    };
    policy("editor", Kind::Mutation, events, phases, Box::new(decide))
}

/// Sleeps before it allows, and tells when it is dropped while it sleeps.
pub fn sleeper(events: &str, phases: &[Phase], pause: Duration, dropped: impl Fn() + Send + Sync + 'static) -> Policy {
    let mut policy = validator(events, phases, |_| None);
    policy.pause = Pause { time: Some(pause), begun: None, dropped: Some(Arc::new(dropped)) };
    policy
}

impl Policy {
    pub fn named(mut self, name: &str) -> Self {
        self.declaration.name = InterceptorName::new(name).unwrap();
        self
    }

    /// Tells when it begins to sleep.
    pub fn telling(mut self, begun: &Arc<Notify>) -> Self {
        self.pause.begun = Some(Arc::clone(begun));
        self
    }

    /// Fails on every call.
    pub fn failing(mut self) -> Self {
        self.decide = Box::new(|_| Ended::Fault(Fault::new(FaultKind::Trap, "secret cause of the trap")));
        self
    }

    /// Panics on every call, as no host may.
    pub fn panicking(mut self) -> Self {
        self.decide = Box::new(|_| panic!("a bug in the host"));
        self
    }

    /// Asks a person.
    pub fn asking(mut self, question: &'static str) -> Self {
        self.decide = Box::new(move |_| {
            let validation = Validation { valid: true, ask: Some(question.to_owned()), ..Validation::default() };
            Ended::Outcome(Outcome::Validation(validation))
        });
        self
    }

    /// Changes what it declares.
    pub fn declaring(mut self, change: impl FnOnce(&mut Declaration)) -> Self {
        change(&mut self.declaration);
        self
    }

    /// As the interceptor server has it.
    pub fn served(self, overrides: Overrides) -> ServedPolicy {
        let settings = resolve(&self.declaration, None, overrides).unwrap();
        let Self { declaration, decide, pause } = self;
        let policy = Arc::new(Served { running: Arc::new(Running { decide, pause }) });
        ServedPolicy { settings, declaration, policy }
    }

    pub fn entry(self) -> Entry {
        let settings = resolve(&self.declaration, None, Overrides::default()).unwrap();
        let Self { declaration: _, decide, pause } = self;
        Entry { settings, interceptor: Arc::new(Running { decide, pause }) }
    }
}

/// A policy that callers may configure: `deny` names a text that is then denied, anything else is refused.
pub struct Served {
    running: Arc<Running>,
}

impl Configurable for Served {
    fn loaded(&self) -> Arc<dyn Interceptor> {
        Arc::clone(&self.running) as _
    }

    fn configured<'a>(
        &'a self,
        config: &'a str,
        _: Instant,
    ) -> BoxFuture<'a, Result<Arc<dyn Interceptor>, ConfigError>> {
        let config: serde_json::Value = serde_json::from_str(config).unwrap();
        Box::pin(async move {
            let deny = config["deny"].as_str().ok_or_else(|| ConfigError::Refused("secret cause".to_owned()))?;
            let deny = deny.to_owned();
            let configured = validator("*", &[Phase::Request], move |invocation| {
                invocation.payload.text().contains(&deny).then(|| format!("configured to deny {deny}"))
            });
            Ok(configured.entry().interceptor)
        })
    }
}

impl Interceptor for Running {
    fn invoke<'a>(
        &'a self,
        invocation: Invocation<'a>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Completed> + Send + 'a>> {
        Box::pin(async move {
            let started = Instant::now();
            let done = |ended| Completed { ended, elapsed: started.elapsed(), fuel: None };
            if let Some(pause) = self.pause.time {
                let mut guard = OnDrop(self.pause.dropped.clone());
                if let Some(begun) = &self.pause.begun {
                    begun.notify_one();
                }
                let deadline = invocation.limits.deadline(started, Duration::from_secs(3600));
                let left = deadline.at.saturating_duration_since(started);
                tokio::time::sleep(pause.min(left)).await;
                guard.0 = None;
                if left < pause {
                    return done(deadline.ended(started));
                }
            }
            done((self.decide)(&invocation))
        })
    }
}
