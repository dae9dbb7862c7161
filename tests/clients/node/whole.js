// The Orchestration Cluster client, unchanged, with its strict validation of requests and answers: every
// method that asks for something an instance, a job, a decision or an operator has to do with.
// Arguments: address, folder with the files of the first version, folder with those of the second.
const { createCamundaClient } = require("@camunda8/orchestration-cluster-api");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");

const [address, first, second] = process.argv.slice(2);
const NOT_HERE = new RegExp(
  "^(clear|configure|constructor|createJobWorker|createThreaded|emit|force|getAuthHeaders|getBackpressure|" +
    "getConfig|getErrorMode|getWorkers|logger|onAuth|stopAll|withCorrelation|getUsageMetrics)|" +
    "Group|Role|Tenant|MappingRule|Authorization|AdminUser|(create|delete|get|update)User$|searchUsers$|" +
    "ClusterVariable|TaskListener|Document",
);
const reference = { operationReference: 17 };
const called = new Set();

const client = createCamundaClient({
  config: {
    CAMUNDA_REST_ADDRESS: `http://${address}`,
    CAMUNDA_AUTH_STRATEGY: "NONE",
    CAMUNDA_SDK_VALIDATION: "req:strict,res:strict",
  },
});

/** Call a method; those that read may say how long they wait for what was written: not at all. */
async function ask(name, input = {}) {
  called.add(name);
  const reads = /^(get|search)/.test(name) && !/^get(Topology|Status|License|Authentication|System)/.test(name);
  try {
    return await (reads ? client[name](input, { consistency: { waitUpToMs: 0 } }) : client[name](input));
  } catch (fault) {
    fault.message = `${name}: ${fault.message}`;
    throw fault;
  }
}

const found = async (name, input) => (await ask(name, input)).items;
const files = (folder) => fs.readdirSync(folder).map((name) => path.join(folder, name));
const create = async (more = {}) =>
  (await ask("createProcessInstance", { processDefinitionId: "whole", ...more })).processInstanceKey;

async function job() {
  const { jobs } = await ask("activateJobs", {
    type: "whole-work", timeout: 60000, maxJobsToActivate: 1, worker: "w", requestTimeout: 5000,
  });
  assert.equal(jobs.length, 1);
  return jobs[0];
}

async function element(processInstanceKey, elementId) {
  const [one] = await found("searchElementInstances", { filter: { processInstanceKey, elementId } });
  return one.elementInstanceKey;
}

async function done({ batchOperationKey }) {
  for (let tries = 0; tries < 200; tries++) {
    const batch = await ask("getBatchOperation", { batchOperationKey });
    if (batch.endDate !== null) return batch;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`batch operation ${batchOperationKey} does not end`);
}

