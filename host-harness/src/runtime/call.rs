//! One call: prepared, run in an instance of its own, and written down.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;

use super::answer::{Answer, by_values, checked};
use super::component::{Component, Export};
use super::output::Tail;
use super::typed::{Call, Function};
use super::work::Work;
use super::{CallError, Host, claim, error};
use crate::audit::trail::{End, Trail};
use crate::catalog::Catalog;
use crate::egress::{Summary, Traffic};
use crate::policy::{Agent, Refusal, Rule};
use crate::value::{self, Arguments};

/// How long a finished call waits for its last requests to be wound up and
/// recorded. They end when the store goes, which takes no time to speak of.
const WIND_UP: Duration = Duration::from_secs(2);

/// How long a call that has sent a change may go on when the host is to stop,
/// where nothing else is said: less than the 10 seconds after which container
/// runtimes kill what they have asked to end.
pub(super) const GRACE: Duration = Duration::from_secs(7);

/// Makes a function's arguments, once it is found and allowed.
type Prepare<'a> = &'a mut (dyn FnMut(&Export) -> Result<Work, CallError> + Send);

impl Host {
    /// Calls a function for an agent and waits for its result.
    ///
    /// `args` holds one JSON value for each parameter; trailing ones that may
    /// be absent may be left out. Dropping the future ends the call.
    ///
    /// # Errors
    ///
    /// As [`CallError`] says. Whatever comes of it, the call is recorded.
    pub async fn call(
        &self,
        component: &Component,
        agent: &Agent,
        interface: &str,
        function: &str,
        args: &[Value],
    ) -> Result<Value, CallError> {
        let arguments = Arguments::new(args);
        let answer = self.answer(component, agent, interface, function, arguments).await?;
        Ok(answer.to_value())
    }

    /// The same with a result that can be written as text without a value in
    /// between, and with bytes beside the JSON.
    ///
    /// # Errors
    ///
    /// As [`call`](Host::call).
    pub async fn answer(
        &self,
        component: &Component,
        agent: &Agent,
        interface: &str,
        function: &str,
        arguments: Arguments<'_>,
    ) -> Result<Answer, CallError> {
        let mut prepare = |export: &Export| {
            let typed = export.typed.and_then(|typed| typed.prepare(&arguments));
            if let Some(typed) = typed {
                return Ok(Work::Typed(typed));
            }
            // What does not fit is said in the words of the component's types.
            let values = value::arguments(&export.ty, &arguments);
            values.map(Work::Values).map_err(|error| CallError::Usage(error.to_string()))
        };
        self.perform(component, agent, (interface, function), &mut prepare).await
    }

    /// Calls a function of the WIT, its arguments and result as records.
    ///
    /// ```no_run
    /// # use lever_host::runtime::{CallError, Component, Host};
    /// # use lever_host::policy::Agent;
    /// use lever_host::functions::stages::ListAll;
    /// use lever_host::types::stages::StageQuery;
    ///
    /// # async fn run(host: Host, lever: &Component, agent: &Agent) -> Result<(), CallError> {
    /// let all = ListAll { query: StageQuery::default(), max_items: None };
    /// for stage in host.invoke(lever, agent, all).await?.items {
    ///     println!("{} {}", stage.id, stage.text.unwrap_or_default());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`call`](Host::call); [`CallError::Usage`] where the component's
    /// function is not of the type that the WIT gives it. The component's own
    /// error is to be had as a record from [`CallError::record`].
    pub async fn invoke<F: Function>(
        &self,
        component: &Component,
        agent: &Agent,
        function: F,
    ) -> Result<F::Output, CallError> {
        let foreign = || {
            CallError::Usage(format!(
                "the component's {}.{} is not of the type that this host's WIT gives it; call it \
                 with JSON",
                F::INTERFACE,
                F::NAME
            ))
        };
        let mut function = Some(function);
        let mut prepare = |export: &Export| {
            let known = export.typed.and(function.take()).ok_or_else(foreign)?;
            Ok(Work::Typed(Box::new(Call::<F>(known.into_params()))))
        };
        let answer = self.perform(component, agent, (F::INTERFACE, F::NAME), &mut prepare).await?;
        answer.into_record().ok_or_else(foreign)
    }

