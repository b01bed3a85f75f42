//! The minimum of HTTP/1.1 that tests need on both sides: blocking, one thread per connection.
//!
//! Independent of the gateway's code on purpose, so that it does not share its bugs.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

/// A request or a response.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// The first line.
    pub start: String,
    /// Names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// A client connection, kept alive.
pub struct Connection {
    reader: BufReader<TcpStream>,
    host: SocketAddr,
}

/// A server behind the gateway. It runs until the process ends.
pub struct Upstream {
    /// Its address.
    pub address: SocketAddr,
}

impl Message {
    /// A response with a JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { start: format!("HTTP/1.1 {status} Status"), headers, body: body.to_string().into_bytes() }
    }

    /// The status of a response.
    pub fn status(&self) -> u16 {
        self.start.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{self:?}"))
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Self>> {
        let mut message = Self::default();
        if reader.read_line(&mut message.start)? == 0 {
            return Ok(None);
        }
        message.start.truncate(message.start.trim_end().len());
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            message.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        if message.header("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
            message.body = read_chunks(reader)?;
        } else if let Some(length) = message.header("content-length") {
            let length = length.parse().map_err(|_| io::Error::other(format!("content-length {length:?}")))?;
            message.body.resize(length, 0);
            reader.read_exact(&mut message.body)?;
        }
        Ok(Some(message))
    }

    fn write(&self, stream: &mut impl Write) -> io::Result<()> {
        let mut head = format!("{}\r\n", self.start);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        stream.write_all(&bytes)
    }
}

fn read_chunks(reader: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let digits = line.trim_end().split(';').next().unwrap_or_default();
        let length = usize::from_str_radix(digits, 16).map_err(|_| io::Error::other(format!("chunk size {line:?}")))?;
        let start = body.len();
        // Each chunk, including the last one of length 0, is followed by an empty line.
        body.resize(start + length + 2, 0);
        reader.read_exact(&mut body[start..])?;
        body.truncate(start + length);
        if length == 0 {
            return Ok(body);
        }
    }
}

impl Connection {
    /// Connects.
    pub fn open(host: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        // Longer than any wait in a test: it fails instead of hanging.
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self { reader: BufReader::new(stream), host })
    }

    /// Sends a request and reads its response.
    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Message> {
        let mut request =
            Message { start: format!("{method} {path} HTTP/1.1"), headers: Vec::new(), body: body.to_vec() };
        request.headers.push(("host".into(), self.host.to_string()));
        request.headers.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        request.write(self.reader.get_mut())?;
        Message::read(&mut self.reader)?.ok_or_else(|| io::Error::other("the connection ended before the response"))
    }

    /// Sends JSON.
    pub fn post(&mut self, path: &str, body: &Value) -> io::Result<Message> {
        let headers = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
        self.send("POST", path, &headers, body.to_string().as_bytes())
    }

    /// Asks for a resource.
    pub fn get(&mut self, path: &str) -> io::Result<Message> {
        self.send("GET", path, &[], b"")
    }
}

impl Upstream {
    /// Answers every request with the handler, on a thread per connection.
    pub fn start(handler: impl Fn(Message) -> Message + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let handler = Arc::new(handler);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let handler = Arc::clone(&handler);
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream);
                    // A peer that disconnects only ends its own connection.
                    while let Ok(Some(request)) = Message::read(&mut reader) {
                        if handler(request).write(reader.get_mut()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { address }
    }

    /// A stateless MCP server: the result of every request contains its params.
    pub fn reflecting() -> Self {
        Self::reflecting_after(Duration::ZERO)
    }

    /// The same, but slow.
    pub fn reflecting_after(time: Duration) -> Self {
        Self::start(move |request| {
            std::thread::sleep(time);
            let call = request.value();
            let result = serde_json::json!({ "content": [], "received": call["params"] });
            Message::json(200, &serde_json::json!({ "jsonrpc": "2.0", "id": call["id"], "result": result }))
        })
    }
}
