//! The rate limits: one bucket for each credential, and a narrower one for its applications.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use crate::server::bucket::Bucket;
use crate::server::config::{Rate, RetryAfter};

/// The limits in force and the buckets of the credentials seen.
#[derive(Debug)]
pub(crate) struct Limits {
    rate: Option<Rate>,
    apply_rate: Option<Rate>,
    buckets: HashMap<String, Bucket>,
}

impl Limits {
    /// Without a rate there is no limit at all.
    pub fn new(rate: Option<Rate>, apply_rate: Option<Rate>) -> Self {
        Self { rate, apply_rate, buckets: HashMap::new() }
    }

    /// Counts a request of a credential at this time since start.
    ///
    /// # Errors
    /// The wait until one is allowed.
    pub fn take(
        &mut self,
        credential: &str,
        is_application: bool,
        at: Duration,
    ) -> Result<(), Duration> {
        let Some(rate) = &self.rate else {
            return Ok(());
        };
        let applications = self.apply_rate.as_ref().filter(|_| is_application);
        let applications = applications.map(|rate| (format!("applications of {credential}"), rate));
        for (name, rate) in [(credential.to_owned(), rate)].into_iter().chain(applications) {
            let bucket = self.buckets.entry(name);
            bucket.or_insert_with(|| Bucket::new(rate.per_second, rate.burst)).take(at)?;
        }
        Ok(())
    }

    /// The header of a 429, if there is to be one.
    pub fn retry_after(&self, wait: Duration) -> Option<(String, String)> {
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
        let value = match self.rate.as_ref()?.retry_after? {
            RetryAfter::Seconds => seconds.to_string(),
            RetryAfter::HttpDate => {
                let date = SystemTime::now().checked_add(Duration::from_secs(seconds))?;
                httpdate::fmt_http_date(date)
            }
        };
        Some(("retry-after".to_owned(), value))
    }
}