    async fn perform(
        &self,
        component: &Component,
        agent: &Agent,
        (interface, function): (&str, &str),
        prepare: Prepare<'_>,
    ) -> Result<Answer, CallError> {
        self.audit.ready()?;
        let scope = agent.scope(component.digest(), interface, function);
        let trail = Trail::new(
            self.audit.clone(),
            &agent.name,
            component.digest(),
            scope.id().to_owned(),
            self.wire.upstream().host(),
        );
        let (export, rule, work) =
            self.prepare(component, agent, &trail, (interface, function), prepare).await?;
        let traffic =
            Traffic::new(Arc::clone(&self.wire), agent.clone(), scope, Arc::clone(&trail));
        let mut open = Open { trail: &trail, traffic: Some(&traffic), rule: &rule, closed: false };
        let limit = agent.limits.call_timeout;
        let run = self.run(component, agent, &export, work, Arc::clone(&traffic));
        let ending = tokio::select! {
            // What is to stop before it has begun does not begin.
            biased;
            () = self.stopped(&traffic) => Ending::Stopped,
            outcome = tokio::time::timeout(limit, run) => {
                Ending::ByItself(outcome.unwrap_or_else(|_| Err(error::too_long(limit))))
            }
            () = traffic.must_end() => Ending::Broken,
        };
        // Whatever way it ended, the instance is gone by now, and with it
        // every request that nobody will hear of.
        let summary = traffic.finish(WIND_UP).await;
        open.closed = true;
        conclude(&trail, &rule, ending, summary)
    }

    /// Returns when a call must end since the host is to stop: at once, unless
    /// it has sent a change, whose answer is worth waiting for.
    async fn stopped(&self, traffic: &Traffic) {
        let mut stop = self.stop.subscribe();
        if stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
        if traffic.shut() {
            tokio::time::sleep(self.grace).await;
        }
    }

    /// What a call needs before it runs; without all of it, the call is
    /// recorded as refused or invalid. Names decide first: what is refused is
    /// not even compiled.
    async fn prepare(
        &self,
        component: &Component,
        agent: &Agent,
        trail: &Trail,
        (interface, function): (&str, &str),
        prepare: Prepare<'_>,
    ) -> Result<(Arc<Export>, Rule, Work), CallError> {
        let prepared = self.decide(component, agent, trail, (interface, function), prepare).await;
        match trail.take_lost() {
            Some(lost) => Err(lost.into()),
            None => prepared,
        }
    }

    async fn decide(
        &self,
        component: &Component,
        agent: &Agent,
        trail: &Trail,
        (interface, function): (&str, &str),
        prepare: Prepare<'_>,
    ) -> Result<(Arc<Export>, Rule, Work), CallError> {
        let catalog = Catalog::embedded();
        let invalid = |why, error| {
            trail.invalid_call(why);
            error
        };
        let unknown = |error| invalid("no-such-function", error);
        let refused = |refusal: Refusal| {
            let error = Some("refused-by-host".to_owned());
            trail.refused_call(&refusal.rule, End { error, ..End::default() });
            CallError::Refused(refusal)
        };
        component.check_name(interface, function).map_err(unknown)?;
        let rule =
            agent.may_call_of(component.digest(), interface, function, catalog).map_err(refused)?;
        let mut open = Open { trail, traffic: None, rule: &rule, closed: false };
        let compiled = component.compile(&self.compiler).await;
        open.closed = true;
        drop(open);
        if let Err(error) = compiled {
            let error = CallError::from(error);
            let (name, _, _) = error.as_record();
            trail.ended_call(rule.as_str(), End { error: Some(name), ..End::default() });
            return Err(error);
        }
        let export = component.export(interface, function).map_err(unknown)?;
        let work = prepare(&export).map_err(|error| invalid("bad-arguments", error))?;
        if let Some(function) = catalog.function(interface, function) {
            agent.may_expand(function, work.expand(&export), catalog).map_err(refused)?;
        }
        Ok((export, rule, work))
    }

