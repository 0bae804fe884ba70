//! Every fault, on every provider's wire, over every surface, streamed or not: what the caller gets, and how often and when
//! each model is asked. A whole server over real sockets, and simulated providers behind it.

mod caller;
mod matrix;
mod outage;
mod resume;
mod rig;
mod rows;
