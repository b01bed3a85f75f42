//! Puts the memory that `configure` left into the component as its initial memory.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wasmtime::component::Lift;
use wasmtime_wizer::{ComponentContext, ComponentInstanceState, Wizer};
use weir_core::{Fault, FaultKind};

use crate::instance::Instance;

/// A component instrumented to give access to its state.
pub struct Instrumented<'a> {
    context: ComponentContext<'a>,
    /// The component to instantiate and configure.
    pub wasm: Vec<u8>,
}

impl<'a> Instrumented<'a> {
    /// Adds the instrumentation. Some components cannot be instrumented; the reason is shown to the operator.
    pub fn new(component: &'a [u8]) -> Result<Self, String> {
        // The crate panics on some malformed input.
        match catch_unwind(AssertUnwindSafe(|| wizer().instrument_component(component))) {
            Ok(Ok((context, wasm))) => Ok(Self { context, wasm }),
            Ok(Err(error)) => Err(format!("it cannot be snapshotted: {error:#}")),
            Err(_) => Err("it cannot be snapshotted: its form is not supported".into()),
        }
    }
}

/// The component as it is after `configure`.
pub async fn take(instrumented: &Instrumented<'_>, mut instance: Instance) -> Result<Vec<u8>, Fault> {
    let held = instance.held_resources();
    if held > 0 {
        let message = format!("configure left {held} resources of the host open");
        return Err(Fault::new(FaultKind::Refused, message));
    }
    let mut state = State(instance);
    let failed = |text: String| Fault::new(FaultKind::Output, format!("it cannot be snapshotted: {text}"));
    wizer().snapshot_component(&instrumented.context, &mut state).await.map_err(|error| failed(format!("{error:#}")))
}

fn wizer() -> Wizer {
    let mut wizer = Wizer::new();
    // Without its initialization function the component would no longer match the world.
    wizer.keep_init_func(true);
    wizer
}

/// Reads the state through the instrumentation functions.
struct State(Instance);

impl State {
    async fn call<R: Lift + Send + Sync + 'static>(&mut self, instance: &str, function: &str) -> R
    where
        (R,): wasmtime::component::ComponentNamedList,
    {
        match self.0.call_added::<R>(instance, function).await {
            Ok(value) => value,
            // The trait cannot return an error. The instrumentation added these functions and they only read existing
            // state, so a guest cannot cause this. If it happens, loading fails with this message.
            #[expect(clippy::panic, reason = "the trait of the snapshot crate cannot fail")]
            Err(error) => panic!("state of a configured instance cannot be read: {error:#}"),
        }
    }
}

impl ComponentInstanceState for State {
    async fn call_func_ret_list_u8(&mut self, instance: &str, func: &str, contents: impl FnOnce(&[u8]) + Send) {
        let bytes: Vec<u8> = self.call(instance, func).await;
        contents(&bytes);
    }

    async fn call_func_ret_s32(&mut self, instance: &str, func: &str) -> i32 {
        self.call(instance, func).await
    }

    async fn call_func_ret_s64(&mut self, instance: &str, func: &str) -> i64 {
        self.call(instance, func).await
    }

    async fn call_func_ret_f32(&mut self, instance: &str, func: &str) -> u32 {
        self.call::<f32>(instance, func).await.to_bits()
    }

    async fn call_func_ret_f64(&mut self, instance: &str, func: &str) -> u64 {
        self.call::<f64>(instance, func).await.to_bits()
    }
}
