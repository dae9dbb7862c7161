// Unmodified @camunda8/sdk over gRPC: deploy, work, results, errors. Arguments: address, model file.
const { Camunda8 } = require('@camunda8/sdk')

const [address, model] = process.argv.slice(2)

function expect(condition, said) {
  if (!condition) {
    console.error(`expected ${said}`)
    process.exit(1)
  }
}

async function main() {
  const client = new Camunda8({
    ZEEBE_GRPC_ADDRESS: `grpc://${address}`,
    CAMUNDA_AUTH_STRATEGY: 'NONE',
    CAMUNDA_OAUTH_DISABLED: true,
    zeebeGrpcSettings: { ZEEBE_CLIENT_LOG_LEVEL: 'NONE' },
  }).getZeebeGrpcApiClient()

  const topology = await client.topology()
  expect(topology.brokers[0].partitions.length >= 1, 'a partition in the topology')

  const deployed = await client.deployResource({ processFilename: model })
  expect(deployed.deployments[0].process.bpmnProcessId === 'node', 'the process id')

  const worker = client.createWorker({
    taskType: 'node-work',
    taskHandler: (job) => job.complete({ y: job.variables.x + 1 }),
    loglevel: 'NONE',
  })
  const result = await client.createProcessInstanceWithResult({
    bpmnProcessId: 'node',
    variables: { x: 4 },
    requestTimeout: 20000,
  })
  expect(result.variables.y === 5, `y = 5 in ${JSON.stringify(result.variables)}`)
  await worker.close()

  const streamed = new Promise((resolve) => {
    client.streamJobs({
      type: 'node-work',
      worker: 'streamer',
      timeout: 60000,
      taskHandler: async (job) => {
        const receipt = await job.complete({ y: 7 })
        resolve(receipt)
        return receipt
      },
    })
  })
  await new Promise((resolve) => setTimeout(resolve, 1000))
  await client.createProcessInstance({ bpmnProcessId: 'node', variables: { x: 1 } })
  await streamed

  const published = await client.publishMessage({
    name: 'hello', correlationKey: 'k', timeToLive: 1000, variables: { a: 1 },
  })
  expect(Number(published.key) > 0, 'a message key')
  try {
    await client.cancelProcessInstance('4711')
    expect(false, 'NOT_FOUND')
  } catch (fault) {
    expect(fault.code === 5, `code 5, not ${fault.code}`)
  }
  await client.close()
  console.log('all well')
  process.exit(0)
}

main().catch((fault) => {
  console.error(fault)
  process.exit(1)
})
