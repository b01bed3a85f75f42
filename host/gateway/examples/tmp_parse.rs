use std::time::*; use weir_core::Payload;
fn t(name:&str, mut f: impl FnMut()) { let mut v=vec![]; for _ in 0..300 { let s=Instant::now(); f(); v.push(s.elapsed()); } v.sort(); println!("{name} {:?}", v[150]); }
fn exceeds(text: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_string, mut bytes) = (0usize, false, text.iter());
    while let Some(byte) = bytes.next() { match byte { b'"' => in_string = !in_string, b'\\' if in_string => { bytes.next(); } b'[' | b'{' if !in_string => { depth += 1; if depth > limit { return true; } } b']' | b'}' if !in_string => depth = depth.saturating_sub(1), _ => {} } } false }
fn main() {
  for text in [format!("{{\"a\":\"{}\"}}", "x".repeat(256*1024)), format!("{{\"a\":[{}]}}", vec!["{\"k\":\"some text of a value\",\"n\":12}"; 7000].join(","))] {
  t("parse", || { std::hint::black_box(Payload::parse(text.clone()).unwrap()); });
  t("loop", || { std::hint::black_box(exceeds(text.as_bytes(), 100)); });
  }
}
