//! How many requests a client may make: a bucket of tokens for each address or token, in a table of bounded size.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Clients that are told apart. 4,096: their buckets take half a mebibyte.
const CLIENTS: usize = 4_096;

/// The limit and who has used how much of it.
#[derive(Debug)]
pub(crate) struct RateLimit {
    /// Requests a second, and how many at once after a pause.
    per_second: f64,
    clients: Mutex<BTreeMap<String, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: tokio::time::Instant,
}

impl RateLimit {
    /// A limit on each client's requests a second.
    pub(crate) fn new(per_second: f64) -> Self {
        Self { per_second: per_second.max(1e-3), clients: Mutex::default() }
    }

    /// Whether a client may make one more request now; else after how many seconds.
    pub(crate) fn take(&self, client: &str, now: tokio::time::Instant) -> Result<(), u64> {
        let most = self.per_second.max(1.0);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= CLIENTS && !clients.contains_key(client) {
            // Who has a full bucket is as one who never came.
            clients.retain(|_, bucket| self.filled(bucket, now) < most);
            if clients.len() >= CLIENTS {
                return Err(1);
            }
        }
        let bucket = clients.entry(client.to_owned()).or_insert(Bucket { tokens: most, at: now });
        let tokens = self.filled(bucket, now);
        let left = tokens - 1.0;
        *bucket = Bucket { tokens: if left < 0.0 { tokens } else { left }, at: now };
        if left < 0.0 { Err((-left / self.per_second).ceil().max(1.0) as u64) } else { Ok(()) }
    }

    fn filled(&self, bucket: &Bucket, now: tokio::time::Instant) -> f64 {
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.tokens + passed * self.per_second).min(self.per_second.max(1.0))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_client_gets_its_rate_and_takes_nothing_from_others() {
        let (limit, start) = (RateLimit::new(10.0), tokio::time::Instant::now());
        let allowed = (0..30).filter(|_| limit.take("a", start).is_ok()).count();
        assert_eq!(allowed, 10);
        assert_eq!(limit.take("a", start), Err(1));
        assert_eq!(limit.take("b", start), Ok(()));
        let later = start + Duration::from_millis(500);
        assert_eq!((0..30).filter(|_| limit.take("a", later).is_ok()).count(), 5);
        assert_eq!(RateLimit::new(0.1).take("a", start), Ok(()));
    }

    #[test]
    fn the_table_is_bounded_and_clears_itself() {
        let (limit, start) = (RateLimit::new(1.0), tokio::time::Instant::now());
        for client in 0..CLIENTS {
            assert_eq!(limit.take(&client.to_string(), start), Ok(()));
        }
        assert_eq!(limit.take("one more", start), Err(1));
        assert_eq!(limit.take("0", start), Err(1), "a known one is judged by its own bucket");
        assert_eq!(limit.take("one more", start + Duration::from_secs(2)), Ok(()));
        assert_eq!(limit.clients.lock().unwrap().len(), 1);
    }
}
