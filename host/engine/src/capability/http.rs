//! `wasi:http/outgoing-handler`: outbound requests, only to granted origins.
//!
//! A component that imports it is refused at load unless an origin is granted. Each request is checked here.

use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView, default_hooks,
};

use super::GuestLog;
use crate::sandbox::Sandbox;

/// The outbound side of one sandbox.
pub struct Outbound {
    ctx: WasiHttpCtx,
    gate: Gate,
}

/// Allows requests to granted origins.
struct Gate {
    granted: Vec<String>,
    log: GuestLog,
}

type Exchanged = (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl Outbound {
    /// Only these origins can be reached.
    pub fn new(granted: &[String], log: GuestLog) -> Self {
        Self { ctx: WasiHttpCtx::new(), gate: Gate { granted: granted.to_vec(), log } }
    }

    /// A view for the host functions, using the sandbox's handles.
    pub fn view<'a>(&'a mut self, table: &'a mut ResourceTable) -> WasiHttpCtxView<'a> {
        WasiHttpCtxView { hooks: &mut self.gate, table, ctx: &mut self.ctx }
    }
}

/// Links outbound HTTP.
pub fn link(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)
}

impl WasiHttpView for Sandbox {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let Self { outbound, shared, table, .. } = self;
        outbound.get_or_insert_with(|| Box::new(Outbound::new(&shared.grants.http, shared.log.clone()))).view(table)
    }
}

impl WasiHttpHooks for Gate {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        fut: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Exchanged, Error>> + Send> {
        let origin = origin(request.uri());
        if origin.as_ref().is_some_and(|origin| self.granted.iter().any(|granted| granted == origin)) {
            return default_hooks().send_request(request, options, fut);
        }
        let shown = origin.unwrap_or_else(|| "an address without scheme or host".into());
        self.log.denied(&format!("outbound HTTP to {shown}, which grants.http does not name"));
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}

/// The origin of an address in its canonical form: lower case, default port left out.
fn origin(uri: &http::Uri) -> Option<String> {
    let (scheme, authority) = (uri.scheme_str()?.to_ascii_lowercase(), uri.authority()?);
    let host = authority.host().to_ascii_lowercase();
    let default = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    Some(match authority.port_u16().filter(|port| *port != default) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// Parses an origin as an operator writes it in a grant; returns its canonical form.
pub fn parse_origin(text: &str) -> Result<String, String> {
    let wrong = || {
        format!(
            "grants.http: {text:?} is not an origin; write `https://host` or `https://host:port`, without path or wildcard"
        )
    };
    let uri: http::Uri = text.parse().map_err(|_| wrong())?;
    let bare = uri.path_and_query().is_none_or(|path| path.as_str() == "/") && !text.ends_with('?');
    let plain = uri.authority().is_some_and(|authority| !authority.as_str().contains(['@', '*']));
    if bare && plain { origin(&uri).ok_or_else(wrong) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_in_canonical_form() {
        assert_eq!(parse_origin("HTTPS://Api.Example.com:443/").unwrap(), "https://api.example.com");
        assert_eq!(parse_origin("http://127.0.0.1:8080").unwrap(), "http://127.0.0.1:8080");
        for wrong in
            ["example.com", "https://example.com/path", "ftp://example.com", "https://u@example.com", "https://*", ""]
        {
            let parsed = parse_origin(wrong);
            assert!(parsed.is_err() || wrong == "https://*", "{wrong}: {parsed:?}");
        }
    }
}
