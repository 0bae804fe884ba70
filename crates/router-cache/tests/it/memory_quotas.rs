//! Slots, tokens and money in memory: taken whole or not at all, settled exactly, given back when nobody settles.

use std::time::Duration;

use futures_util::FutureExt;
use jiff::civil::date;
use proptest::prelude::*;
use router_cache::memory_quotas::MemoryQuotas;
use router_cache::quota::{BudgetClaim, Claim, Left, Purse, Quotas, RateClaim, Refused, SlotClaim, Unit, Used};
use router_core::grants::{Account, BudgetPeriod, Rate};
use router_core::id::RequestId;
use router_core::moment::Moment;
use router_core::usd::Usd;
use uuid::Uuid;

const LEASE: Duration = Duration::from_secs(60);

fn at(seconds: u64) -> Moment {
    Moment(Duration::from_secs(seconds))
}

fn claim() -> Claim {
    let id = RequestId(Uuid::now_v7());
    Claim { id, rates: Vec::new(), slots: Vec::new(), budgets: Vec::new(), lease: LEASE }
}

fn tokens(cost: u32) -> RateClaim {
    let rate = Rate { per_minute: 60, burst: 100 };
    RateClaim { name: "key:k:tokens".into(), unit: Unit::Tokens, rate, cost }
}

fn slot(most: u32) -> SlotClaim {
    SlotClaim { name: "key:k:concurrent".into(), most }
}

fn purse() -> Purse {
    Purse::on(Account::Key("k".into()), BudgetPeriod::Day, date(2026, 11, 24))
}

fn money(limit: i64, reserve: i64) -> BudgetClaim {
    BudgetClaim { purse: purse(), limit: Usd::from_nanos(limit), reserve: Usd::from_nanos(reserve), strict: false }
}

fn take(quotas: &MemoryQuotas, claim: &Claim, now: Moment) -> Result<Left, Refused> {
    quotas.take(claim, now).now_or_never().unwrap()
}

#[test]
fn a_slot_is_free_again_when_it_is_settled_or_its_lease_ends() {
    let quotas = MemoryQuotas::new(10);
    let one = || Claim { slots: vec![slot(1)], ..claim() };
    let (first, second) = (one(), one());
    take(&quotas, &first, at(0)).unwrap();
    assert_eq!(take(&quotas, &second, at(1)), Err(Refused::Slots { index: 0 }));
    quotas.settle(first, Used::default(), at(2));
    take(&quotas, &second, at(2)).unwrap();
    // The second is never settled.
    assert_eq!(take(&quotas, &one(), at(61)), Err(Refused::Slots { index: 0 }));
    take(&quotas, &one(), at(62)).unwrap();
}

#[test]
fn tokens_that_were_not_used_are_given_back_and_those_beyond_are_owed() {
    let quotas = MemoryQuotas::new(10);
    let of = |cost| Claim { rates: vec![tokens(cost)], ..claim() };
    let left = |claim: &Claim, now| take(&quotas, claim, now).unwrap().tokens.unwrap().remaining;
    let first = of(90);
    assert_eq!(left(&first, at(0)), 10);
    quotas.settle(first, Used { tokens: Some(30), cost: Usd::ZERO }, at(0));
    let second = of(50);
    assert_eq!(left(&second, at(0)), 20);
    quotas.settle(second, Used { tokens: Some(170), cost: Usd::ZERO }, at(0));
    // 200 of 100 are taken: at one a second nothing is left for a hundred seconds.
    assert!(matches!(take(&quotas, &of(1), at(100)), Err(Refused::Rate { .. })));
    assert_eq!(left(&of(1), at(101)), 0);
}

#[test]
fn one_absurd_figure_does_not_lock_its_caller_out_for_long() {
    let quotas = MemoryQuotas::new(10);
    let first = Claim { rates: vec![tokens(1)], ..claim() };
    take(&quotas, &first, at(0)).unwrap();
    quotas.settle(first, Used { tokens: Some(u64::MAX), cost: Usd::ZERO }, at(0));
    take(&quotas, &Claim { rates: vec![tokens(1)], ..claim() }, at(101)).unwrap();
}

