"""Every rule of deployment by its id, in one sentence: what a finding refers to.

Ids are those of `bpmnlint` and its `camunda-compat` plugin where these have the rule, so that a
modeler and the engine speak of the same thing. `docs/reference/models.md` is generated from here.
"""

from __future__ import annotations

FILE = {
    "xml": "The file is well-formed XML of BPMN 2.0, without document type or entities, of at most "
    "4 MB, with elements nested at most 200 deep.",
    "limit": "It holds at most 100,000 elements, and an activity at most 200 boundary events; an id has "
    "at most 1,024 signs.",
    "executable-process": "At least one process has `isExecutable`.",
    "id-required": "Every process, flow node and sequence flow has an id.",
    "id-unique": "An id occurs once in the file.",
    "element-type": "Element and kind of event are known, and the event may stand where it does.",
    "not-executed": "This version of the engine executes the element; none is skipped silently.",
    "quantity": "`startQuantity` and `completionQuantity` of an activity are whole numbers from 1 to "
    "1,000.",
    "feel": "Every expression is FEEL that can be parsed.",
}
FLOW = {
    "flow-reference": "A sequence flow joins two elements of one scope.",
    "sequence-flow-condition": "Flows out of an exclusive or inclusive gateway have a condition, are "
    "the default, or are the only one; those out of a parallel or event-based gateway have none.",
    "default-flow": "A default flow starts at the element that names it.",
    "no-loop": "In every loop there is an element that waits.",
    "event-based-gateway-target": "An event-based gateway leads to two or more catch events (message, "
    "timer, signal, conditional) that nothing else leads to.",
    "instantiate": "What starts a process in the middle has no incoming flows.",
    "message-flow": "A message flow leads from one pool to another.",
}
START_AND_END = {
    "start-event-required": "A process, and a sub-process that is reached by a flow, has a start event.",
    "no-multiple-none-start-events": "A scope has one none start event at most.",
    "start-event-flows": "A start event has no incoming flows.",
    "end-event-flows": "An end event has no outgoing flows.",
    "sub-process-blank-start-event": "An embedded sub-process starts at a none start event.",
    "event-sub-process-typed-start-event": "An event sub-process has exactly one start event, and that "
    "waits for something.",
    "event-sub-process-flows": "An event sub-process has neither flows nor boundary events.",
    "compensation-sub-process": "A compensation event sub-process lies in a sub-process.",
    "ad-hoc-sub-process": "An ad-hoc sub-process holds an activity, no start and no end event; a worker "
    "or its expressions steer it, not both.",
}
EVENT = {
    "boundary-attached": "A boundary event is attached to an activity of its scope.",
    "boundary-event-flows": "A boundary event has an outgoing flow and no incoming one.",
    "event-interrupting": "Error, compensation and cancel events interrupt.",
    "event-unique": "Two events of one host do not wait for the same message, signal, error, "
    "escalation, condition or cancel.",
    "event-definition-reference": "A shared event definition exists in the file.",
    "timer": "A timer has one of date, duration and cycle, in ISO 8601 or as cron of six fields; only "
    "events that do not interrupt and start events repeat; start events read no variables.",
    "message-reference": "A message that is waited for exists and has a name; at the start of a process "
    "the name reads no variables.",
    "subscription": "A message that a running instance waits for has a correlation key.",
    "signal-reference": "A signal exists and has a name.",
    "error-reference": "An error exists; thrown it has a code, caught its code is static.",
    "escalation-reference": "An escalation exists; thrown it has a code, caught its code is static.",
    "escalation-boundary-event-attached-to-ref": "An escalation is caught at a sub-process, a call "
    "activity, or a multi-instance activity that throws it.",
    "conditional-filter": "A conditional filter names variables, and the changes `create` or `update`.",
    "link-event": "A link has a name, one catch event of it in its scope, and no flow over the gap.",
    "compensation-handler": "A compensation event is associated with a handler; neither has flows.",
    "compensation-reference": "What is compensated is an activity of the same scope that can be.",
    "compensation-order": "`remit:compensationOrder` is `parallel` or `reverse`.",
    "cancel-event": "Cancel events belong to transactions.",
}
ACTIVITY = {
    "implementation": "A task says who does it: a job type, a script or a decision, one of them.",
    "called-element": "A call activity says which process it calls.",
    "called-decision": "A called decision has an id and a result variable.",
    "binding-type": "A binding is `latest`, `deployment` or `versionTag`.",
    "version-tag": "A version tag is not empty, and given where something is bound to it.",
    "linked-resource": "A linked resource has an id.",
    "loop-characteristics": "Multi-instance has an input collection, and output collection and element "
    "together; a standard loop has a condition or a maximum.",
    "loop-behavior": "The `behavior` of a multi-instance activity is `All`, `None`, `One` or `Complex`; "
    "what it throws is a signal or an escalation.",
    "io-mapping": "Mappings have a target path, outputs a source.",
    "duplicate-task-headers": "A task header occurs once (a warning: the last one counts).",
    "execution-listener": "An execution listener has a job type and listens to a start or end that "
    "its element has.",
    "duplicate-execution-listeners": "Two execution listeners differ in event or job type.",
    "task-listener": "A task listener has a job type and one of the five events, on a task of the "
    "engine's own.",
    "duplicate-task-listeners": "Two task listeners differ in event or job type.",
    "user-task-form": "A form is given by one of id, key and reference, the one its task can have.",
    "start-event-form": "The form of a start event has an id or a key.",
    "priority-definition": "A priority is a whole number from 0 to 100, or an expression.",
    "task-schedule": "Due and follow-up dates are ISO 8601 date-times, or expressions.",
    "data-association": "A data association joins data items that exist.",
}

GROUPS = {
    "The file": FILE,
    "Flows": FLOW,
    "Where scopes begin and end": START_AND_END,
    "Events": EVENT,
    "Activities": ACTIVITY,
}
RULES: dict[str, str] = {name: said for group in GROUPS.values() for name, said in group.items()}

assert len(RULES) == sum(map(len, GROUPS.values())), "a rule in two groups"


def page() -> str:
    """The rules as Markdown tables."""
    parts = []
    for title, group in GROUPS.items():
        rows = "\n".join(f"| `{name}` | {said} |" for name, said in sorted(group.items()))
        parts.append(f"### {title}\n\n| rule | what it asks |\n| --- | --- |\n{rows}\n")
    return "\n".join(parts)