    async fn run(
        &self,
        component: &Component,
        agent: &Agent,
        export: &Export,
        work: Work,
        traffic: Arc<Traffic>,
    ) -> Result<Answer, CallError> {
        let _permit = self.calls.acquire(&agent.name).await;
        let _ticking = self.ticker.run();
        let output = Tail::default();
        let pre = component.pre()?;
        let mut store = self.store(agent, &output, traffic);
        let result = async {
            let instance = pre.instantiate_async(&mut store).await?;
            let function = instance
                .get_func(&mut store, export.index)
                .ok_or_else(|| wasmtime::Error::msg("the function is not exported"))?;
            match work {
                Work::Typed(call) => {
                    let floats = export.typed.is_some_and(|typed| typed.has_floats());
                    Ok(checked(call.run(&mut store, function).await?, floats))
                }
                Work::Values(args) => by_values(&mut store, function, export, &args).await,
            }
        }
        .await;
        self.most_memory.fetch_max(store.data().budget.memory_used(), Ordering::Relaxed);
        self.most_handles.fetch_max(store.data_mut().handles(), Ordering::Relaxed);
        tracing::trace!(output = output.last_words(), "the component printed");
        match result {
            Ok(outcome) => outcome,
            Err(error) => Err(error::classify(&error, &store.data().budget, &output)),
        }
    }
}

/// How a call came to its end.
enum Ending {
    /// With a result, a breakdown or at one of its limits.
    ByItself(Result<Answer, CallError>),
    /// The host ended it: too many refused requests, or no record of one.
    Broken,
    /// The host is to stop.
    Stopped,
}

/// Writes the call's record and settles what its caller is told.
fn conclude(
    trail: &Trail,
    rule: &Rule,
    ending: Ending,
    summary: Summary,
) -> Result<Answer, CallError> {
    let may_have_changed = summary.changes.may_have_changed();
    let outcome = match ending {
        Ending::Broken => None,
        Ending::Stopped => Some(Err(CallError::stopped(None, may_have_changed))),
        Ending::ByItself(Err(CallError::Component(error))) => {
            let error = claim::checked(error, &summary.changes);
            Some(Err(match summary.credential {
                // It could not go on and can do nothing about it.
                _ if summary.is_kept_back => CallError::stopped(Some(&error), may_have_changed),
                Some(cause) => CallError::without_credential(error, &cause, may_have_changed),
                None => CallError::Component(error),
            }))
        }
        Ending::ByItself(outcome) => Some(outcome),
    };
    let outcome = match (outcome, summary.not_reached) {
        // The component's words for it know neither the address nor the option that helps.
        (Some(Err(CallError::Component(error))), Some(cause)) => {
            Some(Err(CallError::not_reached(error, &cause)))
        }
        (outcome, _) => outcome,
    };
    let outcome = match (outcome, summary.refusal) {
        // The component's words for a refusal know neither rule nor remedy.
        (None | Some(Err(CallError::Component(_))), Some(refusal)) => {
            Err(CallError::Refused(refusal))
        }
        (Some(outcome), _) => outcome,
        (None, None) => Err(CallError::Limit("the host ended the call".to_owned())),
    };
    let outcome = match may_have_changed {
        true => outcome.map_err(CallError::after_a_change),
        false => outcome,
    };
    let mut end = End {
        attempts: summary.sent,
        changes: summary.changes.open(),
        ids: summary.ids,
        ..End::default()
    };
    match &outcome {
        Ok(answer) => end.records = Some(answer.records()),
        Err(error) => {
            let (name, outcome, status) = error.as_record();
            end.error = Some(name);
            end.outcome = outcome.or_else(|| unknown(may_have_changed));
            end.status = status;
        }
    }
    // A record that was lost before is why the call ended.
    let lost = trail.take_lost();
    end.error = lost.as_ref().map(|_| "audit".to_owned()).or(end.error);
    trail.ended_call(rule.as_str(), end);
    match lost.or_else(|| trail.take_lost()) {
        Some(lost) => {
            Err(CallError::unrecorded(lost, outcome.as_ref().map(drop), may_have_changed))
        }
        None => outcome,
    }
}

/// The outcome where the component did not name it.
fn unknown(may_have_changed: bool) -> Option<String> {
    may_have_changed.then(|| "unknown".to_owned())
}

/// A call under way, recorded as abandoned when its caller lets go of it.
struct Open<'a> {
    trail: &'a Trail,
    /// Absent while the component is compiled.
    traffic: Option<&'a Traffic>,
    rule: &'a Rule,
    closed: bool,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.closed {
            let changes = self.traffic.map(Traffic::changes).unwrap_or_default();
            let end = End {
                attempts: self.traffic.map_or(0, Traffic::sent),
                error: Some("abandoned".to_owned()),
                outcome: unknown(changes.may_have_changed()),
                changes: changes.open(),
                ids: self.traffic.map(Traffic::ids).unwrap_or_default(),
                ..End::default()
            };
            self.trail.ended_call(self.rule.as_str(), end);
        }
    }
}
