//! Quotas on a real Redis: the same as in memory, over several replicas, and with the server killed, stopped and emptied.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use jiff::civil::{Date, date};
use router_cache::ledger::{Ledger, LedgerDown};
use router_cache::memory_quotas::MemoryQuotas;
use router_cache::quota::{BudgetClaim, Claim, Purse, Quotas, RateClaim, Refused, SlotClaim, Unit, Used};
use router_cache::redis::{Known, RedisQuotas};
use router_cache::shared_quotas::{SharedQuotas, WhenDown};
use router_core::grants::{Account, BudgetPeriod, Rate};
use router_core::id::RequestId;
use router_core::moment::Moment;
use router_core::usd::Usd;
use uuid::Uuid;

use crate::redis_server::RedisServer;

const NOW: Moment = Moment(Duration::ZERO);
const TODAY: Date = date(2026, 11, 24);

/// What a call may take: what it is allowed to wait, and what a loaded machine adds.
const SOON: Duration = Duration::from_millis(150);

fn claim() -> Claim {
    let id = RequestId(Uuid::now_v7());
    Claim { id, rates: Vec::new(), slots: Vec::new(), budgets: Vec::new(), lease: Duration::from_secs(60) }
}

fn rate(unit: Unit, per_minute: u32, burst: u32, cost: u32) -> RateClaim {
    RateClaim { name: format!("key:k:{unit:?}").into(), unit, rate: Rate { per_minute, burst }, cost }
}

fn one_of(per_minute: u32, burst: u32) -> Claim {
    Claim { rates: vec![rate(Unit::Requests, per_minute, burst, 1)], ..claim() }
}

fn purse() -> Purse {
    Purse::on(Account::Key("k".into()), BudgetPeriod::Day, TODAY)
}

fn money(limit: f64, reserve: f64) -> BudgetClaim {
    BudgetClaim { purse: purse(), limit: Usd::from_dollars(limit), reserve: Usd::from_dollars(reserve), strict: false }
}

/// What was really spent.
#[derive(Default)]
struct Spent(Mutex<Vec<(Purse, Usd)>>);

#[async_trait]
impl Ledger for Spent {
    async fn spent(&self, _: Date) -> Result<Vec<(Purse, Usd)>, LedgerDown> {
        Ok(self.0.lock().unwrap().clone())
    }
}

