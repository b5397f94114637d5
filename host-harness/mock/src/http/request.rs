//! The head of a request, for the endpoints that no row of the table serves.

/// A request's method, path, query and headers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'r> {
    pub method: &'r str,
    /// The raw path, as received.
    pub path: &'r str,
    /// The decoded query pairs, in order.
    pub query: &'r [(String, String)],
    /// Header names in lower case, and values.
    pub headers: &'r [(String, String)],
}

impl<'r> Head<'r> {
    /// The first value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&'r str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a query parameter.
    pub fn values(&self, name: &str) -> Vec<&'r str> {
        let pairs = self.query.iter().filter(|(key, _)| key == name);
        pairs.map(|(_, value)| value.as_str()).collect()
    }
}
