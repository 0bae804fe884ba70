//! The server and command line of LLM Router.

fn main() {}
