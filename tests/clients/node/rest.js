// Unmodified @camunda8/sdk over REST: every method of its client that has to do with processes.
// Arguments: address, folder with the files of the first version.
const { Camunda8 } = require("@camunda8/sdk");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");

const [address, folder] = process.argv.slice(2);
const NOT_HERE = /constructor|addDefaultTenantId|Document|Worker|Authorization|User$|searchUsers|getConfig|callApi|deployResources$|Task$|^(assign|update|unassign)Task|getHeaders|addJobMethods|decode|executeOperation/;
const called = new Set();

const plain = new Camunda8({
  ZEEBE_REST_ADDRESS: `http://${address}`,
  CAMUNDA_AUTH_STRATEGY: "NONE",
  CAMUNDA_OAUTH_DISABLED: true,
  CAMUNDA_LOG_LEVEL: "none",
}).getCamundaRestClient();

const client = new Proxy(plain, {
  get(target, name) {
    called.add(name);
    const found = target[name];
    return typeof found === "function" ? found.bind(target) : found;
  },
});

const page = { page: { from: 0, limit: 100 } };
const search = async (name, filter = {}) =>
  (await client[name]({ filter, sort: [], ...page })).items;
const create = async (variables = {}) =>
  (await client.createProcessInstance({ processDefinitionId: "whole", variables })).processInstanceKey;

async function job() {
  const [one] = await client.activateJobs({
    type: "whole-work", timeout: 60000, maxJobsToActivate: 1, worker: "w", requestTimeout: 5000,
  });
  return one;
}

async function main() {
  assert.equal((await client.getTopology()).brokers[0].partitions.length, 1);
  assert.equal((await client.getLicenseStatus()).licenseType.length > 0, true);
  const files = fs.readdirSync(folder).map((name) => path.join(folder, name));
  const deployed = await client.deployResourcesFromFiles(files);
  const definition = deployed.processes.find((each) => each.processDefinitionId === "whole");
  const key = definition.processDefinitionKey;
  assert.equal((await client.getProcessDefinition(key)).version, 1);
  assert.match(await client.getProcessDefinitionXML(key), /id="whole"/);
  assert.equal((await search("searchProcessDefinitions", { processDefinitionId: "whole" })).length, 1);

  const instance = await create({ id: "k-1", n: 1 });
  let taken = await job();
  assert.deepEqual({ ...taken.variables }, { id: "k-1", n: 1 });
  await client.updateJob({ jobKey: taken.jobKey, retries: 2, timeout: 90000 });
  await taken.fail({ retries: 0, errorMessage: "no luck", retryBackOff: 0 });
  const [incident] = await search("searchIncidents", { processInstanceKey: instance });
  assert.equal(incident.errorMessage, "no luck");
  await client.updateJob({ jobKey: taken.jobKey, retries: 1 });
  await client.resolveIncident(incident.incidentKey);
  taken = await job();
  await client.failJob({ jobKey: taken.jobKey, retries: 1, errorMessage: "again", retryBackOff: 0 });
  taken = await job();
  await client.completeJob({ jobKey: taken.jobKey, variables: { m: 2 } });
  await create();
  await client.errorJob({ jobKey: (await job()).jobKey, errorCode: "OOPS", errorMessage: "", variables: {} });

  const [task] = await search("searchUserTasks", { processInstanceKey: instance });
  const { userTaskKey } = task;
  await client.assignUserTask({ userTaskKey, assignee: "ada" });
  await client.unassignUserTask({ userTaskKey });
  const update = client.updateUserTask({ userTaskKey, changeset: { candidateGroups: ["clerks"] } });
  await assert.rejects(update, /no resource at .*\/update/); // the client asks for a path that the API has not
  assert.deepEqual((await client.getUserTask(userTaskKey)).candidateGroups, []);
  assert.equal((await client.searchUserTaskVariables({ userTaskKey, sort: [], ...page })).items.length, 3);
  await client.completeUserTask({ userTaskKey, variables: { ok: true } });

  const [waiting] = await search("searchElementInstances", { processInstanceKey: instance, elementId: "c" });
  const { elementInstanceKey } = waiting;
  assert.equal((await client.getElementInstance(elementInstanceKey)).state, "ACTIVE");
  await client.updateElementInstanceVariables({ elementInstanceKey, variables: { mine: "x" }, local: true });
  const [variable] = await search("searchVariables", { processInstanceKey: instance, name: "mine" });
  assert.equal((await client.getVariable({ variableKey: variable.variableKey })).value, "x");

  const sent = { name: "whole-paid", correlationKey: "k-1", variables: {} };
  assert.equal((await client.correlateMessage(sent)).processInstanceKey, instance);
  const message = { name: "whole-paid", correlationKey: "nobody", variables: {}, timeToLive: 1000 };
  assert.ok((await client.publishMessage(message)).messageKey);
  assert.ok((await client.broadcastSignal({ signalName: "whole-signal", variables: {} })).signalKey);
  const decided = await client.evaluateDecision({
    decisionDefinitionId: "dish", variables: { season: "Fall" },
  });
  assert.equal(decided.output, '"Spareribs"');

  const moved = await create();
  await client.modifyProcessInstance({
    processInstanceKey: moved, activateInstructions: [{ elementId: "t", variableInstructions: [] }],
    terminateInstructions: [],
  });
  await client.migrateProcessInstance({
    processInstanceKey: moved, targetProcessDefinitionKey: key,
    mappingInstructions: ["a", "t"].map((id) => ({ sourceElementId: id, targetElementId: id })),
  });
  await client.cancelProcessInstance({ processInstanceKey: moved });
  const found = await search("searchProcessInstances", { processInstanceKey: moved });
  assert.equal(found[0].state, "TERMINATED");
  await assert.rejects(client.cancelProcessInstance({ processInstanceKey: moved }), /404|NOT_FOUND/);

  const worker = client.createJobWorker({
    type: "whole-work", worker: "w", timeout: 60000, maxJobsToActivate: 5, pollIntervalMs: 100,
    jobHandler: (one) => one.error({ errorCode: "OOPS", errorMessage: "", variables: {} }),
  });
  const done = await client.createProcessInstanceWithResult({
    processDefinitionId: "whole", variables: { n: 7 }, requestTimeout: 20000,
  });
  assert.equal(done.variables.n, 7);
  await worker.stop();

  await client.pinInternalClock(Date.UTC(2031, 0, 1));
  await client.resetClock();
  await client.deleteResource({ resourceKey: key });

  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(plain));
  assert.deepEqual(methods.filter((name) => !called.has(name) && !NOT_HERE.test(name)), []);
  console.log("ok");
}

main().then(() => process.exit(0), (fault) => { console.error(fault); process.exit(1); });
