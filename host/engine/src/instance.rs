//! An instance of a policy: created from a template, called, discarded.

use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::{ComponentNamedList, Lift, Resource};
use wasmtime::{Store, UpdateDeadline};
use weir_core::{Fault, FaultKind, Outcome};

use crate::bindings::weir::interceptor::types;
use crate::bindings::{Interceptor, InterceptorPre};
use crate::capability::{PAYLOAD, REQUEST};
use crate::fault::{classify, shorten};
use crate::sandbox::{Call, OutOfTime, Sandbox, Shared};

/// Ticks in the first slice. With one, a call that starts just before a tick would be interrupted at once.
const FIRST_SLICE: u64 = 2;

/// What instances are created from.
#[derive(Clone)]
pub struct Template {
    /// The linked component.
    pub pre: InterceptorPre<Sandbox>,
    /// Shared by all instances.
    pub shared: Arc<Shared>,
    /// The configuration, if every new instance must be configured.
    pub configure: Option<Arc<str>>,
    /// Whether instructions are counted.
    pub metered: bool,
}

/// An instance.
pub struct Instance {
    store: Store<Sandbox>,
    bindings: Interceptor,
    raw: Option<wasmtime::component::Instance>,
    metered: bool,
}

impl Instance {
    /// A configured instance, ready for a call.
    pub async fn fresh(template: &Template, deadline: Instant) -> Result<Self, Fault> {
        let mut store = store(template, deadline)?;
        let bindings = match template.pre.instantiate_async(&mut store).await {
            Ok(bindings) => bindings,
            Err(error) => return Err(classify(&error, &store.data().limiter)),
        };
        let mut instance = Self { store, bindings, raw: None, metered: template.metered };
        if let Some(config) = &template.configure {
            instance.configure(config).await?;
        }
        Ok(instance)
    }

    /// An unconfigured instance whose instrumentation functions can be called, for a snapshot.
    pub async fn open(template: &Template, deadline: Instant) -> Result<Self, Fault> {
        let mut store = store(template, deadline)?;
        let made = match template.pre.instance_pre().instantiate_async(&mut store).await {
            Ok(raw) => Interceptor::new(&mut store, &raw).map(|bindings| (raw, bindings)),
            Err(error) => Err(error),
        };
        match made {
            Ok((raw, bindings)) => Ok(Self { store, bindings, raw: Some(raw), metered: template.metered }),
            Err(error) => Err(classify(&error, &store.data().limiter)),
        }
    }

    /// The component's declaration.
    pub async fn describe(&mut self) -> Result<types::Declaration, Fault> {
        self.arm(None)?;
        let described = self.bindings.weir_interceptor_policy().call_describe(&mut self.store).await;
        described.map_err(|error| self.fault(&error))
    }

    /// Passes in the configuration.
    pub async fn configure(&mut self, config: &str) -> Result<(), Fault> {
        self.arm(None)?;
        let configured = self.bindings.weir_interceptor_policy().call_configure(&mut self.store, config).await;
        match configured {
            Ok(Ok(())) => Ok(()),
            Ok(Err(message)) => Err(Fault::new(FaultKind::Refused, shorten(&message))),
            Err(error) => Err(self.fault(&error)),
        }
    }

    /// Runs the policy on one payload. Also returns the instructions used, if counted.
    pub async fn intercept(
        &mut self,
        call: Call,
        fuel: Option<u64>,
        deadline: Instant,
    ) -> (Result<Outcome, Fault>, Option<u64>) {
        let request = call.event.request.is_some().then(|| Resource::new_borrow(REQUEST));
        self.store.data_mut().begin(call, deadline);
        if let Err(fault) = self.arm(fuel) {
            return (Err(fault), None);
        }
        let policy = self.bindings.weir_interceptor_policy();
        let (handle, payload) = (Resource::new_borrow(0), Resource::new_borrow(PAYLOAD));
        let answered = policy.call_intercept(&mut self.store, handle, payload, request).await;
        let used = if self.metered {
            self.store.get_fuel().ok().map(|left| fuel.unwrap_or(u64::MAX).saturating_sub(left))
        } else {
            None
        };
        let outcome = match answered {
            Ok(Ok(outcome)) => crate::convert::outcome(outcome),
            Ok(Err(message)) => {
                let message = format!("it answered with an error: {}", shorten(&message));
                return (Err(Fault::new(FaultKind::Refused, message)), used);
            }
            Err(error) => return (Err(self.fault(&error)), used),
        };
        (weir_core::check_outcome(outcome), used)
    }

    /// Handles held by the guest.
    pub fn held_resources(&mut self) -> usize {
        self.store.data_mut().table.iter_mut().count()
    }

    /// Calls a function added by the instrumentation.
    pub async fn call_added<R>(&mut self, instance: &str, function: &str) -> wasmtime::Result<R>
    where
        R: Lift + Send + Sync + 'static,
        (R,): ComponentNamedList + Lift,
    {
        let missing = || wasmtime::format_err!("{instance}#{function} is missing");
        let raw = self.raw.ok_or_else(missing)?;
        let (_, outer) = raw.get_export(&mut self.store, None, instance).ok_or_else(missing)?;
        let (_, inner) = raw.get_export(&mut self.store, Some(&outer), function).ok_or_else(missing)?;
        let function = raw.get_typed_func::<(), (R,)>(&mut self.store, inner)?;
        Ok(function.call_async(&mut self.store, ()).await?.0)
    }

    /// Sets the first slice and the budget for the next guest call.
    fn arm(&mut self, fuel: Option<u64>) -> Result<(), Fault> {
        self.store.set_epoch_deadline(FIRST_SLICE);
        if self.metered {
            let set = self.store.set_fuel(fuel.unwrap_or(u64::MAX));
            return set.map_err(|error| self.fault(&error));
        }
        Ok(())
    }

    fn fault(&self, error: &wasmtime::Error) -> Fault {
        classify(error, &self.store.data().limiter)
    }
}

fn store(template: &Template, deadline: Instant) -> Result<Store<Sandbox>, Fault> {
    let sandbox = Sandbox::new(Arc::clone(&template.shared), deadline);
    let mut store = Store::new(template.pre.engine(), sandbox);
    store.limiter(|sandbox| &mut sandbox.limiter);
    store.set_hostcall_fuel(template.shared.limits.output);
    store.set_epoch_deadline(FIRST_SLICE);
    store.epoch_deadline_callback(|context| {
        if Instant::now() >= context.data().deadline { Err(OutOfTime.into()) } else { Ok(UpdateDeadline::Yield(1)) }
    });
    if template.metered {
        // Instantiation also runs guest code. The budget is only for the call, so it is set afterwards.
        let set = store.set_fuel(u64::MAX);
        set.map_err(|error| Fault::new(FaultKind::Unavailable, format!("{error:#}")))?;
    }
    Ok(store)
}