const stories = {
  async cluster() {
    assert.equal((await ask("getTopology")).brokers[0].partitions[0].role, "leader");
    await ask("getStatus");
    await ask("getLicense");
    assert.equal((await ask("getAuthentication")).username, "anonymous");
    await ask("getSystemConfiguration");
  },

  async deploying() {
    const deployed = await client.deployResourcesFromFiles(files(first));
    called.add("deployResourcesFromFiles").add("createDeployment"); // the first calls the second
    this.definitions = Object.fromEntries(
      deployed.processes.map((each) => [each.processDefinitionId, each.processDefinitionKey]));
    const again = await client.deployResourcesFromFiles(files(second));
    this.second = again.processes.find((each) => each.processDefinitionVersion === 2).processDefinitionKey;
    const key = { processDefinitionKey: this.definitions.whole };
    assert.equal((await ask("getProcessDefinition", key)).versionTag, "one");
    assert.match(await ask("getProcessDefinitionXml", key), /id="whole"/);
    assert.equal((await ask("getStartProcessForm", key)).formId, "whole-form");
    assert.equal((await found("searchProcessDefinitions", { filter: { isLatestVersion: true } })).length, 5);
    const resourceKey = this.definitions["whole-message"];
    await ask("getResource", { resourceKey: deployed.forms[0].formKey });
    await ask("getResourceContent", { resourceKey: deployed.forms[0].formKey });
    await ask("deleteResource", { resourceKey, ...reference });
  },

  async working() {
    this.instance = await create({ variables: { n: 1, id: "k-1" }, tags: ["red"], businessId: "b-1" });
    const taken = await job();
    assert.deepEqual(taken.variables, { n: 1, id: "k-1" });
    await ask("updateJob", { jobKey: taken.jobKey, changeset: { retries: 5, timeout: 90000 } });
    await ask("completeJob", { jobKey: taken.jobKey, variables: { m: 2 } });
    await create();
    await ask("throwJobError", { jobKey: (await job()).jobKey, errorCode: "OOPS", errorMessage: "oops" });
    const processInstanceKey = await create();
    await ask("cancelProcessInstance", { processInstanceKey, ...reference });
    const states = (await found("searchJobs")).map((each) => each.state).sort();
    assert.deepEqual(states, ["CANCELED", "COMPLETED", "ERROR_THROWN"]);
  },

  async mending() {
    const failure = { retries: 0, errorMessage: "no luck", retryBackOff: 0 };
    const processInstanceKey = await create({ variables: { id: "k-2" } });
    const failed = await job();
    await ask("failJob", { jobKey: failed.jobKey, ...failure });
    const [{ incidentKey }] = await found("searchIncidents");
    assert.equal((await ask("getIncident", { incidentKey })).errorMessage, "no luck");
    assert.equal((await found("searchProcessInstanceIncidents", { processInstanceKey })).length, 1);
    const elementInstanceKey = await element(processInstanceKey, "a");
    assert.equal((await found("searchElementInstanceIncidents", { elementInstanceKey })).length, 1);
    assert.equal((await ask("getElementInstance", { elementInstanceKey })).incidentKey, incidentKey);
    const [{ errorHashCode }] = await found("getProcessInstanceStatisticsByError");
    const filter = { errorHashCode };
    assert.equal((await found("getProcessInstanceStatisticsByDefinition", { filter })).length, 1);
    await ask("updateJob", { jobKey: failed.jobKey, changeset: { retries: 1 } });
    await ask("resolveIncident", { incidentKey, ...reference });
    await ask("failJob", { jobKey: (await job()).jobKey, ...failure });
    await done(await ask("resolveProcessInstanceIncidents", { processInstanceKey }));
    await ask("failJob", { jobKey: (await job()).jobKey, ...failure });
    await done(await ask("resolveIncidentsBatchOperation", { filter: { hasIncident: true } }));
    await ask("completeJob", { jobKey: (await job()).jobKey });
  },

  async userTasks() {
    const filter = { processInstanceKey: this.instance };
    const [{ userTaskKey }] = await found("searchUserTasks", { filter });
    assert.equal((await ask("getUserTaskForm", { userTaskKey })).formId, "whole-form");
    await ask("assignUserTask", { userTaskKey, assignee: "ada" });
    await ask("unassignUserTask", { userTaskKey });
    await ask("updateUserTask", {
      userTaskKey, changeset: { priority: 80, candidateGroups: ["clerks"], dueDate: "2030-01-01T00:00:00Z" },
    });
    const task = await ask("getUserTask", { userTaskKey });
    assert.deepEqual([task.assignee, task.priority, task.candidateGroups], [null, 80, ["clerks"]]);
    assert.equal((await found("searchUserTaskVariables", { userTaskKey })).length, 3);
    assert.equal((await found("searchUserTaskEffectiveVariables", { userTaskKey })).length, 3);
    await ask("completeUserTask", { userTaskKey, variables: { ok: true } });
    assert((await found("searchUserTaskAuditLogs", { userTaskKey })).length >= 3);
  },

  async messages() {
    assert.deepEqual((await found("searchMessageSubscriptions")).map((each) => each.correlationKey), ["k-1"]);
    await ask("publishMessage", {
      name: "whole-paid", correlationKey: "k-2", timeToLive: 60000, messageId: "m-1", variables: {},
    });
    const sent = await ask("correlateMessage", { name: "whole-paid", correlationKey: "k-1" });
    assert.equal(sent.processInstanceKey, this.instance);
    assert.equal((await found("searchCorrelatedMessageSubscriptions")).length, 1);
    await ask("broadcastSignal", { signalName: "whole-signal", variables: {} });
    const started = await ask("evaluateConditionals", { variables: { hot: true } });
    assert.equal(started.processInstances.length, 1);
    const evaluated = await ask("evaluateExpression", { expression: "=1 + x", variables: { x: 2 } });
    assert.equal(evaluated.result, 3);
    assert.equal((await ask("evaluateExpression", { expression: "=nowhere" })).warnings.length, 1);
  },

  async decisions() {
    for (const season of ["Fall", "Winter"])
      await ask("evaluateDecision", { decisionDefinitionId: "dish", variables: { season } });
    const [{ decisionDefinitionKey }] = await found("searchDecisionDefinitions");
    assert.equal((await ask("getDecisionDefinition", { decisionDefinitionKey })).name, "Dish");
    await ask("getDecisionDefinitionXml", { decisionDefinitionKey });
    const [{ decisionRequirementsKey }] = await found("searchDecisionRequirements");
    await ask("getDecisionRequirements", { decisionRequirementsKey });
    await ask("getDecisionRequirementsXml", { decisionRequirementsKey });
    const [one] = await found("searchDecisionInstances");
    const { decisionEvaluationInstanceKey, decisionEvaluationKey } = one;
    const whole = await ask("getDecisionInstance", { decisionEvaluationInstanceKey });
    assert.deepEqual(whole.matchedRules.map((each) => each.ruleIndex), [1]);
    await ask("deleteDecisionInstance", { decisionEvaluationKey, ...reference });
    const filter = { decisionDefinitionId: "dish" };
    await done(await ask("deleteDecisionInstancesBatchOperation", { filter }));
    assert.equal((await found("searchDecisionInstances")).length, 0);
  },

  async instances() {
    const outer = await create({ processDefinitionId: "whole-caller" });
    const [inner] = await found("searchProcessInstances", { filter: { parentProcessInstanceKey: outer } });
    const processInstanceKey = inner.processInstanceKey;
    assert.equal((await ask("getProcessInstanceCallHierarchy", { processInstanceKey })).length, 2);
    assert.equal((await found("getProcessInstanceSequenceFlows", { processInstanceKey })).length, 1);
    assert.equal((await found("getProcessInstanceStatistics", { processInstanceKey })).length, 2);
    assert.equal((await ask("getProcessInstance", { processInstanceKey })).state, "ACTIVE");
    const elementInstanceKey = await element(processInstanceKey, "a");
    const variables = { mine: "x" };
    await ask("createElementInstanceVariables", { elementInstanceKey, variables, local: true });
    const [{ variableKey }] = await found("searchVariables", { filter: { scopeKey: elementInstanceKey } });
    assert.equal((await ask("getVariable", { variableKey })).value, '"x"');
    await ask("cancelProcessInstance", { processInstanceKey: outer });
    await ask("deleteProcessInstance", { processInstanceKey: outer });
  },

  async changes() {
    const named = await create();
    const adHoc = await create({ processDefinitionId: "whole-ad-hoc" });
    await ask("activateAdHocSubProcessActivities", {
      adHocSubProcessInstanceKey: await element(adHoc, "h"), elements: [{ elementId: "x" }],
    });
    await ask("modifyProcessInstance", {
      processInstanceKey: named,
      moveInstructions: [{
        sourceElementInstruction: { sourceType: "byId", sourceElementId: "a" }, targetElementId: "t",
      }],
    });
    const old = await create({ processDefinitionVersion: 1 });
    await ask("migrateProcessInstance", {
      processInstanceKey: old, targetProcessDefinitionKey: this.second,
      mappingInstructions: [{ sourceElementId: "a", targetElementId: "a" }],
    });
    const moved = await ask("getProcessInstance", { processInstanceKey: old });
    assert.equal(moved.processDefinitionKey, this.second);
  },

  async batches() {
    const keys = [];
    for (let number = 0; number < 3; number++) keys.push(await create({ processDefinitionVersion: 1 }));
    const filter = { processInstanceKey: { $in: keys } };
    const plan = {
      targetProcessDefinitionKey: this.second,
      mappingInstructions: [{ sourceElementId: "a", targetElementId: "a" }],
    };
    const kinds = {
      migrateProcessInstancesBatchOperation: { migrationPlan: plan },
      modifyProcessInstancesBatchOperation: {
        moveInstructions: [{ sourceElementId: "a", targetElementId: "t" }],
      },
      cancelProcessInstancesBatchOperation: {},
      deleteProcessInstancesBatchOperation: {},
    };
    let batchOperationKey;
    for (const [name, more] of Object.entries(kinds)) {
      const made = await ask(name, { filter, ...more });
      const batch = await done(made);
      assert.deepEqual([name, batch.state, batch.operationsCompletedCount], [name, "COMPLETED", 3]);
      batchOperationKey = made.batchOperationKey;
    }
    for (const name of ["suspendBatchOperation", "resumeBatchOperation", "cancelBatchOperation"])
      await assert.rejects(ask(name, { batchOperationKey }), /404|409|NOT_FOUND|INVALID_STATE/);
    assert.equal((await found("searchBatchOperationItems", { filter: { batchOperationKey } })).length, 3);
    assert((await found("searchBatchOperations")).length >= 4);
  },

  async dashboards() {
    const processDefinitionKey = this.second;
    assert((await found("getProcessDefinitionStatistics", { processDefinitionKey })).length >= 2);
    assert((await found("getProcessDefinitionInstanceStatistics")).length >= 1);
    const filter = { processDefinitionId: "whole" };
    assert.equal((await found("getProcessDefinitionInstanceVersionStatistics", { filter })).length, 2);
    await ask("getProcessDefinitionMessageSubscriptionStatistics");
    const [from, to] = [-1, 1].map((hours) => new Date(Date.now() + hours * 3600e3).toISOString());
    assert((await ask("getGlobalJobStatistics", { from, to })).completed.count >= 2);
    await ask("getJobTypeStatistics", { filter: { from, to } });
    for (const name of ["getJobWorkerStatistics", "getJobTimeSeriesStatistics", "getJobErrorStatistics"])
      assert((await found(name, { filter: { from, to, jobType: "whole-work" } })).length >= 1);
    const [{ auditLogKey }] = await found("searchAuditLogs");
    await ask("getAuditLog", { auditLogKey });
  },

  async clock() {
    await ask("pinClock", { timestamp: Date.UTC(2031, 0, 1) });
    const instance = await ask("getProcessInstance", { processInstanceKey: await create() });
    assert.match(instance.startDate, /^2031/);
    await ask("resetClock");
  },
};

async function main() {
  const shared = {};
  for (const [name, tell] of Object.entries(stories)) {
    try {
      await tell.call(shared);
    } catch (fault) {
      console.error(`in the story '${name}': ${fault.stack}`);
      if (!process.env.ALL_STORIES) throw fault;
    }
  }
  const methods = new Set();
  for (let of = client; of !== Object.prototype; of = Object.getPrototypeOf(of))
    for (const name of Object.getOwnPropertyNames(of))
      if (typeof client[name] === "function" && !name.startsWith("_")) methods.add(name);
  const missing = [...methods].filter((name) => !called.has(name) && !NOT_HERE.test(name));
  assert.deepEqual(missing, []);
  console.log("ok");
}

main().then(() => process.exit(0), (fault) => { console.error(fault.message); process.exit(1); });
