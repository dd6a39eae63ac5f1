//! The head of a proxy request: request line and headers.

use tokio::io::{AsyncRead, AsyncReadExt};

/// A head larger than this is no request of ours.
const HEAD_MAX_BYTES: usize = 64 * 1024;

/// Request line and headers, with whatever of the body came in the same packets.
#[derive(Debug)]
pub(super) struct Head {
    pub method: String,
    /// `host:port` for CONNECT, an absolute URL otherwise.
    pub place: String,
    pub headers: Vec<String>,
    pub rest: Vec<u8>,
}

impl Head {
    /// Reads up to the empty line. `None`: the client left, or spoke no HTTP.
    pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            if bytes.len() > HEAD_MAX_BYTES || stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        };
        let rest = bytes.split_off(end + 4);
        let text = String::from_utf8(bytes).ok()?;
        let mut lines = text.split("\r\n").filter(|line| !line.is_empty());
        let mut words = lines.next()?.split(' ');
        Some(Self {
            method: words.next()?.to_owned(),
            place: words.next()?.to_owned(),
            headers: lines.map(str::to_owned).collect(),
            rest,
        })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// `host:port` that the request wants to reach.
    pub fn authority(&self) -> Option<String> {
        if self.method == "CONNECT" {
            return Some(self.place.clone());
        }
        let (authority, _) = self.split_absolute()?;
        Some(if authority.contains(':') {
            authority.to_owned()
        } else {
            format!("{authority}:80")
        })
    }

    /// The head as an origin server wants it: a path, no proxy headers, one request a connection.
    pub fn in_origin_form(&self) -> Option<String> {
        let (_, path) = self.split_absolute()?;
        let mut text = format!("{} {path} HTTP/1.1\r\n", self.method);
        for line in &self.headers {
            let name = line.split(':').next().unwrap_or_default();
            let hop = name.eq_ignore_ascii_case("connection")
                || name.to_ascii_lowercase().starts_with("proxy-");
            if !hop {
                text.push_str(line);
                text.push_str("\r\n");
            }
        }
        text.push_str("Connection: close\r\n\r\n");
        Some(text)
    }

    fn split_absolute(&self) -> Option<(&str, &str)> {
        let rest = self.place.strip_prefix("http://")?;
        Some(match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, "/"),
        })
    }
}
