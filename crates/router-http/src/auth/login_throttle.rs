//! How often somebody may try passwords: per address, and per account, known or not.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// After which time failures are forgotten.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Failures from one address within it.
const PER_ADDRESS: u32 = 20;
/// Failures at one account within it, from wherever.
const PER_ACCOUNT: u32 = 10;
/// How many addresses and accounts are kept. When all are in use nobody new may try: an attacker with that many addresses is
/// no reason to forget the others.
const MOST: usize = 50_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Whose {
    Address(IpAddr),
    Account(String),
}

/// Failures lately.
#[derive(Debug, Clone, Copy)]
struct Failures {
    since: Instant,
    count: u32,
}

/// Counts tries at passwords in this process.
#[derive(Debug, Default)]
pub(crate) struct LoginThrottle(Mutex<HashMap<Whose, Failures>>);

impl LoginThrottle {
    /// Counts a try before it is made, so that many at once do not slip through; the wait where it may not be made.
    pub(crate) fn begin(&self, address: IpAddr, account: &str) -> Result<(), Duration> {
        let now = Instant::now();
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let names = names(address, account);
        let spent = names.iter().zip([PER_ADDRESS, PER_ACCOUNT]).filter_map(|(whose, most)| {
            let known = failures.get(whose)?;
            let left = WINDOW.saturating_sub(now.duration_since(known.since));
            (known.count >= most && !left.is_zero()).then_some(left)
        });
        if let Some(wait) = spent.max() {
            return Err(wait);
        }
        if failures.len() + names.len() > MOST {
            failures.retain(|_, known| now.duration_since(known.since) < WINDOW);
            if failures.len() + names.len() > MOST {
                return Err(WINDOW);
            }
        }
        for whose in names {
            let known = failures.entry(whose).or_insert(Failures { since: now, count: 0 });
            if now.duration_since(known.since) >= WINDOW {
                *known = Failures { since: now, count: 0 };
            }
            known.count += 1;
        }
        Ok(())
    }

    /// The try was right: it does not count.
    pub(crate) fn succeeded(&self, address: IpAddr, account: &str) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [address, account] = names(address, account);
        failures.remove(&account);
        // Somebody with an account of their own must not get tries at others' for free.
        if let Some(known) = failures.get_mut(&address) {
            known.count = known.count.saturating_sub(1);
        }
    }
}

fn names(address: IpAddr, account: &str) -> [Whose; 2] {
    // Whoever has one IPv6 address has the network of it.
    let address = match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        address => address,
    };
    // Bounded: the account is whatever somebody wrote.
    [Whose::Address(address), Whose::Account(account.chars().take(320).collect())]
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[tokio::test(start_paused = true)]
    async fn an_account_is_closed_for_a_while_after_ten_failures_from_anywhere() {
        let throttle = LoginThrottle::default();
        for n in 0..PER_ACCOUNT {
            throttle.begin(IpAddr::from([10, 0, 0, n as u8]), "a").unwrap();
        }
        assert_eq!(throttle.begin(HERE, "a"), Err(WINDOW));
        throttle.begin(HERE, "b").unwrap();
        tokio::time::advance(WINDOW).await;
        throttle.begin(HERE, "a").unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_is_closed_after_twenty_failures_at_any_accounts() {
        let throttle = LoginThrottle::default();
        for n in 0..PER_ADDRESS {
            throttle.begin(HERE, &n.to_string()).unwrap();
        }
        assert!(throttle.begin(HERE, "another").is_err());
        throttle.begin(IpAddr::from([10, 0, 0, 1]), "another").unwrap();
        // Two addresses of one IPv6 network are one.
        for n in 0..PER_ADDRESS {
            throttle.begin(format!("2001:db8::{n:x}").parse().unwrap(), &format!("v6-{n}")).unwrap();
        }
        assert!(throttle.begin("2001:db8::ffff".parse().unwrap(), "v6").is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn success_does_not_count() {
        let throttle = LoginThrottle::default();
        for _ in 0..100 {
            throttle.begin(HERE, "a").unwrap();
            throttle.succeeded(HERE, "a");
        }
    }
}
