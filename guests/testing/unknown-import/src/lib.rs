//! Imports an interface that nobody provides. The SDK only supports the policy world, so this uses the raw bindings.

mod bindings {
    wit_bindgen::generate!({
        inline: "
            package weir-test:unknown@1.0.0;

            interface thing {
                ping: func() -> u32;
            }

            world with-unknown {
                include weir:interceptor/interceptor@0.1.0;
                import thing;
            }
        ",
        path: "../../../wit",
        world: "weir-test:unknown/with-unknown",
        generate_all,
    });
}

use bindings::exports::weir::interceptor::policy::{Declaration, Guest, Outcome};
use bindings::weir::interceptor::types::{Call, Document, Hook, Kind, Phase, Validation};
use bindings::weir_test::unknown::thing;

struct UnknownImport;

impl Guest for UnknownImport {
    fn describe() -> Declaration {
        Declaration {
            name: "unknown-import".to_owned(),
            version: None,
            description: None,
            kind: Kind::Validation,
            hooks: vec![Hook { events: vec!["*".to_owned()], phase: Phase::Request }],
            mode: None,
            fail_open: None,
            priority_hint: None,
            compat: None,
            config_schema: None,
        }
    }

    fn configure(_config: String) -> Result<(), String> {
        Ok(())
    }

    fn intercept(_call: &Call, _payload: &Document, _request: Option<&Document>) -> Result<Outcome, String> {
        Ok(Outcome::Validation(Validation {
            valid: thing::ping() == 0,
            severity: None,
            findings: Vec::new(),
            suggestions: Vec::new(),
            ask: None,
            info: None,
        }))
    }
}

bindings::export!(UnknownImport with_types_in bindings);
