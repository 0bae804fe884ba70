//! Single flight: of several who ask the same at the same time, one asks, and the others wait for what it finds.
//!
//! The leader works as if it were alone. Whoever follows is woken when the leader's [`Flight`] ends, however it ends, and
//! looks into the cache; finding nothing there, it may lead the next flight. So a leader that fails, leaves or gets an answer
//! that is not worth remembering costs its followers time and nothing else: they never get its errors, which may be its own
//! (its budget, its deadline).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::response::CacheKey;

/// The flights under way in this process. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Flights(Arc<Mutex<Under>>);

/// Each flight under way: where its end is announced, and who listens.
type Under = HashMap<CacheKey, Arc<watch::Sender<()>>>;

/// A place in a flight.
#[derive(Debug)]
pub enum Boarding {
    /// Nobody asks yet: this one does, and ends the flight by dropping it.
    Leads(Flight),
    /// Somebody asked, and is done.
    Followed,
    /// Somebody asks for longer than this one waits, or too many wait already: this one asks for itself.
    Alone,
}

impl Flights {
    /// Joins the flight for `key`, or begins it. Waits for `patience` at most, and beside `most` others at most.
    pub async fn board(&self, key: CacheKey, patience: Duration, most: usize) -> Boarding {
        let mut landing = {
            let mut flights = self.flights();
            match flights.get(&key) {
                Some(under) if under.receiver_count() >= most => return Boarding::Alone,
                Some(under) => under.subscribe(),
                None => {
                    let under = Arc::new(watch::Sender::new(()));
                    flights.insert(key, Arc::clone(&under));
                    return Boarding::Leads(Flight { flights: self.clone(), key, under });
                }
            }
        };
        match timeout(patience, landing.changed()).await {
            Ok(_) => Boarding::Followed,
            Err(_) => Boarding::Alone,
        }
    }

    fn flights(&self) -> MutexGuard<'_, Under> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A flight under way. Dropped, it wakes all who follow.
#[derive(Debug)]
pub struct Flight {
    flights: Flights,
    key: CacheKey,
    under: Arc<watch::Sender<()>>,
}

impl Drop for Flight {
    fn drop(&mut self) {
        // First out of the map, so that whoever wakes and finds nothing leads anew.
        self.flights.flights().remove(&self.key);
        self.under.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: CacheKey = CacheKey([7; 32]);
    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn one_leads_and_the_others_are_woken_when_it_ends() {
        let flights = Flights::default();
        let Boarding::Leads(flight) = flights.board(KEY, LONG, 10).await else { unreachable!("nobody else asks") };
        let followers: Vec<_> = (0..5)
            .map(|_| {
                let flights = flights.clone();
                tokio::spawn(async move { matches!(flights.board(KEY, LONG, 10).await, Boarding::Followed) })
            })
            .collect();
        while flight.under.receiver_count() < 5 {
            tokio::task::yield_now().await;
        }
        let other = flights.board(CacheKey([8; 32]), LONG, 10).await;
        assert!(matches!(other, Boarding::Leads(_)), "another question is another flight");
        drop((flight, other));
        for follower in followers {
            assert!(follower.await.unwrap());
        }
        assert!(matches!(flights.board(KEY, LONG, 10).await, Boarding::Leads(_)), "the next one leads anew");
        assert!(flights.flights().is_empty(), "flights that have ended are forgotten");
    }

    #[tokio::test]
    async fn nobody_waits_for_longer_or_beside_more_than_they_said() {
        let flights = Flights::default();
        let Boarding::Leads(_flight) = flights.board(KEY, LONG, 10).await else { unreachable!("nobody else asks") };
        assert!(matches!(flights.board(KEY, Duration::from_millis(1), 10).await, Boarding::Alone));
        assert!(matches!(flights.board(KEY, LONG, 0).await, Boarding::Alone));
    }
}