async fn with_purses(server: &RedisServer, ledger: &Spent) -> RedisQuotas {
    let quotas = RedisQuotas::new(server.connect().await);
    quotas.reconcile_once(ledger, &Known::default(), TODAY).await.unwrap();
    quotas
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_admits_its_burst_and_says_when_to_come_again() {
    let server = RedisServer::start().await;
    let quotas = RedisQuotas::new(server.connect().await);
    for left in [2, 1, 0] {
        let requests = quotas.take(&one_of(60, 3), NOW).await.unwrap().requests.unwrap();
        assert_eq!((requests.limit, requests.remaining), (3, left));
    }
    let refused = quotas.take(&one_of(60, 3), NOW).await.unwrap_err();
    let Refused::Rate { index: 0, allowance, retry_after: Some(wait) } = refused else { panic!("{refused:?}") };
    assert!(
        allowance.remaining == 0 && wait > Duration::from_millis(500) && wait <= Duration::from_secs(1),
        "{wait:?}"
    );
    tokio::time::sleep(wait).await;
    quotas.take(&one_of(60, 3), NOW).await.unwrap();
    let never = Claim { rates: vec![rate(Unit::Requests, 60, 3, 4)], ..claim() };
    assert!(matches!(quotas.take(&never, NOW).await, Err(Refused::Rate { retry_after: None, .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_where_one_of_them_refuses_and_all_is_settled() {
    let server = RedisServer::start().await;
    let quotas = with_purses(&server, &Spent::default()).await;
    let whole = |reserve| Claim {
        rates: vec![rate(Unit::Tokens, 1, 100, 90)],
        slots: vec![SlotClaim { name: "key:k:concurrent".into(), most: 1 }],
        budgets: vec![money(1.0, reserve)],
        ..claim()
    };
    assert!(matches!(quotas.take(&whole(1.1), NOW).await, Err(Refused::Budget { index: 0, .. })));
    let mut first = whole(0.6);
    assert_eq!(quotas.take(&first, NOW).await.unwrap().tokens.unwrap().remaining, 10);
    let second = Claim { rates: Vec::new(), ..whole(0.1) };
    assert_eq!(quotas.take(&second, NOW).await, Err(Refused::Slots { index: 0 }));
    assert!(quotas.top_up(&first, Usd::from_dollars(0.5), NOW).await.is_err());
    quotas.top_up(&first, Usd::from_dollars(0.4), NOW).await.unwrap();
    first.budgets[0].reserve = Usd::from_dollars(1.0);
    quotas.settle(first, Used { tokens: Some(20), cost: Usd::from_dollars(0.25) }, NOW);
    quotas.settled().await;
    // 20 of 100 tokens, no slot and a quarter of the budget are gone.
    let third = whole(0.75);
    let Err(Refused::Rate { allowance, .. }) = quotas.take(&third, NOW).await else { panic!("90 of 80 tokens") };
    assert_eq!(allowance.remaining, 80);
    let third = Claim { rates: Vec::new(), ..third };
    quotas.take(&third, NOW).await.unwrap();
    assert_eq!(quotas.settlements_lost(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_replicas_admit_no_more_than_one_would() {
    let server = RedisServer::start().await;
    let admitted = Arc::new(AtomicU64::new(0));
    let (per_minute, burst, window) = (6_000, 50, Duration::from_secs(3));
    let mut callers = Vec::new();
    let mut replicas = Vec::new();
    for _ in 0..4 {
        replicas.push(Arc::new(RedisQuotas::new(server.connect().await)));
    }
    let begun = Instant::now();
    for caller in 0..200 {
        let (quotas, admitted) = (Arc::clone(&replicas[caller % 4]), Arc::clone(&admitted));
        callers.push(tokio::spawn(async move {
            while begun.elapsed() < window {
                match quotas.take(&one_of(per_minute, burst), NOW).await {
                    Ok(_) => _ = admitted.fetch_add(1, Ordering::Relaxed),
                    Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        }));
    }
    for caller in callers {
        caller.await.unwrap();
    }
    let elapsed = begun.elapsed();
    let most = f64::from(per_minute) / 60.0 * elapsed.as_secs_f64() + f64::from(burst);
    let admitted = admitted.load(Ordering::Relaxed) as f64;
    println!("4 replicas, 200 callers, {elapsed:?}: admitted {admitted}, at most {most:.0}");
    assert!(admitted <= most && admitted > most * 0.5, "{admitted} of {most}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_replicas_share_one_dollar() {
    let server = RedisServer::start().await;
    let ledger = Spent::default();
    let mut replicas = Vec::new();
    for _ in 0..4 {
        replicas.push(Arc::new(with_purses(&server, &ledger).await));
    }
    let spent = Arc::new(AtomicU64::new(0));
    let mut callers = Vec::new();
    for caller in 0..2_000 {
        let (quotas, spent) = (Arc::clone(&replicas[caller % 4]), Arc::clone(&spent));
        callers.push(tokio::spawn(async move {
            let claim = Claim { budgets: vec![money(1.0, 0.01)], ..claim() };
            if quotas.take(&claim, NOW).await.is_ok() {
                let cost = Usd::from_dollars(0.007);
                spent.fetch_add(u64::try_from(cost.nanos()).unwrap(), Ordering::Relaxed);
                quotas.settle(claim, Used { tokens: None, cost }, NOW);
            }
        }));
    }
    for caller in callers {
        caller.await.unwrap();
    }
    let spent = spent.load(Ordering::Relaxed) as f64 / 1e9;
    println!("4 replicas, 2,000 requests, a budget of $1: spent ${spent:.3}");
    assert!((0.5..=1.0).contains(&spent), "{spent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_killed_or_stopped_is_not_waited_for_and_comes_back_by_itself() {
    let mut server = RedisServer::start().await;
    let quotas = RedisQuotas::new(server.connect().await);
    quotas.take(&one_of(60_000, 1_000), NOW).await.unwrap();
    for fault in ["killed", "stopped"] {
        if fault == "killed" {
            server.kill();
        } else {
            server.signal("STOP");
        }
        let mut slowest = Duration::ZERO;
        for _ in 0..50 {
            let asked = Instant::now();
            assert_eq!(quotas.take(&one_of(60_000, 1_000), NOW).await, Err(Refused::Unavailable), "{fault}");
            slowest = slowest.max(asked.elapsed());
        }
        println!("{fault}: the slowest of 50 answers took {slowest:?}");
        assert!(slowest < SOON, "{fault}: {slowest:?}");
        if fault == "killed" {
            server.restart().await;
        } else {
            server.signal("CONT");
        }
        let back = Instant::now();
        while quotas.take(&one_of(60_000, 1_000), NOW).await.is_err() {
            assert!(back.elapsed() < Duration::from_secs(15), "{fault}: it does not come back");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!("{fault}: back after {:?}", back.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_restarts_empty_is_not_believed_before_the_ledger_was_read() {
    let mut server = RedisServer::start().await;
    let ledger = Spent::default();
    ledger.0.lock().unwrap().push((purse(), Usd::from_dollars(0.9)));
    let quotas = with_purses(&server, &ledger).await;
    let dear = || Claim { budgets: vec![money(1.0, 0.2)], ..claim() };
    assert!(matches!(quotas.take(&dear(), NOW).await, Err(Refused::Budget { .. })), "the ledger counts from the start");
    server.kill();
    server.restart().await;
    let begun = Instant::now();
    loop {
        match quotas.take(&dear(), NOW).await {
            Err(Refused::Unavailable) if quotas_answer(&quotas).await => break,
            Err(Refused::Unavailable) => tokio::time::sleep(Duration::from_millis(20)).await,
            other => panic!("believed an empty Redis: {other:?}"),
        }
        assert!(begun.elapsed() < Duration::from_secs(15), "it does not come back");
    }
    quotas.reconcile_once(&ledger, &Known::default(), TODAY).await.unwrap();
    assert!(matches!(quotas.take(&dear(), NOW).await, Err(Refused::Budget { .. })));
    quotas.take(&Claim { budgets: vec![money(1.0, 0.1)], ..claim() }, NOW).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_put_back_locks_nobody_out() {
    let server = RedisServer::start().await;
    let quotas = RedisQuotas::new(server.connect().await);
    // One in 10 ms, 20 at once.
    let (one, minute) = (|| one_of(6_000, 20), Duration::from_secs(60));
    quotas.take(&one(), NOW).await.unwrap();
    // An hour later by Redis' clock, which is then put right: the time of its key is an hour ahead.
    let key = "{llm-router}:key:k:Requests";
    let ticks = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + 60 * minute;
    let ticks = (ticks.as_secs() - 1_735_689_600) * 10_000_000;
    assert_eq!(server.command(&format!("SET {key} {ticks}")).await, "+OK\r\n");
    let refused = quotas.take(&one(), NOW).await;
    let Err(Refused::Rate { retry_after: Some(wait), .. }) = refused else { panic!("{refused:?}") };
    assert!(wait <= Duration::from_millis(400), "{wait:?}");
    // It is no opening either: what was spent counts as two bursts, the most that anybody can owe.
    assert!(wait >= Duration::from_millis(100), "{wait:?}");
    let begun = Instant::now();
    while quotas.take(&one(), NOW).await.is_err() {
        assert!(begun.elapsed() < minute, "locked out");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!("admitted again {:?} after the clock was put back by an hour", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_redis_took_too_late_is_given_back() {
    let server = RedisServer::start().await;
    let quotas = with_purses(&server, &Spent::default()).await;
    let whole = || Claim { budgets: vec![money(1.0, 1.0)], ..claim() };
    // It does all this once it goes on: the claim, and what gives it back.
    server.signal("STOP");
    assert_eq!(quotas.take(&whole(), NOW).await, Err(Refused::Unavailable));
    server.signal("CONT");
    let begun = Instant::now();
    while let Err(refused) = quotas.take(&whole(), NOW).await {
        assert!(begun.elapsed() < Duration::from_secs(15), "it is held: {refused:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn quotas_answer(quotas: &RedisQuotas) -> bool {
    quotas.take(&one_of(60_000, 1_000), NOW).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn alone_each_replica_admits_its_share_or_nobody() {
    let mut server = RedisServer::start().await;
    let shared = |when_down, quotas| {
        let known = Box::new(|_: &Purse| Usd::from_dollars(0.5));
        SharedQuotas::new(quotas, MemoryQuotas::new(100), when_down, 4, known)
    };
    let share = shared(WhenDown::LocalShare, RedisQuotas::new(server.connect().await));
    let refuse = shared(WhenDown::Refuse, RedisQuotas::new(server.connect().await));
    server.kill();
    let mut admitted = 0;
    while share.take(&one_of(1, 40), NOW).await.is_ok() {
        admitted += 1;
    }
    assert_eq!(admitted, 10, "a quarter of the burst");
    assert_eq!(refuse.take(&one_of(1, 40), NOW).await, Err(Refused::Unavailable));
    // Half a dollar is left of the budget, as far as is known: an eighth of a dollar for each.
    let dear = Claim { budgets: vec![money(1.0, 0.125)], ..claim() };
    share.take(&dear, NOW).await.unwrap();
    let next = Claim { budgets: vec![money(1.0, 0.01)], ..claim() };
    assert!(matches!(share.take(&next, NOW).await, Err(Refused::Budget { .. })));
    // Nobody here knows what the others have reserved of it: a strict budget is not shared out.
    let strict = BudgetClaim { strict: true, ..money(1.0, 0.001) };
    let strict = Claim { budgets: vec![strict], ..claim() };
    assert_eq!(share.take(&strict, NOW).await, Err(Refused::Unavailable));
    // What was taken here is settled here, also when Redis is back by then.
    server.restart().await;
    share.settle(dear, Used { tokens: None, cost: Usd::from_dollars(0.1) }, NOW);
    assert_eq!(share.local().balance(&purse()), (Usd::from_dollars(0.1), Usd::ZERO));
    assert_eq!(share.decided_alone(), 13);
}
