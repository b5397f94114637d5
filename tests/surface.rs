//! Every function of the WIT has a test of its name: the list is made from the
//! WIT, and what is missing does not compile.

include!(concat!(env!("OUT_DIR"), "/functions.rs"));

macro_rules! demand {
    ($interface:ident $function:ident) => {
        const _: fn() = crate::$interface::$function;
    };
}

every_function!(demand);

#[test]
fn every_function_has_a_sentence_and_a_route() {
    let functions = lever_host::catalog::Catalog::embedded().functions();
    assert!(functions.len() >= 26, "{}", functions.len());
    for function in functions {
        assert!(function.summary.ends_with('.'), "{}: {}", function.id(), function.summary);
        assert!(function.summary.len() <= 120, "{}", function.id());
        // How one plugin host names its tools.
        let tool = format!("ats_lever_{}_0_1_0_{}", function.interface, function.name);
        assert!(tool.len() < 64, "{tool}");
    }
}
