// The Orchestration Cluster client, unchanged, with its strict validation of answers.
const { createCamundaClient } = require("@camunda8/orchestration-cluster-api");
const assert = require("node:assert");

const [address, ...files] = process.argv.slice(2);
const now = { consistency: { waitUpToMs: 0 } };

async function main() {
  const client = createCamundaClient({
    config: {
      CAMUNDA_REST_ADDRESS: `http://${address}`,
      CAMUNDA_AUTH_STRATEGY: "NONE",
      CAMUNDA_SDK_VALIDATION: "req:strict,res:strict",
    },
  });
  const topology = await client.getTopology();
  assert.equal(topology.brokers[0].partitions[0].role, "leader");

  const deployed = await client.deployResourcesFromFiles(files);
  assert.equal(deployed.processes[0].processDefinitionId, "oca");

  const made = await client.createProcessInstance({
    processDefinitionId: "oca",
    variables: { amount: 5 },
  });
  const { jobs } = await client.activateJobs({
    type: "oca-work", timeout: 60000, maxJobsToActivate: 1, worker: "w", requestTimeout: 2000,
  });
  assert.equal(jobs.length, 1);
  assert.equal(jobs[0].variables.amount, 5);
  await client.completeJob({ jobKey: jobs[0].jobKey, variables: { done: true } });

  const searches = [
    "searchProcessDefinitions", "searchProcessInstances", "searchElementInstances",
    "searchVariables", "searchJobs", "searchIncidents", "searchUserTasks",
    "searchDecisionDefinitions", "searchDecisionRequirements", "searchDecisionInstances",
    "searchMessageSubscriptions",
  ];
  const found = {};
  for (const name of searches) found[name] = (await client[name]({}, now)).items.length;
  assert.equal(found.searchProcessInstances, 1);
  assert.equal(found.searchVariables, 2);
  assert.equal(found.searchUserTasks, 1);

  const task = (await client.searchUserTasks({ filter: { state: "CREATED" } }, now)).items[0];
  await client.assignUserTask({ userTaskKey: task.userTaskKey, assignee: "ada" });
  await client.completeUserTask({ userTaskKey: task.userTaskKey });
  const instance = await client.getProcessInstance(
    { processInstanceKey: made.processInstanceKey }, now);
  assert.equal(instance.state, "COMPLETED");
  const decided = await client.evaluateDecision({
    decisionDefinitionId: "dish", variables: { season: "Fall" } });
  assert.equal(decided.output, '"Spareribs"');
  await assert.rejects(client.cancelProcessInstance({ processInstanceKey: made.processInstanceKey }));
  console.log("ok");
}

main().then(() => process.exit(0), (fault) => { console.error(fault); process.exit(1); });
