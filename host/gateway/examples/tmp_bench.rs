use std::sync::Arc; use std::time::*; use weir_gateway::*; use http::*; use bytes::Bytes; use http_body_util::*;
use weir_core::*;
struct P; impl Interceptor for P { fn invoke<'a>(&'a self, _i: Invocation<'a>) -> std::pin::Pin<Box<dyn Future<Output=Completed>+Send+'a>> { Box::pin(async { Completed{ended: Ended::Outcome(Outcome::Validation(Validation{valid:true,..Default::default()})), elapsed: Duration::ZERO, fuel: None} }) } }
fn chain(on: bool) -> Arc<Chain> {
  let d = Declaration{name: InterceptorName::new("p").unwrap(), version:None, description:None, kind:Kind::Validation, hooks: vec![Hook{events:vec!["*".into()],phase:Phase::Request}, Hook{events:vec!["*".into()],phase:Phase::Response}], mode:None, fail_open:None, priority_hint:None, compat:None, config_schema:None};
  let e = Entry{settings: resolve(&d,None,Overrides::default()).unwrap(), interceptor: Arc::new(P)};
  Arc::new(Chain::new(if on {vec![e]} else {vec![]}, ChainOptions::default()).unwrap()) }
async fn run(addr: std::net::SocketAddr, path: &str, body: Bytes, n: usize) -> (Duration, Duration) {
  let io = hyper_util::rt::TokioIo::new(tokio::net::TcpStream::connect(addr).await.unwrap());
  let (mut s, c) = hyper::client::conn::http1::handshake(io).await.unwrap(); let t = tokio::spawn(c);
  let mut times = vec![];
  for _ in 0..n { let start=Instant::now(); s.ready().await.unwrap();
    let r = s.send_request(Request::post(path).header("host", addr.to_string()).header("content-type","application/json").body(Full::new(body.clone())).unwrap()).await.unwrap();
    assert!(r.status()==200); r.into_body().collect().await.unwrap(); times.push(start.elapsed()); }
  t.abort(); times.sort(); (times[n/2], times[n*99/100]) }
#[tokio::main(worker_threads=2)] async fn main() {
  let l = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(); let up = l.local_addr().unwrap();
  tokio::spawn(listen::serve_handler(l, Arc::new(|r: Request<Bytes>| Box::pin(async move { let mut x=Response::new(listen::HandlerBody::from(if r.body().len()<10000 {r.into_body()} else {Bytes::from_static(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}")})); x.headers_mut().insert("content-type", HeaderValue::from_static("application/json")); x }) as listen::BoxFuture<_>), std::future::pending()));
  let route = |name: &str, protocol, on| Route{name:name.into(), path: format!("/{name}"), protocol, upstream: format!("http://{up}").parse().unwrap(), server:"s".into(), chain: chain(on), chain_timeout: Duration::from_secs(1), max_body: 4<<20, on_deny: OnDeny::Error, authorization: PassAuthorization::Drop, principal: None};
  let set = RunningSet{epoch:1, routes: Routes::new(vec![route("h0",Protocol::Http,false),route("h1",Protocol::Http,true),route("m0",Protocol::Mcp,false),route("m1",Protocol::Mcp,true)]).unwrap()};
  let g = Gateway::new(GatewayOptions::default(), Arc::new(Silent), set);
  let l = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(); let ga = l.local_addr().unwrap();
  tokio::spawn(async move { g.serve(l, std::future::pending()).await });
  for size in [100usize, 16*1024, 256*1024] {
    let body = Bytes::from(format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"a\":\"{}\"}},\"result\":{{}}}}", "x".repeat(size)).replace(",\"result\":{}", ""));
    for _ in 0..2 { println!("{size} direct {:?}", run(up, "/", body.clone(), 5000).await);
    for p in ["h0","h1","m0","m1"] { println!("{size} {p} {:?}", run(ga, &format!("/{p}"), body.clone(), 5000).await); } } }
}