#[test]
fn a_budget_is_reserved_topped_up_and_settled() {
    let quotas = MemoryQuotas::new(10);
    let mut first = Claim { budgets: vec![money(100, 60)], ..claim() };
    take(&quotas, &first, at(0)).unwrap();
    let second = Claim { budgets: vec![money(100, 41)], ..claim() };
    assert_eq!(take(&quotas, &second, at(0)), Err(Refused::Budget { index: 0, left: Usd::from_nanos(40) }));
    let top_up = |claim: &Claim, extra| quotas.top_up(claim, Usd::from_nanos(extra), at(0)).now_or_never().unwrap();
    assert_eq!(top_up(&first, 41), Err(Refused::Budget { index: 0, left: Usd::from_nanos(40) }));
    top_up(&first, 40).unwrap();
    first.budgets[0].reserve += Usd::from_nanos(40);
    assert_eq!(quotas.balance(&purse()), (Usd::ZERO, Usd::from_nanos(100)));
    quotas.settle(first, Used { tokens: None, cost: Usd::from_nanos(59) }, at(1));
    assert_eq!(quotas.balance(&purse()), (Usd::from_nanos(59), Usd::ZERO));
    take(&quotas, &second, at(1)).unwrap();
}

#[test]
fn a_reservation_that_nobody_settles_ends_with_its_lease() {
    let quotas = MemoryQuotas::new(10);
    take(&quotas, &Claim { budgets: vec![money(100, 100)], ..claim() }, at(0)).unwrap();
    let next = Claim { budgets: vec![money(100, 1)], ..claim() };
    assert!(take(&quotas, &next, at(60)).is_ok(), "the lease is over");
    let quotas = MemoryQuotas::new(10);
    take(&quotas, &Claim { budgets: vec![money(100, 100)], ..claim() }, at(0)).unwrap();
    assert!(take(&quotas, &next, at(59)).is_err(), "it is not");
}

#[test]
fn what_the_ledger_says_was_spent_counts_at_least() {
    let quotas = MemoryQuotas::new(10);
    quotas.reconcile(&[(purse(), Usd::from_nanos(70))]);
    quotas.reconcile(&[(purse(), Usd::from_nanos(5))]);
    let next = Claim { budgets: vec![money(100, 31)], ..claim() };
    assert_eq!(take(&quotas, &next, at(0)), Err(Refused::Budget { index: 0, left: Usd::from_nanos(30) }));
}

#[test]
fn nothing_is_taken_where_one_of_them_refuses() {
    let quotas = MemoryQuotas::new(10);
    let broke = Claim { rates: vec![tokens(100)], slots: vec![slot(1)], budgets: vec![money(10, 11)], ..claim() };
    assert!(matches!(take(&quotas, &broke, at(0)), Err(Refused::Budget { .. })));
    let fine = Claim { rates: vec![tokens(100)], slots: vec![slot(1)], budgets: vec![money(10, 10)], ..claim() };
    take(&quotas, &fine, at(0)).unwrap();
}

proptest! {
    #[test]
    fn what_is_reserved_and_spent_never_exceeds_a_budget(steps in prop::collection::vec((0_i64..40, 0_i64..=100, any::<bool>()), 1..80)) {
        let quotas = MemoryQuotas::new(10);
        let mut open = Vec::new();
        for (number, (reserve, share, settle)) in steps.into_iter().enumerate() {
            let now = Moment(Duration::from_millis(number as u64));
            let claim = Claim { budgets: vec![money(100, reserve)], ..claim() };
            if take(&quotas, &claim, now).is_ok() {
                open.push((claim, Usd::from_nanos(reserve * share / 100)));
            }
            if settle && !open.is_empty() {
                let (claim, cost) = open.remove(0);
                quotas.settle(claim, Used { tokens: None, cost }, now);
            }
            let (spent, reserved) = quotas.balance(&purse());
            let held: Usd = open.iter().map(|(claim, _)| claim.budgets[0].reserve).sum();
            prop_assert_eq!(reserved, held);
            prop_assert!(spent + reserved <= Usd::from_nanos(100));
        }
    }
}
